-- What is packed already is not packed again, and rows change in place.
alter table checkout_session alter column answer set storage external, alter column question set storage external;
alter table checkout_session set (fillfactor = 80);

-- The only writers of sessions. Each locks the session's row first, sees that it is the one that was read (`p_revision`),
-- and does all of its change or nothing. `p_explained` is the long part of an answer: what did not act, why, what would
-- unlock it; it stays where a write says nothing of it. What a session has reserved lies in its row, so it is used once or released once.
-- Locks: the session, the account, coupons, stock by sku, limits by key with budgets last.

-- A session that is still as it was read. `p_states`: which it may be in.
create or replace function checkout_hold(p_program int, p_key text, p_revision bigint, p_states text[])
returns checkout_session language plpgsql as $$
declare s checkout_session;
begin
  select x.* into s from checkout_session x where x.program_id = p_program and x.key = p_key for update;
  if not found or s.revision <> p_revision or s.state <> all (p_states) then perform checkout_moved(); end if;
  return s;
end $$;

create or replace function checkout_moved() returns void language plpgsql as $$
begin
  raise exception using errcode = 'RGREF', message = 'session_moved', detail = 'The session has changed since it was read.';
end $$;

-- Give back all that a session has reserved: points, the member's own counters, coupons, stock, limits and budgets.
create or replace function checkout_release(s checkout_session, p_at timestamptz, p_actor text) returns void
language plpgsql as $$
declare r jsonb := s.reserved; h jsonb;
begin
  if r is null then return; end if;
  if r ? 'counters' then
    perform ledger_count(s.member_id, s.program_id, null, checkout_negative(r -> 'counters'));
  end if;
  for h in select x from jsonb_array_elements(coalesce(r -> 'holds', '[]')) x loop
    perform ledger_let_go(s.member_id, (h ->> 'id')::uuid, (h ->> 'key') || '/release', p_at, p_actor);
  end loop;
  if r ? 'coupons' then
    perform coupons_release(s.program_id, r #>> '{coupons,owner}', p_at, p_actor);
  end if;
  if r ? 'benefits' then
    perform benefits_give_back(s.program_id, checkout_uuids(r #> '{benefits,ids}'), p_at, p_actor, 'session/' || s.key);
  end if;
  if r ? 'stock' then
    perform catalog_give_back(s.program_id, (r #>> '{stock,store}')::bigint, checkout_texts(r #> '{stock,skus}'),
                              checkout_texts(r #> '{stock,quantities}')::numeric[]);
  end if;
  if r ? 'takes' then
    perform promotions_give_back(s.program_id, checkout_texts(r #> '{takes,keys}'),
                                 checkout_texts(r #> '{takes,amounts}')::bigint[]);
  end if;
end $$;

create or replace function checkout_texts(p_list jsonb) returns text[] language sql immutable as $$
  select coalesce(array_agg(x.t order by x.i), '{}') from jsonb_array_elements_text(p_list) with ordinality as x(t, i) $$;

create or replace function checkout_uuids(p_list jsonb) returns uuid[] language sql immutable as $$
  select coalesce(array_agg(x.t::uuid order by x.i), '{}') from jsonb_array_elements_text(p_list) with ordinality as x(t, i) $$;

create or replace function checkout_negative(p_counters jsonb) returns jsonb language sql immutable as $$
  select coalesce(jsonb_object_agg(e.key, -e.value::bigint), '{}') from jsonb_each_text(p_counters) e $$;

-- A basket told, new or again (`p_revision` null: new). What was reserved for what it was before goes back.
create or replace function checkout_put(p_id uuid, p_program int, p_key text, p_revision bigint, p_member uuid, p_store text,
  p_channel text, p_told jsonb, p_version int, p_digest bytea, p_answer bytea, p_explained bytea, p_expires timestamptz,
  p_now timestamptz, p_actor text) returns bigint language plpgsql as $$
declare s checkout_session;
begin
  if p_revision is null then
    insert into checkout_session (id, program_id, key, state, revision, opening, member_id, store, channel, told, version,
      digest, answer, explained, expires_at, made_at, changed_at, actor)
    values (p_id, p_program, p_key, 'open', 1, 1, p_member, p_store, p_channel, p_told, p_version, p_digest, p_answer,
      p_explained, p_expires, p_now, p_now, p_actor);
    return 1;
  end if;
  s := checkout_hold(p_program, p_key, p_revision, '{open,tendering,expired}');
  perform checkout_release(s, p_now, p_actor);
  update checkout_session x set state = 'open', revision = x.revision + 1, member_id = p_member, store = p_store,
         channel = p_channel, told = p_told, version = p_version, digest = p_digest, answer = p_answer,
         explained = p_explained, question = null, reserved = null, tender_until = null, tendered_at = null,
         expires_at = p_expires, changed_at = p_now, actor = p_actor
   where x.id = s.id;
  return s.revision + 1;
end $$;

-- Reserve all that an open session was decided to use, and freeze the decision. `p_reserve`: {"counters": {key: n},
-- "holds": [{"id", "slot", "amount", "key"}], "coupons": {"ids", "codes", "owner"}, "stock": {"store", "skus", "quantities"},
-- "takes": {"keys", "amounts", "limits", "hot", "budget"}, "benefits": {"keys", "ids", "uses", "costs", "store", "at", "ref"}};
-- each may be missing. `p_account` null: nothing depends on it.
create or replace function checkout_tender(p_program int, p_key text, p_revision bigint, p_member uuid, p_account bigint,
  p_version int, p_digest bytea, p_answer bytea, p_explained bytea, p_question bytea, p_reserve jsonb,
  p_until timestamptz, p_holds_until timestamptz, p_now timestamptz, p_actor text) returns bigint language plpgsql as $$
declare s checkout_session; h jsonb; r jsonb := p_reserve; v_skus jsonb; v_quantities jsonb;
begin
  s := checkout_hold(p_program, p_key, p_revision, '{open}');
  if p_account is not null then perform ledger_count(p_member, p_program, p_account, r -> 'counters'); end if;
  for h in select x from jsonb_array_elements(coalesce(r -> 'holds', '[]')) x loop
    perform ledger_hold(p_member, ledger_entry(p_program, h ->> 'key', 'hold', 'session', p_key, null, p_version, p_now, p_now,
      p_actor, null, p_digest), (h ->> 'id')::uuid, (h ->> 'slot')::smallint, (h ->> 'amount')::bigint, p_holds_until);
  end loop;
  if r ? 'coupons' then
    perform coupons_reserve(p_program, checkout_uuids(r #> '{coupons,ids}'), checkout_texts(r #> '{coupons,codes}'),
                            r #>> '{coupons,owner}', p_now, p_holds_until, p_member, p_actor);
  end if;
  if r ? 'benefits' then
    perform benefits_take(p_program, p_member, r #>> '{benefits,ref}', checkout_texts(r #> '{benefits,keys}'),
      checkout_uuids(r #> '{benefits,ids}'), checkout_texts(r #> '{benefits,uses}'),
      checkout_texts(r #> '{benefits,costs}')::bigint[], r #>> '{benefits,store}', (r #>> '{benefits,at}')::timestamptz, p_actor);
  end if;
  if r ? 'stock' then  -- what was really taken is what may go back
    select coalesce(jsonb_agg(t.sku order by t.sku), '[]'), coalesce(jsonb_agg(trim_scale(t.quantity)::text order by t.sku), '[]')
      into v_skus, v_quantities
      from catalog_take(p_program, (r #>> '{stock,store}')::bigint, checkout_texts(r #> '{stock,skus}'),
                        checkout_texts(r #> '{stock,quantities}')::numeric[]) t;
    r := jsonb_set(jsonb_set(r, '{stock,skus}', v_skus), '{stock,quantities}', v_quantities);
  end if;
  if r ? 'takes' then
    perform promotions_take(p_program, checkout_texts(r #> '{takes,keys}'), checkout_texts(r #> '{takes,amounts}')::bigint[],
      checkout_texts(r #> '{takes,limits}')::bigint[], checkout_texts(r #> '{takes,hot}')::boolean[],
      checkout_texts(r #> '{takes,budget}')::boolean[]);
  end if;
  update checkout_session x set state = 'tendering', revision = x.revision + 1, member_id = p_member, version = p_version,
         digest = p_digest, answer = p_answer, explained = p_explained, question = p_question, reserved = r,
         tender_until = p_until, tendered_at = p_now, changed_at = p_now, actor = p_actor
   where x.id = s.id;
  return s.revision + 1;
end $$;

-- The cashier needs longer.
create or replace function checkout_extend(p_program int, p_key text, p_revision bigint, p_until timestamptz,
  p_holds_until timestamptz, p_answer bytea, p_now timestamptz) returns bigint language plpgsql as $$
declare s checkout_session; h jsonb;
begin
  s := checkout_hold(p_program, p_key, p_revision, '{tendering}');
  if s.reserved ? 'coupons' then
    perform coupons_reserve(p_program, checkout_uuids(s.reserved #> '{coupons,ids}'), checkout_texts(s.reserved #> '{coupons,codes}'),
                            s.reserved #>> '{coupons,owner}', p_now, p_holds_until, s.member_id);
  end if;
  for h in select x from jsonb_array_elements(coalesce(s.reserved -> 'holds', '[]')) x loop
    perform ledger_hold_on((h ->> 'id')::uuid, p_holds_until);
  end loop;
  update checkout_session x set revision = x.revision + 1, tender_until = greatest(x.tender_until, p_until),
         answer = p_answer, changed_at = p_now where x.id = s.id;
  return s.revision + 1;
end $$;

-- The session's part of a close; the order is written by orders_close in the same statement, which uses what is reserved.
-- What follows in this transaction goes by keys alone, and is planned once for all.
create or replace function checkout_close(p_program int, p_key text, p_revision bigint, p_order uuid, p_member uuid,
  p_version int, p_digest bytea, p_answer bytea, p_explained bytea, p_now timestamptz, p_actor text) returns bigint
language plpgsql as $$
declare v_revision bigint; v_states text[] := '{open,tendering}';  -- named, so that the index of open sessions is not asked
begin
  perform set_config('plan_cache_mode', 'force_generic_plan', true);
  update checkout_session x set state = 'closed', revision = x.revision + 1, order_id = p_order, member_id = p_member,
         version = p_version, digest = p_digest, answer = p_answer, explained = coalesce(p_explained, x.explained),
         question = null, reserved = null, tender_until = null, tendered_at = null, changed_at = p_now, actor = p_actor
   where x.program_id = p_program and x.key = p_key and x.revision = p_revision and x.state = any (v_states)
  returning x.revision into v_revision;
  if v_revision is null then perform checkout_moved(); end if;
  return v_revision;
end $$;

-- The end of a session that is not closed: everything goes back. `p_state`: cancelled or expired; open ends a tender only.
create or replace function checkout_end(p_program int, p_key text, p_revision bigint, p_state text, p_now timestamptz,
  p_actor text) returns bigint language plpgsql as $$
declare s checkout_session;
begin
  s := checkout_hold(p_program, p_key, p_revision,
                     case p_state when 'open' then '{tendering}'::text[] else '{open,tendering,expired}' end);
  perform checkout_release(s, p_now, p_actor);
  update checkout_session x set state = p_state, revision = x.revision + 1, question = null, reserved = null,
         tender_until = null, tendered_at = null, changed_at = p_now, actor = p_actor
   where x.id = s.id;
  return s.revision + 1;
end $$;

-- A closed session is open again; its order was undone in the same transaction.
create or replace function checkout_reopen(p_program int, p_key text, p_revision bigint, p_expires timestamptz,
  p_now timestamptz, p_actor text) returns bigint language plpgsql as $$
declare s checkout_session;
begin
  s := checkout_hold(p_program, p_key, p_revision, '{closed}');
  update checkout_session x set state = 'open', revision = x.revision + 1, opening = x.opening + 1, order_id = null,
         expires_at = p_expires, changed_at = p_now, actor = p_actor
   where x.id = s.id;
  return s.revision + 1;
end $$;

-- A tender past its time is open again: one a call, for it takes the locks of accounts and limits, and two of them in
-- one transaction could wait for somebody who waits for them. Answers whether there was one.
create or replace function checkout_sweep_tender(p_program int, p_now timestamptz) returns boolean language plpgsql as $$
declare s checkout_session;
begin
  select x.* into s from checkout_session x
   where (p_program is null or x.program_id = p_program) and x.state = 'tendering' and x.tender_until <= p_now
   order by x.tender_until limit 1 for update skip locked;
  if not found then return false; end if;
  perform checkout_release(s, p_now, 'system:checkout');
  update checkout_session x set state = 'open', revision = x.revision + 1, question = null, reserved = null,
         tender_until = null, tendered_at = null, changed_at = p_now, actor = 'system:checkout'
   where x.id = s.id;
  return true;
end $$;

-- Baskets that nobody came back for; they hold nothing.
create or replace function checkout_sweep_open(p_program int, p_now timestamptz, p_limit int) returns int language plpgsql as $$
declare v_count int;
begin
  update checkout_session x set state = 'expired', revision = x.revision + 1, changed_at = p_now, actor = 'system:checkout'
   where x.id in (select y.id from checkout_session y
                   where (p_program is null or y.program_id = p_program) and y.state = 'open' and y.expires_at <= p_now
                   order by y.expires_at limit p_limit for update skip locked);
  get diagnostics v_count = row_count;
  return v_count;
end $$;

-- Earning, the hot path: ONE update is lock, version check, balances, journal number and hash head at once.
-- One element of the arrays is one lot and one posting. `p_activates`, `p_events`, `p_deadlines`, `p_expires` and
-- `p_funders` may be null. Without elements no journal is written, yet version and counters move. What begins at once
-- begins when it is recorded at the latest: the clock of a till may be fast.
-- `p_is_new`: a constraint of the caller's own says that the key is new (an order is kept once), so nobody looks; were
-- it not, L1 breaks the whole call.

create or replace function ledger_earn(p_member uuid, p_program int, p_version bigint, p_key text, p_kind text,
  p_source_type text, p_source_ref text, p_rule_version int, p_occurred timestamptz, p_recorded timestamptz, p_actor text,
  p_reason text, p_digest bytea, p_units smallint[], p_amounts bigint[], p_activates timestamptz[], p_events text[],
  p_deadlines timestamptz[], p_expires timestamptz[], p_funders text[], p_counters jsonb, p_is_new boolean default false,
  out seq bigint, out version bigint, out active bigint[], out debt bigint[]) language plpgsql as $$
declare
  n int := cardinality(p_units); i int;
  v_body text; v_head bytea;
  v_debits text[]; v_credits text[]; v_starts timestamptz[]; v_micros bigint[];
  v_active bigint[] := p_amounts; v_pending bigint[];
  v_packed timestamptz[]; v_ends timestamptz;  -- of lots that may stay packed: when each ends, and the first of them
begin
  if num_nonnulls(p_activates, p_events, p_deadlines, p_funders) > 0 then
    p_activates := ledger_some(p_activates); p_events := ledger_some(p_events);
    p_deadlines := ledger_some(p_deadlines); p_funders := ledger_some(p_funders);
  end if;
  if n > 0 then
    v_debits := array_fill('issued'::text, array[n]);
    v_credits := array_fill('wallet'::text, array[n]);
    v_micros := array_fill((extract(epoch from least(p_occurred, p_recorded)) * 1000000)::bigint, array[n]);
    if num_nonnulls(p_activates, p_events, p_funders) > 0 then
      for i in 1 .. n loop
        if p_funders[i] is not null then v_debits[i] := 'funder'; end if;
        v_starts[i] := case when p_events[i] is null then coalesce(p_activates[i], least(p_occurred, p_recorded)) end;
        if p_events[i] is not null or v_starts[i] > p_recorded then
          v_credits[i] := 'pending';
          v_pending := coalesce(v_pending, array_fill(0::bigint, array[n]));
          v_pending[i] := p_amounts[i];
          v_active[i] := 0;
        end if;
      end loop;
      v_micros := ledger_micros(v_starts);
    elsif p_deadlines is null then
      v_packed := coalesce(p_expires, array_fill(null::timestamptz, array[n]));
      v_ends := (select min(x) from unnest(p_expires) x);
    end if;
    v_body := ledger_body(p_program, p_key, p_kind, p_source_type, p_source_ref, null, p_rule_version, p_occurred,
      p_recorded, p_actor, null, null, p_reason, p_digest,
      ledger_posts_text(p_units, v_debits, v_credits, p_amounts, p_funders),
      ledger_lots_text(p_units, p_amounts, v_micros, p_events, case when p_deadlines is not null then ledger_micros(p_deadlines) end,
                       case when p_expires is null then null
                            when n = 1 then ledger_some(array[(extract(epoch from p_expires[1]) * 1000000)::bigint])
                            when n = 2 then ledger_some(array[(extract(epoch from p_expires[1]) * 1000000)::bigint,
                                                              (extract(epoch from p_expires[2]) * 1000000)::bigint])
                            else ledger_micros(p_expires) end, p_funders, null, null), null);
  end if;
  if not p_is_new then  -- apart from the question below, which is a query and costs as much as one
    if exists (select 1 from ledger_journal j where j.member_id = p_member and j.key = p_key) then
      select * into seq, version, active, debt from ledger_earn_otherwise(p_member, p_program, p_version, p_key, p_digest);
      return;
    end if;
  end if;
  update ledger_account a set version = a.version + 1, seq = a.seq + (n > 0)::int,
         head = case when n is null or n = 0 then a.head
                     when v_packed is null or 0 < any (a.debt) then ledger_link(a.head, p_member, a.seq + 1, v_body)
                     else sha256(a.head || ledger_plain(p_member, a.seq + 1, p_program, p_rule_version, p_occurred, p_recorded,
                       array[p_key, p_kind, p_source_type, p_source_ref, p_actor, p_reason], p_digest, p_units, p_amounts,
                       v_packed)) end,
         active = ledger_plus(a.active, p_units, v_active),
         pending = case when v_pending is null then a.pending else ledger_plus(a.pending, p_units, v_pending) end,
         counters = coalesce(p_counters, a.counters),
         packed_until = case when 0 < any (a.debt) then a.packed_until else least(a.packed_until, v_ends) end
   where a.member_id = p_member and a.program_id = p_program and (p_version is null or a.version = p_version)
     and a.moved_into is null
     and (select m.status from members_facts m where m.member_id = p_member) in ('active', 'earn_only')
  returning a.seq, a.version, a.active, a.debt, a.head into seq, version, active, debt, v_head;
  if not found then
    select * into seq, version, active, debt from ledger_earn_otherwise(p_member, p_program, p_version, p_key, p_digest);
    if version is not null then return; end if;
    select * into seq, version, active, debt from ledger_earn(p_member, p_program, p_version, p_key, p_kind, p_source_type,
      p_source_ref, p_rule_version, p_occurred, p_recorded, p_actor, p_reason, p_digest, p_units, p_amounts, p_activates,
      p_events, p_deadlines, p_expires, p_funders, p_counters);
    return;
  end if;
  if n = 0 then
    seq := null;
    return;
  end if;
  if 0 < any (debt) then v_packed := null; end if;  -- what repays at once is a row
  with journal as (
    insert into ledger_journal (member_id, seq, program_id, kind, key, source_type, source_ref, source_line, rule_version,
      occurred_at, recorded_at, actor, reverses, reverses_member, reason, digest, hash, units, debits, credits, amounts,
      parties, packed)
    values (p_member, ledger_earn.seq, p_program, p_kind, p_key, p_source_type, p_source_ref, null, p_rule_version,
      p_occurred, p_recorded, p_actor, null, null, p_reason, p_digest, v_head, p_units, v_debits, v_credits, p_amounts,
      case when p_funders is not null then ledger_some(p_funders) end, v_packed))
  insert into ledger_lot (member_id, seq, n, program_id, unit, amount, remaining, state, activates_at, activation_event,
    activation_deadline, expires_at, funder)
  select p_member, ledger_earn.seq, o, p_program, p_units[o], p_amounts[o], p_amounts[o],
         case v_credits[o] when 'pending' then 'pending' else 'active' end,
         case when v_starts is null then least(p_occurred, p_recorded) else v_starts[o] end, p_events[o], p_deadlines[o],
         p_expires[o], p_funders[o]
    from (select generate_subscripts(p_units, 1) as o) one  -- unnest of many arrays would make a store for each
   where v_packed is null;
  if 0 < any (debt) then
    select * into version, active, debt from ledger_repay(p_member, ledger_earn.seq, version, active, debt);
  end if;
end $$;

-- Why the update above met no row: the account is not open yet (open it; the answer is empty), the key was here before
-- (the first answer again), or a refusal.
create or replace function ledger_earn_otherwise(p_member uuid, p_program int, p_version bigint, p_key text, p_digest bytea,
  out seq bigint, out version bigint, out active bigint[], out debt bigint[]) language plpgsql as $$
declare a ledger_account; b record; v_first bigint;
begin
  perform 1 from ledger_account x where x.member_id = p_member;
  if not found then
    perform ledger_stand(p_member, 'earn');
    perform ledger_open(p_member, p_program);
    return;
  end if;
  b := ledger_begin(p_member, p_program, p_key, p_digest, 'earn'); a := b.account; v_first := b.repeated;
  if v_first is null then
    if p_version is null or a.version = p_version then return; end if;  -- it was here a moment ago: try again
    perform ledger_refuse('stale', 'The account has changed since it was read.',
                          jsonb_build_object('version', a.version));
  end if;
  seq := v_first; version := a.version; active := a.active; debt := a.debt;
end $$;

-- Debt is repaid at once out of what came in with a journal, in a journal of its own.
create or replace function ledger_repay(p_member uuid, p_seq bigint,
  inout version bigint, inout active bigint[], inout debt bigint[]) language plpgsql as $$
declare
  l ledger_lot; j ledger_journal; a ledger_account; v_left bigint[] := debt; v_pays bigint;
  v_posts ledger_posting[] := '{}'; v_takes ledger_allocation[] := '{}';
begin
  for l in select * from ledger_lot x where x.member_id = p_member and x.seq = p_seq and x.state = 'active' order by x.n loop
    v_pays := least(coalesce(v_left[l.unit], 0), l.remaining);
    if v_pays > 0 then
      v_left[l.unit] := v_left[l.unit] - v_pays;
      v_posts := v_posts || ledger_move(l.unit, 'wallet', 'debt', v_pays);
      v_takes := v_takes || ledger_take(l, 'repay', v_pays);
    end if;
  end loop;
  if cardinality(v_posts) > 0 then
    select * into j from ledger_journal x where x.member_id = p_member and x.seq = p_seq;
    j.key := j.key || '/repay'; j.kind := 'repay'; j.reason := null;
    a := ledger_write(j, v_posts, null, v_takes);
    version := a.version; active := a.active; debt := a.debt;
  end if;
end $$;

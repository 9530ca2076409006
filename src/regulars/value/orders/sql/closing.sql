-- A basket that was decided here becomes an order, with everything that it brings about, in one call: the account (lock
-- and version check first), points that pay, what is earned, coupons, stock, limits and budgets, the order with its
-- lines packed and what to undo it by, the question that was decided, the caller's idempotency record, and the news.
-- `p_effects`: {"spend": [{"slot", "amount", "key", "hold"}], "coupons": {"ids", "codes", "owner"}, "stock": {"store", "skus",
-- "quantities"},
-- "issue": {"ids", "codes", "templates", "versions", "starts", "ends", "keys", "holds", "promotions"}, "takes": {"keys", "amounts", "limits", "hot", "budget"}, "news": [{"kind", "body"}],
-- "benefits": {"keys", "ids", "uses", "costs", "store"}}; null where the basket brings none of them.
-- What was reserved before is not in it, but for points that are held and coupons that the basket ("owner") has.
-- Locks: the caller's own row, the account, coupons, stock by sku, limits by key with budgets last.

create or replace function orders_close(p_member uuid, p_program int, p_version bigint,
  p_id uuid, p_source text, p_ref text, p_store bigint, p_channel text, p_currency text, p_occurred timestamptz,
  p_recorded timestamptz, p_total bigint, p_subtotal bigint, p_tenders jsonb, p_rule_version int, p_decision jsonb,
  p_digest bytea, p_attributes jsonb, p_actor text, p_lines json,
  p_units smallint[], p_amounts bigint[], p_activates timestamptz[], p_events text[], p_deadlines timestamptz[],
  p_expires timestamptz[], p_funders text[], p_earned bigint[], p_counters jsonb, p_effects jsonb, p_extras jsonb,
  p_question bytea, p_key text, p_request_hash bytea, p_status smallint, p_body bytea, p_fact jsonb) returns bigint
language plpgsql as $$
declare v record; v_seq bigint; v_version bigint := p_version; v_extras jsonb := p_extras; s record;
begin
  if p_effects ? 'spend' then
    perform ledger_count(p_member, p_program, p_version, null);
    v_version := null;  -- the account is locked, and paying moves it on
    for s in select (x.e ->> 'slot')::smallint as slot, (x.e ->> 'amount')::bigint as amount, x.e ->> 'key' as key,
               (x.e ->> 'hold')::uuid as hold, x.i - 1 as i
               from jsonb_array_elements(p_effects -> 'spend') with ordinality as x(e, i) loop
      select x.seq into v from ledger_pay(p_member, ledger_entry(p_program, s.key, 'spend', 'order', p_source || '/' || p_ref,
        null, p_rule_version, p_recorded, p_recorded, p_actor, null, p_digest), s.slot, s.amount, s.hold) x;
      v_extras := jsonb_set(v_extras, array['spent', s.i::text, 'seq'], to_jsonb(v.seq));
    end loop;
  end if;
  v_seq := ledger_sell(p_member, p_program, v_version, 'order', p_source || '/' || p_ref, p_rule_version, p_occurred,
    p_recorded, p_actor, p_digest, p_units, p_amounts, p_activates, p_events, p_deadlines, p_expires, p_funders, p_counters);
  if p_effects ? 'coupons' then
    perform coupons_redeem(p_program, orders_uuids(p_effects #> '{coupons,ids}'), orders_texts(p_effects #> '{coupons,codes}'),
      p_source || '/' || p_ref, p_recorded, p_member, p_effects #>> '{coupons,owner}', p_actor);
  end if;
  if p_effects ? 'issue' and p_member is not null then
    v_extras := jsonb_set(v_extras, '{issued}', coalesce((select jsonb_agg(jsonb_build_array(t.coupon_id,
        p_effects #> array['issue', 'promotions', (t.n - 1)::text]) order by t.n)
      from coupons_issue(p_program, p_member, orders_uuids(p_effects #> '{issue,ids}'), orders_texts(p_effects #> '{issue,codes}'),
        orders_texts(p_effects #> '{issue,templates}'), orders_texts(p_effects #> '{issue,versions}')::int[],
        orders_texts(p_effects #> '{issue,starts}')::timestamptz[], orders_texts(p_effects #> '{issue,ends}')::timestamptz[],
        orders_texts(p_effects #> '{issue,keys}'), orders_texts(p_effects #> '{issue,holds}')::int[], p_recorded, p_actor,
        p_source || '/' || p_ref) with ordinality as t(coupon_id, code, template, what, n)
     where t.coupon_id is not null), '[]'));
  end if;
  if p_effects ? 'benefits' then
    perform benefits_take(p_program, p_member, p_source || '/' || p_ref, orders_texts(p_effects #> '{benefits,keys}'),
      orders_uuids(p_effects #> '{benefits,ids}'), orders_texts(p_effects #> '{benefits,uses}'),
      orders_texts(p_effects #> '{benefits,costs}')::bigint[], p_effects #>> '{benefits,store}', p_occurred, p_actor);
  end if;
  if p_effects ? 'stock' then  -- what was really taken is what may go back
    v_extras := jsonb_set(v_extras, '{stock}', coalesce((select jsonb_agg(jsonb_build_array(p_effects #> '{stock,store}', t.sku,
        trim_scale(t.quantity)::text) order by t.sku)
      from catalog_take(p_program, p_store, orders_texts(p_effects #> '{stock,skus}'),
                        orders_texts(p_effects #> '{stock,quantities}')::numeric[]) t), '[]'));
  end if;
  if p_effects ? 'takes' then
    perform promotions_take(p_program, orders_texts(p_effects #> '{takes,keys}'),
      orders_texts(p_effects #> '{takes,amounts}')::bigint[], orders_texts(p_effects #> '{takes,limits}')::bigint[],
      orders_texts(p_effects #> '{takes,hot}')::boolean[], orders_texts(p_effects #> '{takes,budget}')::boolean[]);
  end if;
  if p_key is not null then
    insert into kernel_idempotency (program_id, key, request_hash, status, body, created_at)
    values (p_program, p_key, p_request_hash, p_status, p_body, p_recorded);
  end if;
  insert into orders_order (id, program_id, member_id, source, ref, store_id, channel, currency, occurred_at, recorded_at,
    state, total_minor, subtotal_minor, tenders, rule_version, seq, earned, decision, digest, attributes, extras, packed)
  values (p_id, p_program, p_member, p_source, p_ref, p_store, p_channel, p_currency, p_occurred, p_recorded,
    'placed', p_total, p_subtotal, p_tenders, p_rule_version, v_seq, p_earned, p_decision, p_digest, p_attributes, v_extras, p_lines);
  if p_question is not null then
    insert into orders_question (order_id, program_id, member_id, body) values (p_id, p_program, p_member, p_question);
  end if;
  insert into kernel_fact (program_id, member_id, kind, body, announced_at)
  values (p_program, p_member, 'OrderPlaced', p_fact, p_recorded);
  if p_effects ? 'news' then
    insert into kernel_fact (program_id, member_id, kind, body, announced_at)
    select p_program, p_member, x.e ->> 'kind', x.e -> 'body', p_recorded
      from jsonb_array_elements(p_effects -> 'news') as x(e);
  end if;
  return v_seq;
end $$;

create or replace function orders_texts(p_list jsonb) returns text[] language sql immutable as $$
  select coalesce(array_agg(x.t order by x.i), '{}') from jsonb_array_elements_text(p_list) with ordinality as x(t, i) $$;

create or replace function orders_uuids(p_list jsonb) returns uuid[] language sql immutable as $$
  select coalesce(array_agg(x.t::uuid order by x.i), '{}') from jsonb_array_elements_text(p_list) with ordinality as x(t, i) $$;

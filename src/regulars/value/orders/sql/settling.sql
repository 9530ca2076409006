-- What a return settles of an order that was decided here, beside its lines: which part of it is money, what goes back to
-- limits, stock, coupons and the member's counters. The caller has locked the order, has decided by its facts, and has
-- had orders_take_back write the return and its lines. Locks after the order's: account, coupons, stock, limits.

-- p_settled: {"money", "points", "charged", "lines": [{"n", "part", "refund"}], "restocked": {order_n: quantity},
-- "counted": {key: −n}, "coupons": [codes], "always": true to give them back whatever the policy, "issued": [ids],
-- "stock": [{"store", "skus", "quantities"}], "takes": {"keys", "amounts"}, "benefits": [uses]}; what there is none of, is not
-- there. Answers {"coupons": [...], "issued": [...]} as those say.
create or replace function orders_settle(p_program int, p_order uuid, p_return uuid, p_member uuid, p_settled jsonb,
  p_undone jsonb, p_at timestamptz, p_actor text) returns jsonb language plpgsql as $$
declare s record; v_coupons jsonb := '[]'; v_issued jsonb := '[]'; v_told text; v_return text;
begin
  select o.source || '/' || o.ref into v_told from orders_order o where o.id = p_order;
  select 'return/' || r.source || '/' || r.ref into v_return from orders_return r where r.id = p_return;
  if p_settled ? 'counted' and p_member is not null then
    perform ledger_count(p_member, p_program, null, p_settled -> 'counted');
  end if;
  if p_settled ? 'coupons' then
    select coalesce(jsonb_agg(to_jsonb(x)), '[]') into v_coupons
      from coupons_restore(p_program, v_told, orders_texts(p_settled -> 'coupons'), p_at, p_actor,
                           p_settled ? 'always', v_return) x;
  end if;
  if p_settled ? 'benefits' then
    perform benefits_give_back(p_program, orders_uuids(p_settled -> 'benefits'), p_at, p_actor, v_return);
  end if;
  if p_settled ? 'issued' then
    select coalesce(jsonb_agg(to_jsonb(x)), '[]') into v_issued
      from coupons_void(p_program, orders_uuids(p_settled -> 'issued'), p_at, p_actor, v_return) x;
  end if;
  for s in select x.store, x.skus, x.quantities
             from jsonb_to_recordset(coalesce(p_settled -> 'stock', '[]')) as x(store bigint, skus text[], quantities numeric[])
            order by x.store loop
    perform catalog_give_back(p_program, s.store, s.skus, s.quantities);
  end loop;
  if p_settled ? 'takes' then
    perform promotions_give_back(p_program, orders_texts(p_settled #> '{takes,keys}'),
                                 orders_texts(p_settled #> '{takes,amounts}')::bigint[]);
  end if;
  update orders_return_line r set refund_minor = x.refund
    from jsonb_to_recordset(p_settled -> 'lines') as x(n int, part int, refund bigint)
   where r.return_id = p_return and r.n = x.n and r.part = x.part;
  update orders_line l set restocked = l.restocked + x.value::numeric
    from jsonb_each_text(coalesce(p_settled -> 'restocked', '{}')) as x
   where l.order_id = p_order and l.n = x.key::int;
  update orders_order o set undone = p_undone where o.id = p_order;
  update orders_return r set tendered_minor = r.tendered_minor + (p_settled ->> 'points')::bigint,
         charged_minor = r.charged_minor + (p_settled ->> 'charged')::bigint
   where r.id = p_return;
  return jsonb_build_object('coupons', v_coupons, 'issued', v_issued);
end $$;

-- The end of a return whose orders are settled: the refund is what the parts say; the answer is kept; others are told.
create or replace function orders_return_done(p_return uuid, p_kind text, p_answer jsonb) returns bigint
language plpgsql as $$
declare r orders_return;
begin
  update orders_return x set kind = p_kind, answer = x.answer || p_answer,
         refund_minor = (select coalesce(sum(coalesce(l.refund_minor, l.amount_minor)), 0)
                           from orders_return_line l where l.return_id = p_return)
   where x.id = p_return returning x.* into r;
  insert into kernel_fact (program_id, member_id, kind, body, announced_at)
  values (r.program_id, r.member_id, 'OrderReturned', jsonb_build_object('return_id', r.id, 'member_id', r.member_id,
    'ref', r.ref, 'refund_minor', r.refund_minor,
    'occurred_at', to_char(r.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')), r.recorded_at);
  return r.refund_minor;
end $$;

-- Goods are handed over to whoever picks them up, or cancelled while they are not; the caller has locked the order.
-- Raises order_moved when the line no longer has so much: the caller reads again.
create or replace function orders_hand_over(p_order uuid, p_numbers int[], p_quantities numeric[]) returns void
language plpgsql as $$
declare v_done int;
begin
  update orders_line l set handed_over = l.handed_over + t.q
    from (select n, sum(q) as q from unnest(p_numbers, p_quantities) as t(n, q) group by n) t
   where l.order_id = p_order and l.n = t.n and l.handed_over + l.cancelled + t.q <= l.quantity;
  get diagnostics v_done = row_count;
  if v_done <> (select count(distinct n) from unnest(p_numbers) as n) then
    raise exception using errcode = 'RGREF', message = 'order_moved', detail = 'The line was changed in between.';
  end if;
end $$;

-- What came back by a cancellation was never handed over. An order of which all is cancelled is cancelled itself.
create or replace function orders_mark_cancelled(p_return uuid) returns void language plpgsql as $$
begin
  update orders_line l set cancelled = l.cancelled + t.q
    from (select x.order_id, x.order_n, sum(x.quantity) as q from orders_return_line x
           where x.return_id = p_return and x.order_id is not null group by 1, 2) t
   where l.order_id = t.order_id and l.n = t.order_n;
  update orders_order o set state = 'cancelled'
   where o.id in (select x.order_id from orders_return_line x where x.return_id = p_return)
     and not exists (select 1 from orders_line l where l.order_id = o.id and l.kind <> 'adjustment' and l.cancelled < l.quantity);
end $$;

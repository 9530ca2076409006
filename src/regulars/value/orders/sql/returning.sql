-- A return: quantities go back, what they earned goes back with them by cumulative shares, and both are told as one.
-- The orders are locked by id, so returns of the same lines go one after the other; then the ledger locks the account.
-- Raises order_moved when another return was first: the caller reads again and decides again.

create or replace function orders_plus(a bigint[], b bigint[]) returns bigint[] language sql immutable parallel safe as $$
  select array_agg(coalesce(x, 0) + coalesce(y, 0) order by o) from unnest(a, b) with ordinality as t(x, y, o)
$$;

-- One part of a return on one line; the order is locked. Answers what is refunded and clawed, by slot.
create or replace function orders_line_back(p_order uuid, p_n int, p_quantity numeric, p_amount bigint, p_strict boolean,
  out amount bigint, out clawed bigint[]) language plpgsql as $$
declare l record; v_returned numeric; v_reversed bigint[];
begin
  perform orders_unpack(p_order);
  select x.* into l from orders_line_row x where x.order_id = p_order and x.n = p_n;
  v_returned := l.returned + p_quantity;
  if not found or l.kind = 'adjustment' or v_returned > l.quantity
     or (p_strict and p_amount > greatest(0, l.amount_minor - l.returned_minor)) then
    raise exception using errcode = 'RGREF', message = 'order_moved', detail = 'The line was returned in between.';
  end if;
  amount := coalesce(p_amount, greatest(0, orders_share(l.amount_minor, v_returned, l.quantity) - l.returned_minor));
  select array_agg(orders_share(e, v_returned, l.quantity) order by o) into v_reversed
    from unnest(l.earned) with ordinality as t(e, o);
  select array_agg(r - coalesce(l.reversed[o], 0) order by o) into clawed
    from unnest(v_reversed) with ordinality as t(r, o);
  update orders_line_row x set returned = v_returned, returned_minor = l.returned_minor + orders_line_back.amount,
         reversed = v_reversed
   where x.order_id = p_order and x.n = p_n;
end $$;

-- How much of an order still stands, from its lines.
create or replace function orders_state(p_order uuid) returns text language sql stable as $$
  select case when coalesce(bool_and(l.returned = l.quantity), false) then 'returned'
              when bool_or(l.returned > 0) then 'partially_returned' else 'placed' end
    from orders_line l where l.order_id = p_order and l.kind <> 'adjustment'
$$;

-- What an order's lines gave back in one go, taken back from the member who holds the value now (merges redirect).
-- Empty arrays when nothing was earned.
create or replace function orders_claw(p_member uuid, p_order uuid, p_key text, p_clawed bigint[],
  p_occurred timestamptz, p_recorded timestamptz, p_actor text, p_reason text, p_digest bytea,
  out owed bigint[], out forgiven bigint[]) language plpgsql as $$
declare o orders_order; v_units smallint[]; v_amounts bigint[]; c record; i int;
begin
  owed := '{}'; forgiven := '{}';
  select array_agg(slot::smallint order by slot), array_agg(v order by slot) into v_units, v_amounts
    from unnest(p_clawed) with ordinality as t(v, slot) where v > 0;
  if v_units is null then return; end if;
  select x.* into o from orders_order x where x.id = p_order;
  -- What somebody has reversed by hand is not taken a second time.
  select array_agg(least(t.v, coalesce((select sum(x.amount) from ledger_issued(o.member_id, o.seq, t.u) x), 0))::bigint order by t.i)
    into v_amounts from unnest(v_units, v_amounts) with ordinality as t(u, v, i);
  select x.* into c from ledger_claw(p_member, o.program_id, p_key, 'return', 'order', o.source || '/' || o.ref, o.seq, o.rule_version,
    p_occurred, p_recorded, p_actor, p_reason, p_digest, v_units, v_amounts, nullif(o.member_id, p_member)) x;
  owed := array_fill(0::bigint, array[cardinality(p_clawed)]); forgiven := owed;
  for i in 1 .. cardinality(v_units) loop
    owed[v_units[i]] := c.owed[i]; forgiven[v_units[i]] := c.forgiven[i];
  end loop;
end $$;

-- p_lines: [{"n", "part", "order_id", "order_n", "quantity", "amount_minor", "match", "sku", "must_fit"}], amount_minor
-- null = the line's share; must_fit = it may not be more than is left of the line. Answers {"refund", "clawed", "owed", "forgiven", "lines": [{"n", "part", "amount_minor", "clawed"}]}, by slot.
create or replace function orders_take_back(p_member uuid, p_program int, p_id uuid, p_source text, p_ref text,
  p_occurred timestamptz, p_recorded timestamptz, p_digest bytea, p_actor text, p_lines jsonb,
  p_is_quiet boolean default false) returns jsonb
language plpgsql as $$
declare
  l record; v record; v_orders uuid[]; v_order uuid; v_clawed bigint[]; v_done jsonb;
  v_all bigint[] := '{}'; v_owed bigint[] := '{}'; v_forgiven bigint[] := '{}'; v_refund bigint := 0; v_answer jsonb;
begin
  select array_agg(distinct (x->>'order_id')::uuid order by (x->>'order_id')::uuid) into v_orders
    from jsonb_array_elements(p_lines) x where x->>'order_id' is not null;
  perform 1 from orders_order o where o.id = any (v_orders) order by o.id for update;
  if exists (select 1 from orders_return r where r.program_id = p_program and r.source = p_source and r.ref = p_ref) then
    raise exception using errcode = 'RGREF', message = 'order_moved', detail = 'This return was told in between.';
  end if;
  if exists (select 1 from orders_order o where o.id = any (v_orders) and (o.member_id is null) <> (p_member is null)) then
    raise exception using errcode = 'RGREF', message = 'order_moved', detail = 'The order was claimed in between.';
  end if;
  for l in select * from jsonb_to_recordset(p_lines) as x(n int, part int, order_id uuid, order_n int, quantity numeric,
             amount_minor bigint, match text, sku text, must_fit boolean) order by x.n, x.part loop
    if l.order_id is not null then
      select x.* into v from orders_line_back(l.order_id, l.order_n, l.quantity, l.amount_minor, l.must_fit) x;
    else
      select coalesce(l.amount_minor, 0) as amount, null::bigint[] as clawed into v;
    end if;
    v_refund := v_refund + v.amount;
    insert into orders_return_line (return_id, n, part, program_id, order_id, order_n, sku, quantity, amount_minor, match, reversed)
    values (p_id, l.n, l.part, p_program, l.order_id, l.order_n, l.sku, l.quantity, v.amount, l.match, v.clawed);
  end loop;
  -- all at once: a list that grows by one is written anew each time, and 5,000 lines may come back
  select coalesce(jsonb_agg(jsonb_build_object('n', x.n, 'part', x.part, 'amount_minor', x.amount_minor, 'clawed', x.reversed)
                            order by x.n, x.part), '[]') into v_done
    from orders_return_line x where x.return_id = p_id;
  foreach v_order in array coalesce(v_orders, '{}') loop
    v_clawed := null;
    for l in select x.reversed from orders_return_line x where x.return_id = p_id and x.order_id = v_order loop
      v_clawed := orders_plus(v_clawed, l.reversed);
    end loop;
    select x.* into v from orders_claw(p_member, v_order, 'return/' || p_source || '/' || p_ref || '/' || v_order,
      v_clawed, p_occurred, p_recorded, p_actor, null, p_digest) x;
    v_all := orders_plus(v_all, v_clawed); v_owed := orders_plus(v_owed, v.owed);
    v_forgiven := orders_plus(v_forgiven, v.forgiven);
    update orders_order o set state = orders_state(o.id) where o.id = v_order;
  end loop;
  v_answer := jsonb_build_object('refund', v_refund, 'clawed', coalesce(v_all, '{}'), 'owed', coalesce(v_owed, '{}'),
                                 'forgiven', coalesce(v_forgiven, '{}'), 'lines', v_done);
  insert into orders_return (id, program_id, member_id, source, ref, occurred_at, recorded_at, refund_minor, digest, answer)
  values (p_id, p_program, p_member, p_source, p_ref, p_occurred, p_recorded, v_refund, p_digest, v_answer - 'lines');
  if not p_is_quiet then  -- history brings no news
    insert into kernel_fact (program_id, member_id, kind, body, announced_at)
    values (p_program, p_member, 'OrderReturned', jsonb_build_object('return_id', p_id, 'member_id', p_member, 'ref', p_ref,
      'refund_minor', v_refund, 'occurred_at', to_char(p_occurred at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')),
      p_recorded);
  end if;
  return v_answer;
end $$;

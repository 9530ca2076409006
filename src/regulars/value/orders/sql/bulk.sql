-- Returns of history, one after the other in the order of their events, in one call and without news: lines by the same
-- functions as `orders_take_back`, and what they earned taken back for all members at once.
-- p_rows: [{"ord", "id", "member_id", "source", "ref", "occurred_at", "digest" (hex), "lines": as orders_take_back}].

create or replace function orders_take_back_many(p_program int, p_actor text, p_recorded timestamptz, p_rows jsonb)
returns table (id uuid, answer jsonb) language plpgsql as $$
declare r record; v_ids uuid[] := '{}';
begin
  perform ledger_claws_open();
  for r in select * from jsonb_to_recordset(p_rows) as x(ord bigint, id uuid, member_id uuid, source text, ref text,
             occurred_at timestamptz, digest text, lines jsonb) order by x.ord loop
    perform orders_lines_back(r.member_id, p_program, r.id, r.source, r.ref, r.occurred_at, p_recorded,
                              decode(r.digest, 'hex'), p_actor, r.lines);
    v_ids := v_ids || r.id;
  end loop;
  perform ledger_claw_many(p_program);
  update orders_return o set answer = o.answer || jsonb_build_object('owed', s.owed, 'forgiven', s.forgiven)
    from (select b.id, array_agg(coalesce(c.owed, 0) order by g.slot) as owed,
                 array_agg(coalesce(c.forgiven, 0) order by g.slot) as forgiven
            from (select c.tag from ledger_claws_short() c group by c.tag) t
            join orders_return b on b.id = t.tag
            cross join generate_series(1, jsonb_array_length(b.answer->'clawed')) as g(slot)
            left join ledger_claws_short() c on c.tag = b.id and c.unit = g.slot
           group by b.id) s
   where o.id = s.id;
  return query select o.id, o.answer from orders_return o where o.id = any (v_ids);
end $$;

-- One return of many: its lines and states now, its claws noted for all together.
create or replace function orders_lines_back(p_member uuid, p_program int, p_id uuid, p_source text, p_ref text,
  p_occurred timestamptz, p_recorded timestamptz, p_digest bytea, p_actor text, p_lines jsonb) returns void
language plpgsql as $$
declare
  l record; v record; v_orders uuid[]; v_order uuid; v_clawed bigint[]; v_all bigint[] := '{}'; v_refund bigint := 0;
begin
  select array_agg(distinct (x->>'order_id')::uuid order by (x->>'order_id')::uuid) into v_orders
    from jsonb_array_elements(p_lines) x where x->>'order_id' is not null;
  perform 1 from orders_order o where o.id = any (v_orders) order by o.id for update;
  for l in select * from jsonb_to_recordset(p_lines) as x(n int, part int, order_id uuid, order_n int, quantity numeric,
             amount_minor bigint, match text, sku text) order by x.n, x.part loop
    if l.order_id is not null then
      select x.* into v from orders_line_back(l.order_id, l.order_n, l.quantity, l.amount_minor, false) x;
    else
      select l.amount_minor as amount, null::bigint[] as clawed into v;
    end if;
    v_refund := v_refund + v.amount;
    insert into orders_return_line (return_id, n, part, program_id, order_id, order_n, sku, quantity, amount_minor, match, reversed)
    values (p_id, l.n, l.part, p_program, l.order_id, l.order_n, l.sku, l.quantity, v.amount, l.match, v.clawed);
  end loop;
  foreach v_order in array coalesce(v_orders, '{}') loop
    v_clawed := null;
    for l in select x.reversed from orders_return_line x where x.return_id = p_id and x.order_id = v_order loop
      v_clawed := orders_plus(v_clawed, l.reversed);
    end loop;
    v_all := orders_plus(v_all, v_clawed);
    perform ledger_claw_later(p_id, p_member, 'return/' || p_source || '/' || p_ref || '/' || o.id, 'order',
                              o.source || '/' || o.ref, o.seq, nullif(o.member_id, p_member), o.rule_version, p_occurred,
                              p_recorded, p_actor, p_digest, u.units, u.amounts)
      from orders_order o, (select array_agg(t.slot::smallint order by t.slot) as units, array_agg(t.v order by t.slot) as amounts
                              from unnest(v_clawed) with ordinality as t(v, slot) where t.v > 0) u
     where o.id = v_order and u.units is not null;
    update orders_order o set state = orders_state(o.id) where o.id = v_order;
  end loop;
  v_all := coalesce(v_all, '{}');
  insert into orders_return (id, program_id, member_id, source, ref, occurred_at, recorded_at, refund_minor, digest, answer)
  values (p_id, p_program, p_member, p_source, p_ref, p_occurred, p_recorded, v_refund, p_digest,
          jsonb_build_object('refund', v_refund, 'clawed', v_all, 'owed', array(select 0 from unnest(v_all)),
                             'forgiven', array(select 0 from unnest(v_all))));
end $$;

-- Published for bulk reading; the columns are a promise. One row an order and rule that was worth something to its member:
-- `kind` discount (`amount` in minor units) or points (`amount` of `unit`), less the share that came back with returns.
-- `terms_version`: the version whose earn rules gave; promotions are always those of `rule_version`.
create or replace view orders_gain_facts as
  select o.id as order_id, o.program_id, o.member_id, o.rule_version, o.occurred_at, 'discount' as kind, s.e ->> 0 as rule,
         null::text as unit,
         sum(floor((s.e ->> 2)::bigint * greatest(l.quantity - l.returned, 0) / l.quantity))::bigint as amount,
         coalesce((o.decision ->> 'terms')::int, o.rule_version) as terms_version
    from orders_order o
    join orders_line l on l.order_id = o.id and l.quantity > 0
   cross join lateral jsonb_array_elements(case jsonb_typeof(l.shares) when 'array' then l.shares else '[]' end) s(e)
   where o.member_id is not null and o.state <> 'cancelled'
   group by o.id, s.e ->> 0
   union all
  select o.id, o.program_id, o.member_id, o.rule_version, o.occurred_at, 'points', a.e ->> 0, a.e ->> 1,
         floor((a.e ->> 2)::bigint * x.kept / nullif(x.whole, 0))::bigint, coalesce((o.decision ->> 'terms')::int, o.rule_version)
    from orders_order o
   cross join lateral (select sum(greatest(l.amount_minor, 0)) as whole,
                              sum(greatest(l.amount_minor - l.returned_minor, 0)) as kept
                         from orders_line l where l.order_id = o.id) x
   cross join lateral jsonb_array_elements(o.decision -> 'applied') a(e)
   where o.member_id is not null and o.state <> 'cancelled' and x.whole > 0;

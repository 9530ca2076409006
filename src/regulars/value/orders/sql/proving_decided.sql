-- What orders that were decided here promise of themselves: every row is a broken promise. `p_program` null: all programs.
-- The order keeps what its basket's decision brought (`extras`), its lines keep each their part of it: both say the same.

create or replace function orders_decided_discrepancies(p_program int, p_limit int default 1000)
returns table (promise text, what text, expected text, found text)
language plpgsql stable as $$
#variable_conflict use_column
begin
  return query
  with o as not materialized (
    select * from orders_order where extras ->> 'session' is not null and (p_program is null or program_id = p_program)
  ), l as not materialized (
    select l.*, coalesce((select sum((s.e ->> 2)::bigint) from jsonb_array_elements(l.shares) s(e)), 0)::bigint as shared
      from orders_line l join o on o.id = l.order_id
  ), sums as (
    select l.order_id, sum(l.amount_minor)::bigint as net, sum(l.discount_minor)::bigint as off,
           sum(l.tendered_minor)::bigint as tendered
      from l group by 1
  ), line_shares as (
    select l.order_id, s.e ->> 0 as promotion, coalesce(s.e ->> 1, '') as coupon, sum((s.e ->> 2)::bigint)::bigint as v
      from l, jsonb_array_elements(l.shares) s(e) group by 1, 2, 3
  ), order_shares as (
    select o.id as order_id, p.e ->> 0 as promotion, coalesce(p.e ->> 1, '') as coupon, sum((p.e ->> 2)::bigint)::bigint as v
      from o, jsonb_array_elements(o.extras -> 'promotions') p(e) group by 1, 2, 3
  ), spent as (
    select o.id as order_id, coalesce(sum((s.e ->> 'minor')::bigint), 0)::bigint as minor
      from o left join lateral jsonb_array_elements(o.extras -> 'spent') s(e) on true group by 1
  ), said as (
    select o.id as order_id, o.program_id, o.source || '/' || o.ref as ref, c.e ->> 'id' as coupon_id, c.e ->> 'code' as code,
           coalesce(o.undone -> 'coupons' ? (c.e ->> 'code'), false) as is_back
      from o, jsonb_array_elements(o.extras -> 'coupons') c(e)
  ), uses as not materialized (
    select u.* from coupons_use_facts u
     where u.state in ('redeemed', 'restored') and (p_program is null or u.program_id = p_program)
  ), faults as (
    select 'O20 a line saves what its shares say' as promise, 'order ' || l.order_id || ' line ' || l.n as what,
           l.shared::text as expected, l.discount_minor::text as found
      from l where l.shared <> l.discount_minor
    union all
    select 'O20 promotions took off what the lines say', 'order ' || order_id || ' ' || promotion,
           coalesce(a.v, 0)::text, coalesce(b.v, 0)::text
      from line_shares a full join order_shares b using (order_id, promotion, coupon)
     where coalesce(a.v, 0) <> coalesce(b.v, 0)
    union all
    select 'O21 before discounts, less discounts, is the total', 'order ' || o.id,
           o.subtotal_minor || ' − ' || s.off, o.total_minor::text
      from o join sums s on s.order_id = o.id
     where o.subtotal_minor is null or o.subtotal_minor - s.off <> o.total_minor or s.net <> o.total_minor
    union all
    select 'O22 points pay no more of a line than it costs', 'order ' || l.order_id || ' line ' || l.n,
           l.amount_minor::text, l.tendered_minor::text
      from l where l.tendered_minor > greatest(l.amount_minor, 0) or l.tendered_minor < 0
    union all
    select 'O22 points paid what the lines say', 'order ' || s.order_id, s.tendered::text, p.minor::text
      from sums s join spent p on p.order_id = s.order_id where s.tendered <> p.minor
    union all
    select 'O23 a coupon of an order is redeemed by it', 'order ' || s.order_id || ' coupon ' || s.code,
           case when s.is_back then 'redeemed or restored' else 'redeemed' end,
           coalesce((select string_agg(distinct u.state, ', ') from coupons_use_facts u
                      where u.program_id = s.program_id and u.order_ref = s.ref and u.code = s.code), 'no use')
      from said s
     where not exists (select from uses u where u.program_id = s.program_id and u.order_ref = s.ref
                          and case when s.coupon_id is null then u.code = s.code else u.coupon_id = s.coupon_id::uuid end
                          and (u.state = 'redeemed' or s.is_back))
    union all
    select 'O23 an order knows the coupons that it redeemed', 'order ' || o.id || ' coupon ' || u.code, 'in its extras', u.state
      from uses u join o on o.program_id = u.program_id and o.source || '/' || o.ref = u.order_ref
     where not exists (select from said s where s.order_id = o.id
                          and case when s.coupon_id is null then u.code = s.code else u.coupon_id = s.coupon_id::uuid end)
  )
  select * from faults order by 1, 2 limit p_limit;
end $$;

-- The proofs of orders, set-based: every row is a broken promise. `p_program` null: all programs.

create or replace function orders_discrepancies(p_program int, p_limit int default 1000)
returns table (promise text, what text, expected text, found text)
language plpgsql stable as $$
#variable_conflict use_column
begin
  return query
  with o as not materialized (
    select * from orders_order where p_program is null or program_id = p_program
  ), l as not materialized (
    select * from orders_line where p_program is null or program_id = p_program
  ), sums as (
    select l.order_id, sum(l.amount_minor)::bigint as total, count(*) as lines,
           bool_and(l.returned = l.quantity) filter (where l.kind <> 'adjustment') as is_all,
           bool_or(l.returned > 0) as is_some, count(distinct l.member_id) as members, min(l.member_id::text) as member
      from l group by l.order_id
  ), line_earned as (
    select l.order_id, e.slot, sum(e.v)::bigint as v
      from l, unnest(l.earned) with ordinality as e(v, slot) where e.v <> 0 group by 1, 2
  ), order_earned as (
    select o.id as order_id, e.slot, e.v from o, unnest(o.earned) with ordinality as e(v, slot) where e.v <> 0
  ), booked as (
    select o.id as order_id, p.unit::bigint as slot, sum(p.amount)::bigint as v
      from o join ledger_posting_facts p on p.member_id = o.member_id and p.seq = o.seq
     where p.debit in ('issued', 'funder') group by 1, 2
  ), back as (
    select r.order_id, r.order_n as n, sum(r.quantity) as quantity, sum(r.amount_minor)::bigint as amount
      from orders_return_line r where r.order_id is not null and (p_program is null or r.program_id = p_program) group by 1, 2
  ), back_slots as (
    select r.order_id, r.order_n as n, e.slot, sum(e.v)::bigint as v
      from orders_return_line r, unnest(r.reversed) with ordinality as e(v, slot)
     where r.order_id is not null and e.v <> 0 and (p_program is null or r.program_id = p_program) group by 1, 2, 3
  ), line_slots as (
    select l.order_id, l.n, e.slot, e.v, o.claimed_at, orders_share(l.earned[e.slot], l.returned, l.quantity) as due
      from l join o on o.id = l.order_id, unnest(l.reversed) with ordinality as e(v, slot)
  ), taken_back as (
    select o.id as order_id, p.unit::bigint as slot, sum(p.amount)::bigint as v
      from o
      join ledger_journal_facts j on j.reverses is not null and j.reverses = o.seq
                                 and coalesce(j.reverses_member, j.member_id) = o.member_id
      join ledger_posting_facts p on p.member_id = j.member_id and p.seq = j.seq
     where p.credit in ('issued', 'funder') group by 1, 2
  ), undone as (
    select o.id, o.member_id, o.extras, o.undone, o.total_minor as total, (o.undone ->> 'money_minor')::bigint as money,
           (o.undone ->> 'points_minor')::bigint as points, (o.undone ->> 'charged_minor')::bigint as charged
      from o where o.undone is not null
  ), faults as (
    select 'O7 an order is the sum of its lines' as promise, 'order ' || o.id as what, s.total::text as expected,
           o.total_minor::text as found
      from o left join sums s on s.order_id = o.id where s.total is distinct from o.total_minor
    union all
    select 'O4 the state says what has come back', 'order ' || o.id, x.state, o.state
      from o join sums s on s.order_id = o.id
      cross join lateral (select case when coalesce(s.is_all, false) then 'returned'
                                      when s.is_some then 'partially_returned' else 'placed' end as state) x
     where o.state <> 'cancelled' and o.state <> x.state
    union all
    select 'O7 an order earned what its lines earned', 'order ' || order_id || ' unit ' || slot,
           coalesce(a.v, 0)::text, coalesce(b.v, 0)::text
      from line_earned a full join order_earned b using (order_id, slot) where coalesce(a.v, 0) <> coalesce(b.v, 0)
    union all
    select 'O8 the journal gave what the order earned', 'order ' || order_id || ' unit ' || slot,
           coalesce(a.v, 0)::text, coalesce(b.v, 0)::text
      from order_earned a full join booked b using (order_id, slot) where coalesce(a.v, 0) <> coalesce(b.v, 0)
    union all
    select 'O3 a line returned what its returns say', 'order ' || l.order_id || ' line ' || l.n,
           coalesce(b.quantity, 0)::text || ' for ' || coalesce(b.amount, 0), l.returned::text || ' for ' || l.returned_minor
      from l full join back b on b.order_id = l.order_id and b.n = l.n
     where coalesce(l.returned, 0) <> coalesce(b.quantity, 0) or coalesce(l.returned_minor, 0) <> coalesce(b.amount, 0)
    union all
    select 'O9 a line gave back its share', 'order ' || order_id || ' line ' || n || ' unit ' || slot, due::text, v::text
      from line_slots where v is distinct from due
    union all
    select 'O9 a line gave back its share', 'order ' || l.order_id || ' line ' || l.n, 'a share', 'nothing'
      from l where l.returned > 0 and l.earned is not null and l.reversed is null
    union all
    select 'O9 returns say what a line gave back', 'order ' || order_id || ' line ' || n || ' unit ' || slot,
           coalesce(a.v, 0)::text, coalesce(b.v, 0)::text
      from (select * from line_slots where claimed_at is null and v <> 0) a full join
           (select b.* from back_slots b join o on o.id = b.order_id where o.claimed_at is null) b using (order_id, n, slot)
     where coalesce(a.v, 0) <> coalesce(b.v, 0)
    union all  -- more is right where somebody had reversed the earning by hand
    select 'O14 the journal took back what the lines gave back', 'order ' || a.order_id || ' unit ' || a.slot, a.v::text,
           coalesce(b.v, 0)::text
      from (select order_id, slot, sum(v)::bigint as v from line_slots where v <> 0 group by 1, 2) a
      left join taken_back b using (order_id, slot) where coalesce(b.v, 0) < a.v
    union all
    select 'O10 a refund is the sum of its parts', 'return ' || r.id, coalesce(x.amount, 0)::text, r.refund_minor::text
      from orders_return r
      left join (select return_id, sum(coalesce(refund_minor, amount_minor)) as amount from orders_return_line group by 1) x on x.return_id = r.id
     where (p_program is null or r.program_id = p_program) and coalesce(x.amount, 0) <> r.refund_minor
    union all
    select 'O11 a line belongs to its order', 'order ' || s.order_id, coalesce(o.member_id::text, 'no member'),
           coalesce(s.member, 'no member')
      from sums s left join o on o.id = s.order_id
     where o.id is null or s.members > 1 or o.member_id::text is distinct from s.member
    union all  -- agreed amounts may be less than the goods' worth, adjustments are shared over them
    select 'O15 what came back is money, points or charged', 'order ' || u.id, x.value::text,
           (u.money + u.points + u.charged)::text
      from undone u
      cross join lateral (select sum(least(l.returned_minor, l.amount_minor)) as value, bool_or(l.kind = 'adjustment') as is_adjusted
                            from orders_line l where l.order_id = u.id) x
     where case when x.is_adjusted then u.money + u.points > u.total else u.money + u.points + u.charged <> x.value end
    union all
    select 'O15 refunds are the money that came back', 'order ' || u.id, u.money::text, coalesce(x.refund, 0)::text
      from undone u
      left join lateral (select sum(r.refund_minor) as refund from orders_return_line r where r.order_id = u.id) x on true
     where u.money <> coalesce(x.refund, 0)
    union all
    select 'O16 no more comes back as points than they paid', 'order ' || u.id, x.tendered::text, u.points::text
      from undone u
      cross join lateral (select sum(l.tendered_minor) as tendered from orders_line l where l.order_id = u.id) x
     where u.points > x.tendered
    union all
    select 'O16 the journal gave back what returns say', 'order ' || u.id || ' ' || (s.e ->> 'key'), s.back::text,
           coalesce(x.v, 0) || ' of ' || (s.e ->> 'amount')
      from undone u
      cross join lateral (select e, coalesce((u.undone #>> array['units', e ->> 'key'])::bigint, 0) as back
                            from jsonb_array_elements(u.extras -> 'spent') e) s
      left join lateral (select sum(p.amount) as v
                           from ledger_journal_facts j join ledger_posting_facts p on p.member_id = j.member_id and p.seq = j.seq
                          where j.reverses = (s.e ->> 'seq')::bigint and coalesce(j.reverses_member, j.member_id) = u.member_id
                            and p.unit = (s.e ->> 'slot')::int and p.credit = 'wallet') x on true
     where s.back > coalesce(x.v, 0) or s.back > (s.e ->> 'amount')::bigint
    union all
    select 'O17 no limit is given back further than it was taken', 'order ' || u.id || ' ' || b.key,
           coalesce(x.taken, 0)::text, b.value
      from undone u cross join lateral jsonb_each_text(u.undone -> 'takes') b
      left join lateral (select sum((t.e ->> 1)::bigint) as taken
                           from jsonb_array_elements(u.extras -> 'takes') t(e) where t.e ->> 0 = b.key) x on true
     where b.value::bigint > coalesce(x.taken, 0)
  )
  select * from faults order by 1, 2 limit p_limit;
end $$;

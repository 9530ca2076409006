-- The proofs of coupons, set-based: every row is a broken promise. `p_program` null: all programs.

create or replace function coupons_discrepancies(p_program int, p_limit int default 1000)
returns table (promise text, what text, program_id int, expected text, found text) language plpgsql stable as $$
#variable_conflict use_column
begin
  return query with live as not materialized (
    select u.* from coupons_use u
     where u.state in ('reserved', 'redeemed') and (p_program is null or u.program_id = p_program)
  ), unused as (  -- taken by nobody's use, or not as the use says
    select c.id, c.program_id, c.state, c.owner, u.state as used, coalesce(u.order_ref, u.owner) as by_whom
      from coupons_coupon c
      left join live u on u.coupon_id = c.id
     where c.state in ('reserved', 'redeemed') and (p_program is null or c.program_id = p_program)
  )
  select * from (
    select 'W3' as promise, 'coupon ' || x.id as what, x.program_id,
           coalesce(x.used || ' by ' || x.by_whom, 'no use') as expected, x.state || ' by ' || x.owner as found
      from unused x where x.used is distinct from x.state or x.by_whom is distinct from x.owner
    union all
    select 'W3', 'use ' || u.id, u.program_id, u.state, coalesce(c.state, 'no coupon')
      from live u left join coupons_coupon c on c.id = u.coupon_id
     where c.id is null or (not u.is_shared and c.state <> u.state)
    union all
    select 'W4', 'shared code ' || c.id, c.program_id, count(u.id)::text, c.used::text
      from coupons_coupon c left join live u on u.coupon_id = c.id
     where c.is_shared and c.most is not null and (p_program is null or c.program_id = p_program)
     group by c.id, c.program_id, c.used having count(u.id) <> c.used
    union all
    select 'W8', 'batch ' || b.id, b.program_id, b.made::text, (count(c.id) + coalesce(r.n, 0))::text
      from coupons_batch b
      left join (select x.batch_id, sum(x.count)::bigint as n from coupons_run x group by 1) r on r.batch_id = b.id
      left join coupons_coupon c on c.batch_id = b.id and not exists (select 1 from coupons_run x
           where x.batch_id = b.id and coupons_place(c.id) between x.place and x.place + x.count - 1)
     where b.series_id is not null and (p_program is null or b.program_id = p_program)
     group by b.id, b.program_id, b.made, r.n having count(c.id) + coalesce(r.n, 0) <> b.made
    union all
    select 'W8', 'sheets of batch ' || r.batch_id || ' from ' || r.place, r.program_id, r.count::text,
           coalesce(sum(length(s.codes) / r.width), 0)::text
      from coupons_run r left join coupons_sheet s on s.batch_id = r.batch_id and s.run = r.place
     where p_program is null or r.program_id = p_program
     group by r.batch_id, r.place, r.program_id, r.count
    having coalesce(sum(length(s.codes) / r.width), 0) <> r.count
    union all
    select 'W1', 'code ' || w.code, w.program_id, '1 coupon', count(distinct w.id) || ' coupons'
      from (select r.program_id, coupons_id(r.batch_id, s.place + n) as id,
                   convert_from(substr(s.codes, (n * r.width)::int + 1, r.width), 'UTF8') as code
              from coupons_run r join coupons_sheet s on s.batch_id = r.batch_id and s.run = r.place
             cross join generate_series(0, length(s.codes) / r.width - 1) as n
             where p_program is null or r.program_id = p_program
            union all
            select c.program_id, c.id, c.code from coupons_coupon c
             where c.program_id in (select x.program_id from coupons_run x)
               and (p_program is null or c.program_id = p_program)) as w
     group by w.program_id, w.code having count(distinct w.id) > 1
    union all
    select 'W1', 'coupon ' || c.id, c.program_id, coalesce(s.code, 'no sheet'), c.code
      from coupons_run r
      join coupons_coupon c on c.id between coupons_id(r.batch_id, r.place) and coupons_id(r.batch_id, r.place + r.count - 1)
      left join lateral (
        select convert_from(substr(x.codes, ((coupons_place(c.id) - x.place) * r.width)::int + 1, r.width), 'UTF8') as code
          from coupons_sheet x where x.batch_id = r.batch_id and x.place <= coupons_place(c.id)
         order by x.place desc limit 1) as s on true
     where (p_program is null or r.program_id = p_program)
       and (c.code, c.program_id, c.batch_id) is distinct from (s.code, r.program_id, r.batch_id)
    union all
    select 'W9', 'redemptions of ' || coalesce(t.template, u.template) || ' by member '
             || coalesce(t.member_id, u.member_id), coalesce(t.program_id, u.program_id),
           coalesce(u.n, 0)::text, coalesce(t.redeemed, 0)::text
      from (select * from coupons_tally where p_program is null or program_id = p_program) t
      full join (select l.program_id, l.member_id, l.template, count(*) as n from live l
                  where l.member_id is not null group by 1, 2, 3) u
        on u.member_id = t.member_id and u.template = t.template
     where coalesce(u.n, 0) <> coalesce(t.redeemed, 0)
    union all
    select 'W9', 'redemptions of ' || t.template || ' by all', t.program_id, count(u.id)::text, t.used::text
      from coupons_usage t left join live u on u.program_id = t.program_id and u.template = t.template
     where p_program is null or t.program_id = p_program
     group by t.program_id, t.template, t.used having count(u.id) <> t.used
    union all
    select 'W10', 'claims of page ' || p.id, p.program_id, coalesce(sum(n.used), 0)::text, p.claimed::text
      from coupons_claim p left join coupons_claim_count n on n.claim_id = p.id and n.member_id is not null
     where p_program is null or p.program_id = p_program
     group by p.id, p.program_id, p.claimed having coalesce(sum(n.used), 0) <> p.claimed
  ) as faults order by 1, 2 limit p_limit;
end $$;

-- Who has a birthday or an anniversary of joining whose gifts are due: the local day, where she lives, on which they
-- arrive (so many days before the celebration) has begun since `p_from` was looked at, with two days more for those whose
-- clock moved; or the celebration is at most `p_after_days` ago. Members without what comes for them are left out.
create or replace function benefits_celebrating(p_program int, p_kind text, p_before int, p_after_days int, p_is_mar1 boolean,
  p_from timestamptz, p_at timestamptz, p_limit int)
returns table (member_id uuid, day date, arrives date, occasion text) language plpgsql stable as $$
#variable_conflict use_column
declare v_zone text; v_first date; v_last date;
begin
  select f.zone into v_zone from programs_facts f where f.program_id = p_program;
  v_last := (p_at at time zone 'UTC')::date + 1 + p_before;
  v_first := least((p_from at time zone 'UTC')::date - 3 + p_before, (p_at at time zone 'UTC')::date - 1 - p_after_days);
  return query
  with days as (
    select extract(month from d)::int as month, extract(day from d)::int as day
      from generate_series(v_first, v_last, interval '1 day') as d
    union
    select 2, 29 from generate_series(v_first, v_last, interval '1 day') as d
     where to_char(d, 'MM-DD') = case when p_is_mar1 then '03-01' else '02-28' end
  ), candidates as (
    select f.member_id, coalesce(f.zone, v_zone) as zone, f.joined_at, x.month, x.day
      from days x join members_facts f on p_kind = 'birthday' and f.birth_month = x.month and f.birth_day = x.day
     where f.program_id = p_program and f.status in ('active', 'earn_only') and f.merged_into is null and f.forgotten_at is null
    union all
    select f.member_id, coalesce(f.zone, v_zone), f.joined_at, extract(month from j.at)::int, extract(day from j.at)::int
      from members_facts f cross join lateral (select f.joined_at at time zone coalesce(f.zone, v_zone) as at) as j
     where p_kind = 'anniversary' and f.program_id = p_program and f.status in ('active', 'earn_only')
       and f.merged_into is null and f.forgotten_at is null
       and (extract(month from j.at)::int, extract(day from j.at)::int) in (select x.month, x.day from days x)
  ), celebrated as (
    select c.member_id, c.joined_at, c.zone, (p_at at time zone c.zone)::date as today, (p_from at time zone c.zone)::date as seen,
           (select max(d.day) from (select benefits_celebrated(c.month, c.day, y, p_is_mar1) as day
               from generate_series(extract(year from v_first)::int - 1, extract(year from v_last)::int) as y) as d
             where d.day <= (p_at at time zone c.zone)::date + p_before) as day
      from candidates c
  )
  select c.member_id, c.day, c.day - p_before, p_kind || '/' || extract(year from c.day) || case when p_before > 0 then '/' || p_before else '' end
    from celebrated c
   where (c.day - p_before > least(c.seen, c.today) - 2 or c.today <= c.day + p_after_days)
     and case when p_kind = 'birthday' then (c.joined_at at time zone c.zone)::date <= c.day
              else extract(year from c.joined_at at time zone c.zone) < extract(year from c.day) end
     and not exists (select 1 from benefits_gift g where g.member_id = c.member_id
                        and g.occasion = p_kind || '/' || extract(year from c.day) || case when p_before > 0 then '/' || p_before else '' end)
     and exists (select 1 from benefits_entitled(p_program, c.member_id, p_at) e
                   join benefits_benefit b on b.program_id = p_program and b.version = e.version and b.key = e.benefit
                  where e.kind = p_kind and e.comes_by_itself and b.before_days = p_before)
   order by c.member_id limit p_limit;
end $$;

-- Gifts that wait and whose local day has come.
create or replace function benefits_waiting_due(p_program int, p_at timestamptz, p_limit int) returns setof bigint
language sql stable as $$
  select g.id from benefits_gift g
    join members_facts f on f.member_id = g.member_id
    join programs_facts p on p.program_id = g.program_id
   where g.program_id = p_program and g.state = 'waiting' and g.due_on <= (p_at at time zone 'UTC')::date + 1
     and g.due_on <= (p_at at time zone coalesce(f.zone, p.zone))::date
   order by g.due_on, g.id limit p_limit
$$;

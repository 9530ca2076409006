-- The proofs of benefits, set-based: every row is a broken promise. `p_program` null: all programs.
create or replace function benefits_discrepancies(p_program int, p_limit int default 1000)
returns table (promise text, what text, program_id int, member_id uuid, expected text, found text) language sql stable as $$
  select * from (
    select 'E4' as promise, 'quota of ' || coalesce(q.benefit, u.benefit) || ' in ' || coalesce(q.period, u.period) as what,
           coalesce(q.program_id, u.program_id) as program_id, coalesce(q.member_id, u.member_id) as member_id,
           coalesce(u.n, 0)::text as expected, coalesce(q.used, 0)::text as found
      from (select * from benefits_quota x where p_program is null or x.program_id = p_program) q
      full join (select x.program_id, x.member_id, x.benefit, x.period, sum(x.times) as n from benefits_use x
                  where x.counted and x.state = 'used' and (p_program is null or x.program_id = p_program) group by 1, 2, 3, 4) u
        on (u.member_id, u.benefit, u.period) = (q.member_id, q.benefit, q.period)
     where coalesce(u.n, 0) <> coalesce(q.used, 0)
    union all
    select 'E5', 'gifts of ' || g.occasion, g.program_id, g.member_id, 'none is undone while it counts as given',
           count(*) || ' undone'
      from benefits_gift g join benefits_use u on u.gift_id = g.id and u.state = 'undone' and u.key like 'gift/' || g.occasion || '/' || g.round || '/%'
     where g.state = 'given' and (p_program is null or g.program_id = p_program)
       and not exists (select 1 from benefits_use x where x.gift_id = g.id and x.state = 'used')
     group by g.id
    union all
    select 'E2', 'a ' || h.kind || ' of somebody who was merged', h.program_id, h.member_id, 'with who she became', h.key
      from benefits_holding h join members_facts f on f.member_id = h.member_id
     where f.merged_into is not null and h.revoked_at is null and (p_program is null or h.program_id = p_program)
       and not exists (select 1 from benefits_holding x where x.member_id = f.merged_into and (x.kind, x.key, x.source) = (h.kind, h.key, h.source))
    union all
    select 'E3', 'use ' || u.id, u.program_id, u.member_id, 'a member of this program', coalesce(f.program_id::text, 'nobody')
      from benefits_use u left join members_facts f on f.member_id = u.member_id
     where (p_program is null or u.program_id = p_program) and f.program_id is distinct from u.program_id
  ) as faults order by 1, 2 limit p_limit
$$;

-- What a member is entitled to. The only place here that asks for levels and audiences.

-- Keys of what she holds of a kind at a moment.
create or replace function benefits_holds(p_member uuid, p_kind text, p_at timestamptz) returns text[]
language sql stable as $$
  select coalesce(array_agg(distinct h.key), '{}') from benefits_holding h
   where h.member_id = p_member and h.kind = p_kind and h.revoked_at is null and h.since <= p_at
     and (h.until is null or h.until > p_at)
$$;

-- The version whose benefits are hers: the one in force, or an older one whose terms she keeps.
create or replace function benefits_version_for(p_program int, p_member uuid, p_in_force int, p_at timestamptz) returns int
language plpgsql stable as $$
begin
  if not agreements_keeps(p_program) then return p_in_force; end if;
  return coalesce((select k.version from agreements_kept(p_program, array[p_member], p_at) k), p_in_force);
end $$;

-- Each benefit of the version whose terms are hers (or one of them) that she is entitled to, with the period it is in and what is
-- left of it. `is_open`: this day is one of its days; `has_left`: the quota allows one more. `via`: the first reason.
create or replace function benefits_entitled(p_program int, p_member uuid, p_at timestamptz, p_benefit text default null)
returns table (benefit text, version int, kind text, via text, level text, times int, period text, ends_at timestamptz,
  is_open boolean, used int, comes_by_itself boolean, cost_minor bigint, funder text, picked text[], pick smallint)
language plpgsql stable as $$
#variable_conflict use_column
declare v_version int; v_zone text; m record; v_levels text[]; v_plans text[]; v_packs text[]; v_audiences text[];
  v_today date; v_hers date; v_joined date;
begin
  select f.current_version, f.zone into v_version, v_zone from programs_facts f where f.program_id = p_program;
  v_version := benefits_version_for(p_program, p_member, v_version, p_at);
  if not exists (select 1 from benefits_benefit b where b.program_id = p_program and b.version = v_version) then return; end if;
  select f.joined_at, f.birth_month, f.birth_day, coalesce(f.zone, v_zone) as zone into m
    from members_facts f where f.member_id = p_member and f.program_id = p_program;
  if not found then return; end if;
  v_levels := tiers_levels_of(p_program, v_version, p_member);
  v_plans := benefits_holds(p_member, 'plan', p_at);
  v_packs := benefits_holds(p_member, 'pack', p_at);
  v_audiences := audiences_of(p_member, p_at);
  v_today := (p_at at time zone v_zone)::date;
  v_hers := (p_at at time zone m.zone)::date;
  v_joined := (m.joined_at at time zone v_zone)::date;
  return query
  with told as (
    select b.*, case when b.everyone then 'everyone'
        when b.levels && v_levels then 'level ' || (select x from unnest(b.levels) x where x = any (v_levels) limit 1)
        when b.plans && v_plans then 'plan ' || (select x from unnest(b.plans) x where x = any (v_plans) limit 1)
        when b.packs && v_packs then 'pack ' || (select x from unnest(b.packs) x where x = any (v_packs) limit 1)
        when b.audiences && v_audiences then 'audience ' || (select x from unnest(b.audiences) x where x = any (v_audiences) limit 1)
      end as direct
      from benefits_benefit b where b.program_id = p_program and b.version = v_version
  ), since as (  -- a membership year is counted from the plan or pack that entitles, else from joining
    select t.key, case when t.direct like 'plan %' or t.direct like 'pack %' then
        (select min((h.since at time zone v_zone)::date) from benefits_holding h
          where h.member_id = p_member and h.revoked_at is null and h.since <= p_at and (h.until is null or h.until > p_at)
            and h.kind = split_part(t.direct, ' ', 1) and h.key = split_part(t.direct, ' ', 2))
      else v_joined end as day
      from told t
  ), dated as (
    select t.*, s.day as since,
           case when t.kind in ('birthday', 'anniversary') then
             benefits_occasion(case when t.kind = 'birthday' then m.birth_month else extract(month from m.joined_at at time zone m.zone)::int end,
               case when t.kind = 'birthday' then m.birth_day else extract(day from m.joined_at at time zone m.zone)::int end,
               t.before_days, t.after_days, t.is_mar1, v_hers)
           else benefits_period_starts(t.period, v_today, s.day) end as starts
      from told t join since s on s.key = t.key
  ), timed as (
    select d.*, d.period || coalesce('/' || to_char(d.starts, 'YYYY-MM-DD'), '') as span,
           case when d.kind in ('birthday', 'anniversary') then ((d.starts + d.after_days + 1)::timestamp at time zone m.zone)
                else benefits_period_ends(d.period, d.starts, d.since)::timestamp at time zone v_zone end as ends,
           case when d.kind in ('birthday', 'anniversary')
                then d.starts is not null and (d.kind = 'birthday' or extract(year from d.starts) > extract(year from m.joined_at at time zone m.zone))
                when d.kind = 'member_day' then benefits_is_member_day(d.days, v_today) else true end as opened
      from dated d
  ), chosen as (
    select t.key, c.picked from timed t join benefits_choice c
        on c.member_id = p_member and c.benefit = t.key and c.period = t.span
     where t.pick is not null and t.direct is not null
  )
  select t.key, v_version, t.kind, coalesce(t.direct, 'choice ' || c.key), v_levels[1], t.times, t.span, t.ends, t.opened,
         coalesce(q.used, 0), t.comes_by_itself, t.cost_minor, t.funder, own.picked, t.pick
    from timed t
    left join lateral (select x.key from chosen x where t.direct is null and t.key = any (x.picked) and x.key = any (t.choices)
                        order by x.key limit 1) c on true
    left join chosen own on own.key = t.key
    left join benefits_quota q on q.member_id = p_member and q.benefit = t.key and q.period = t.span
   where coalesce(t.direct, c.key) is not null and (p_benefit is null or t.key = p_benefit)
   order by t.place;
end $$;

-- For conditions: the benefits that she may use at this moment, and her live plans. Choices themselves are none.
create or replace function benefits_of(p_program int, p_member uuid, p_at timestamptz)
returns table (benefits text[], plans text[]) language sql stable as $$
  select (select coalesce(array_agg(e.benefit order by e.benefit), '{}') from benefits_entitled(p_program, p_member, p_at) e
           where e.is_open and (e.times is null or e.used < e.times) and e.kind <> 'choice'
             and exists (select 1 from members_standing(p_member) m where m.status = 'active')),
         benefits_holds(p_member, 'plan', p_at)
$$;

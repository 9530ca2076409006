-- Who keeps the terms of before for a time is judged by the ladder of that version, and by the next one from when it began to
-- hold for her: each rule then begins at her own instant. A standing still names a rule (`ruled`) by when it was published, so
-- that whoever has come under the same rule goes on alike.

-- For members for whom a rule began later than for others: when each began. Everybody else is left out.
create or replace function tiers_begins(p_program int, p_ladder text, p_rules tiers_rule[], p_members uuid[])
returns table (member_id uuid, begins timestamptz[]) language plpgsql stable set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
begin
  return query
  with told as (  -- what judges from the beginning has no version to wait for
    select i, (p_rules[i]).since as since,
           (select min(x.version) from tiers_ladder x
             where x.program_id = p_program and x.ladder = p_ladder and x.since = (p_rules[i]).since and i > 1
               and x.since > '0001-01-02 00:00:00+00') as version
      from generate_subscripts(p_rules, 1) i),
  each as (
    select e.member_id, t.i, t.since, max(e.ends) filter (where e.version <= t.version) as ends
      from agreements_ends(p_program, p_members) e cross join told t group by e.member_id, t.i, t.since)
  select x.member_id, array_agg(greatest(x.since, x.ends) order by x.i)
    from each x group by x.member_id having bool_or(x.ends > x.since);
end $$;

-- The rules as they began for one member; one that gave way to the next as it began has never held.
create or replace function tiers_rules_from(p_rules tiers_rule[], p_begins timestamptz[]) returns tiers_rule[]
language plpgsql immutable as $$
declare v tiers_rule[] := '{}'; n int := cardinality(p_rules);
begin
  for k in 1 .. n loop
    continue when k < n and p_begins[k + 1] <= p_begins[k];
    p_rules[k].since := p_begins[k];
    v := v || p_rules[k];
  end loop;
  return v;
end $$;

-- The walk by rules that began at `p_begins`. A state that her instants contradict (a yes of somebody who was merged into her
-- has become hers) is walked anew.
create or replace function tiers_walk_from(p_begins timestamptz[], p_rules tiers_rule[], p_zone text, p_joined date, p_days date[],
  p_froms timestamptz[], p_sums bigint[], p_off_days date[], p_off_at timestamptz[], p_off_m smallint[], p_off bigint[],
  p_state tiers_state, p_until timestamptz) returns tiers_state language plpgsql immutable as $$
declare s tiers_state := p_state; i int;
begin
  if s.level is not null then
    select max(k) into i from generate_subscripts(p_rules, 1) k where (p_rules[k]).since = s.ruled;
    if p_begins[i] <= s.walked_to and (i = cardinality(p_rules) or (p_begins[i + 1] >= s.walked_to and p_begins[i + 1] > p_begins[i])) then
      s.ruled := p_begins[i];
    else
      s := null;
    end if;
  end if;
  s := tiers_walk(tiers_rules_from(p_rules, p_begins), p_zone, p_joined, p_days, p_froms, p_sums, p_off_days, p_off_at, p_off_m, p_off, s, p_until);
  select max(k) into i from generate_subscripts(p_rules, 1) k where p_begins[k] = s.ruled;
  s.ruled := (p_rules[i]).since;
  return s;
end $$;

-- A review in a program that kept old terms, now or once: each member by the version whose terms are hers at `p_now`. All
-- standings are locked in order of member before the first of them is judged.
create or replace function tiers_review_by_terms(
  p_program int, p_version int, p_members uuid[], p_cause text, p_now timestamptz, p_announce boolean,
  out seen bigint, out raised bigint, out lowered bigint
) language plpgsql set plan_cache_mode = force_custom_plan as $$
declare g record; x record;
begin
  seen := 0; raised := 0; lowered := 0;
  insert into tiers_standing (member_id, ladder, program_id, ladder_place, level, since, version, by)
    select w.member_id, l.ladder, p_program, l.place, null, null, l.version, 'earned'
      from tiers_terms_of(p_program, p_version, p_members, p_now) w
      join tiers_ladder l on l.program_id = p_program and l.version = w.version
     where not exists (select 1 from tiers_standing s where s.member_id = w.member_id and s.ladder = l.ladder)
     order by w.member_id, l.ladder
    on conflict do nothing;
  perform 1 from tiers_standing s where s.member_id = any (p_members) order by s.member_id, s.ladder for update;
  for g in select w.version, array_agg(w.member_id order by w.member_id) as members, array_agg(w.until order by w.member_id) as untils
             from tiers_terms_of(p_program, p_version, p_members, p_now) w group by w.version order by w.version loop
    select * into x from tiers_review_some(p_program, g.version, g.members, p_cause, p_now, p_announce);
    seen := seen + x.seen; raised := raised + x.raised; lowered := lowered + x.lowered;
    -- she is looked at when her time is over; a ladder that she has no more has nothing to come
    update tiers_standing s set look_at = case when l.ladder is not null then least(s.look_at, u.until) end
      from unnest(g.members, g.untils) u(member_id, until)
     cross join (select distinct k.ladder from tiers_standing k where k.member_id = any (g.members)) h
      left join tiers_ladder l on l.program_id = p_program and l.version = g.version and l.ladder = h.ladder
     where s.member_id = u.member_id and s.ladder = h.ladder
       and s.look_at is distinct from case when l.ladder is not null then least(s.look_at, u.until) end;
  end loop;
end $$;

-- The version whose terms are each member's at an instant, and until when, if not for good.
create or replace function tiers_terms_of(p_program int, p_version int, p_members uuid[], p_at timestamptz)
returns table (member_id uuid, version int, until timestamptz) language plpgsql stable as $$
begin
  return query
  select m, coalesce(k.version, p_version), k.until
    from unnest(p_members) m
    left join (select e.member_id, min(e.before_version) as version, min(e.ends) as until
                 from agreements_ends(p_program, p_members) e where e.applied_at <= p_at and e.ends > p_at group by 1) k on k.member_id = m;
end $$;

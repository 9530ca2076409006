-- One ladder of a review: who stands elsewhere now, and what is told of it.
create or replace function tiers_settle(
  p_program int, p_version int, p_zone text, p_ladder text, p_place smallint, p_body jsonb, p_members uuid[], p_cause text,
  p_now timestamptz, p_announce boolean, out seen bigint, out raised bigint, out lowered bigint
) language plpgsql set plan_cache_mode = force_custom_plan as $$  -- everybody is asked otherwise than one is
#variable_conflict use_column
declare v_rules tiers_rule[] := tiers_rules(p_program, p_ladder, p_version); v_plain boolean := tiers_is_plain(p_body); r tiers_rule;
        v_reachable boolean := jsonb_path_exists(p_body, '$.levels[*].milestones[*]'); v_settled uuid[]; v_movers tiers_mover[];
begin
  r := v_rules[cardinality(v_rules)];
  if not v_plain and not v_reachable and cardinality(p_members) > 1 and tiers_walks_alike(r) then
    select q.settled, q.movers into v_settled, v_movers
      from tiers_settle_quiet(p_program, p_version, p_zone, p_ladder, p_place, v_rules, p_members, p_now) q;
    if v_settled is not null then p_members := array(select unnest(p_members) except select unnest(v_settled)); end if;
  end if;
  with judged as materialized (
    select j.*, coalesce(j.old_level, r.keys[1]) as was, coalesce(array_position(r.keys, j.old_level) - 1, 0) as old_place,
           case when (j.s).falls_on is not null and j.by = 'earned' and r.notice_days is not null
                 and greatest(j.given, array_position(r.keys, (j.s).falls_to) - 1) < j.place
                then tiers_midnight(((j.s).falls_on at time zone p_zone)::date - r.notice_days, p_zone) end as notice_at
      from tiers_judge(p_program, p_zone, p_ladder, v_rules, v_plain, p_members, p_now) j),
  now_stands as (
    select j.*, j.level <> j.was as has_moved,
           coalesce(j.notice_at <= p_now and j.old_falls is distinct from (j.s).falls_on, false) as is_told,
           case when j.by = 'locked' then 'locked' when j.by = 'granted' then 'granted'
                when j.old_by = 'locked' then 'unlocked' when j.old_by = 'granted' then 'grant ended'
                when v_plain or j.old_walked is null or (j.s).since > j.old_walked then
                  coalesce((j.s).why, case when j.place > j.old_place then 'reached' else 'not kept' end)
                when j.place > j.old_place then 'told late' else 'taken back' end as why
      from judged j),
  kept as (
    update tiers_standing t
       set level = n.level, version = p_version, ladder_place = p_place, by = n.by,
           since = case when n.by = 'earned' and not v_plain then (n.s).since  -- null: by the facts she never stood elsewhere
                        when n.has_moved then p_now else t.since end,
           earned = (n.s).level, earned_since = (n.s).since, anchor = (n.s).anchor, valid_until = (n.s).valid_until,
           grace_until = (n.s).grace_until, ruled = (n.s).ruled, why = (n.s).why, walked_to = (n.s).walked_to, seen = n.seq,
           amounts = (n.s).amounts, falls_on = (n.s).falls_on, falls_to = (n.s).falls_to,
           rises_on = (n.s).rises_on, rises_to = (n.s).rises_to, still_from = (n.s).still_from,
           told_for = case when n.is_told then (n.s).falls_on else t.told_for end,
           look_at = least((n.s).look_at, n.given_until,
                           case when n.old_falls is distinct from (n.s).falls_on and not n.is_told then n.notice_at end)
      from now_stands n
     where t.member_id = n.member_id and t.ladder = p_ladder
  ), movers as materialized (
    select n.member_id, n.was, n.old_place, n.level, n.place, coalesce((n.s).amounts[1], 0) as value,
           case when n.by = 'earned' then (n.s).since end as since, n.why from now_stands n where n.has_moved
     union all
    select m.* from unnest(v_movers) m
  ), moved as (
    insert into tiers_move (program_id, member_id, ladder, from_level, to_level, value, cause, version, moved_at, effective_at, why)
      select p_program, m.member_id, p_ladder, m.was, m.level, m.value, p_cause, p_version, p_now, coalesce(m.since, p_now), m.why
        from movers m order by m.member_id
  ), reached as (
    insert into tiers_milestone (program_id, member_id, ladder, level, milestone, period, value, version, reached_at)
      select p_program, n.member_id, p_ladder, m.level, m.milestone,
             case when r.period in ('calendar_year', 'anniversary') then coalesce((n.s).window_from::text, '') else '' end,
             (n.s).amounts[1], p_version, p_now
        from now_stands n
        join (select l.value ->> 'key' as level, l.ordinality - 1 as place, x.value ->> 'key' as milestone, (x.value ->> 'at')::bigint as at
                from jsonb_array_elements(p_body -> 'levels') with ordinality l, jsonb_array_elements(l.value -> 'milestones') x) m
          on m.place <= n.place and m.at <= (n.s).amounts[1]
       where v_reachable
       order by n.member_id, m.place, m.at
      on conflict do nothing
      returning member_id, level, milestone, value
  ), announced as (
    insert into kernel_fact (program_id, member_id, kind, body, announced_at)
      select p_program, x.member_id, x.kind, x.body, p_now from (
        select m.member_id, 1 as o, case when m.place > m.old_place then 'TierRaised' else 'TierLowered' end as kind,
               jsonb_build_object('member_id', m.member_id, 'ladder', p_ladder, 'from_level', m.was, 'to_level', m.level,
                                  'version', p_version, 'cause', p_cause, 'why', m.why) as body
          from movers m where m.place <> m.old_place
        union all
        select m.member_id, 2, 'MilestoneReached',
               jsonb_build_object('member_id', m.member_id, 'ladder', p_ladder, 'level', m.level, 'milestone', m.milestone,
                                  'value', m.value, 'version', p_version)
          from reached m
        union all
        select n.member_id, 3, 'FallAhead',
               jsonb_build_object('member_id', n.member_id, 'ladder', p_ladder, 'level', n.level,
                                  'falls_to', r.keys[1 + greatest(n.given, array_position(r.keys, (n.s).falls_to) - 1)],
                                  'falls_at', (n.s).falls_on, 'on', ((n.s).falls_on at time zone p_zone)::date, 'version', p_version)
          from now_stands n where r.notice_days is not null and n.is_told) x
       where p_announce order by x.member_id, x.o
  )
  select (select count(*) from now_stands) + coalesce(cardinality(v_settled), 0), count(*) filter (where m.place > m.old_place),
         count(*) filter (where m.place < m.old_place)
    into seen, raised, lowered from movers m;
end $$;

-- Whom a night has to look at, after one member in order of ids: whose time has come, and whose journal has grown unseen.
create or replace function tiers_due(p_program int, p_after uuid, p_at timestamptz, p_limit int) returns setof uuid
language plpgsql stable set plan_cache_mode = force_custom_plan set enable_seqscan = off set enable_sort = off set enable_hashagg = off as $$
declare
  v_due uuid[] := array(select distinct s.member_id from tiers_standing s
                         where s.program_id = p_program and s.member_id > p_after and s.look_at <= p_at order by 1 limit p_limit);
  -- books are searched no further than this batch goes, so that all batches together read them once
  v_last uuid := coalesce(v_due[p_limit], 'ffffffff-ffff-ffff-ffff-ffffffffffff');
begin
  return query
  select x.member_id from (
    select unnest(v_due) as member_id
     union
    (select a.member_id from ledger_account_facts a
      where a.program_id = p_program and a.member_id > p_after and a.member_id <= v_last and a.seq > 0
        and not exists (select 1 from tiers_standing s where s.member_id = a.member_id and s.member_id > p_after
                           and s.member_id <= v_last and s.seen >= a.seq)
      order by a.member_id limit p_limit)) x
   order by 1 limit p_limit;
end $$;

-- Who would stand elsewhere if a ladder were told as `p_body`, from now on: everybody that applying it would move, at once.
create or replace function tiers_foresee(p_program int, p_version int, p_ladder text, p_body jsonb, p_now timestamptz)
returns table (from_level text, to_level text, members bigint, is_lower boolean, sample uuid[]) language plpgsql stable as $$
#variable_conflict use_column
declare v_rules tiers_rule[] := tiers_rules(p_program, p_ladder, p_version); v_zone text; r tiers_rule := tiers_rule_of(p_body, p_now);
        v_kept uuid[] := '{}';  -- whom nothing new moves before she has confirmed
begin
  if agreements_keeps(p_program) then
    v_kept := array(select distinct e.member_id from agreements_ends(p_program, null) e where e.applied_at <= p_now and e.ends > p_now);
  end if;
  if v_rules is null or (v_rules[1]).measures <> r.measures then v_rules := '{}'; r.since := '0001-01-02 00:00:00+00'; end if;
  select f.zone into v_zone from programs_facts f where f.program_id = p_program;
  return query
  select coalesce(j.old_level, r.keys[1]), j.level, count(*),
         j.place < coalesce(array_position(r.keys, j.old_level) - 1, case when j.old_level is null then 0 else r.places end),
         (array_agg(j.member_id order by j.member_id))[1:5]
    from tiers_judge(p_program, v_zone, p_ladder, v_rules || r, tiers_is_plain(p_body), null, p_now) j
   where j.level <> coalesce(j.old_level, r.keys[1])
     and not exists (select 1 from unnest(v_kept) m where m = j.member_id)
   group by 1, 2, 4 order by 1, 2;
end $$;

-- T2, T7: who does not stand where the facts put her, walked again from the beginning; and whom a boundary passed over.
create or replace function tiers_wrong(p_program int, p_late timestamptz)
returns table (promise text, program_id int, member_id uuid, ladder text, what text, expected text, found text)
language plpgsql stable as $$
#variable_conflict use_column
declare l record;
begin
  for l in select x.program_id, x.ladder, x.version, x.body, f.zone
             from tiers_ladder x join programs_facts f on f.program_id = x.program_id
            where (p_program is null or x.program_id = p_program)
              and exists (select 1 from tiers_standing s where s.program_id = x.program_id and s.ladder = x.ladder and s.version = x.version) loop
    return query
    select 'T2', l.program_id, s.member_id, l.ladder, 'stands wrong', j.level, coalesce(s.level, 'nowhere')
      from tiers_judge(l.program_id, l.zone, l.ladder, tiers_rules(l.program_id, l.ladder, l.version), tiers_is_plain(l.body),
                       array(select x.member_id from tiers_standing x where x.program_id = l.program_id and x.ladder = l.ladder and x.version = l.version),
                       now(), true) j
      join tiers_standing s on s.member_id = j.member_id and s.ladder = l.ladder and s.version = l.version
     where (s.level is distinct from j.level
            or (s.walked_to is not null and not tiers_is_plain(l.body)
                and (s.valid_until, s.grace_until) is distinct from ((j.s).valid_until, (j.s).grace_until)))
       and not exists (select 1 from kernel_fact f where f.done_at is null and f.dead_at is null
                          and f.kind not in ('TierRaised', 'TierLowered', 'MilestoneReached', 'FallAhead')
                          and f.member_id = s.member_id and f.program_id = s.program_id);
  end loop;
  return query
  select 'T11', s.program_id, s.member_id, s.ladder, 'judged by other terms than hers', 'version ' || k.version, 'version ' || s.version
    from (select f.program_id from programs_facts f
           where (p_program is null or f.program_id = p_program) and agreements_keeps(f.program_id)) p
   cross join lateral (
     select t.member_id, t.ladder, t.program_id, t.version, t.walked_to, min(e.before_version) as version_then
       from agreements_ends(p.program_id, null) e
       join tiers_standing t on t.member_id = e.member_id and e.applied_at <= t.walked_to and e.ends > t.walked_to
      and t.seen is distinct from -1  -- the next night walks her anew
      group by 1, 2, 3, 4, 5) s
   cross join lateral (select s.version_then as version) k
   where s.version <> k.version
     and exists (select 1 from tiers_ladder l where l.program_id = s.program_id and l.version = k.version and l.ladder = s.ladder);
  return query
  select 'T7', s.program_id, s.member_id, s.ladder, 'a boundary passed her over', 'looked at by ' || s.look_at, coalesce(s.walked_to::text, 'never')
    from tiers_standing s where (p_program is null or s.program_id = p_program) and s.look_at < p_late;
end $$;

-- Who stands alike (`alike.sql`) is settled here, by one statement over narrow rows: a walk for each likeness that there is, an
-- update for each member. Who is told something, was given a level, or of whom there is news, is left to `tiers_settle`, which
-- also writes down who of these moved. The caller has locked the standings.
do $$ begin
  if to_regtype('tiers_mover') is null then
    create type tiers_mover as (member_id uuid, was text, old_place int, level text, place int, value bigint, since timestamptz, why text);
  end if;
end $$;

create or replace function tiers_settle_quiet(p_program int, p_version int, p_zone text, p_ladder text, p_place smallint,
  p_rules tiers_rule[], p_members uuid[], p_now timestamptz, out settled uuid[], out movers tiers_mover[])
language plpgsql set jit = off set plan_cache_mode = force_custom_plan as $$
declare r tiers_rule := p_rules[cardinality(p_rules)]; v_joined boolean := 'anniversary' in (r.period, r.validity);
        v_one bigint[] := tiers_marks(r, 1); v_two bigint[] := tiers_marks(r, 2); v_three bigint[] := tiers_marks(r, 3); v_four bigint[] := tiers_marks(r, 4);
        n int := cardinality(r.measures);
begin
  with mine as materialized (
    select t.ctid as tid, t.earned, t.valid_until, t.grace_until, t.why, t.amounts, t.earned_since, t.anchor, t.told_for, t.walked_to,
           case when r.validity = 'months' then t.anchor end as months_from, j.day as joined,
           width_bucket(t.amounts[1], v_one) as one, case when n > 1 then width_bucket(t.amounts[2], v_two) end as two,
           case when n > 2 then width_bucket(t.amounts[3], v_three) end as three, case when n > 3 then width_bucket(t.amounts[4], v_four) end as four,
           case when not r.is_at_once then
             tiers_midnight(case r.period when 'lifetime' then date_trunc('month', t.walked_to at time zone p_zone)::date
                                          else tiers_window(r, j.day, (t.walked_to at time zone p_zone)::date) end, p_zone) end as period_at,
           case r.period when 'lifetime' then '-infinity'
                         when 'calendar_year' then date_trunc('year', case when t.grace_until is null then t.walked_to at time zone p_zone
                                                        else (t.valid_until at time zone p_zone) - interval '1 day' end)::date
                         else tiers_window(r, j.day, (case when t.grace_until is null then t.walked_to at time zone p_zone
                                                        else (t.valid_until at time zone p_zone) - interval '1 day' end)::date) end as window_from
      from tiers_standing t
      join ledger_account_facts a on a.member_id = t.member_id and a.seq = t.seen
      left join (select m.member_id, (m.joined_at at time zone p_zone)::date as day
                   from members_facts m where v_joined and m.program_id = p_program and m.member_id = any (p_members)) j on j.member_id = t.member_id
     where t.member_id = any (p_members) and t.program_id = p_program and a.program_id = p_program
       and t.ladder = p_ladder and t.by = 'earned' and t.level = t.earned
       and t.ruled = r.since and t.walked_to <= p_now and t.still_from <= t.walked_to
       and (t.grace_until is null or r.period = 'lifetime' or t.still_from < t.valid_until)
       and not exists (select 1 from tiers_given g where g.member_id = t.member_id and g.ladder = p_ladder and g.ended_at is null)),
  likenesses as (
    select distinct m.earned, m.valid_until, m.grace_until, m.why, m.months_from, m.joined, m.one, m.two, m.three, m.four, m.period_at, m.window_from
      from mine m),
  walked as (
    select l.*, tiers_walk_for_all(p_rules, p_zone, coalesce(l.joined, 'infinity'),
             row(l.earned, null, l.months_from, l.valid_until, l.grace_until, r.since, l.why,
                 coalesce(l.period_at, '0001-01-03 00:00:00+00'),  -- only the period that it lies in is asked for
                 (array[coalesce(v_one[l.one], 0), coalesce(v_two[l.two], 0), coalesce(v_three[l.three], 0), coalesce(v_four[l.four], 0)])[1:n],
                 null, null, null, null, null, l.window_from, null, null)::tiers_state, p_now) as way
      from likenesses l offset 0),
  ways as materialized (
    select w.earned, coalesce(w.valid_until, 'infinity') as valid_until, coalesce(w.grace_until, 'infinity') as grace_until, coalesce(w.why, '') as why,
           coalesce(w.months_from, 'infinity') as months_from, coalesce(w.joined, 'infinity') as joined, w.one, coalesce(w.two, 0) as two,
           coalesce(w.three, 0) as three, coalesce(w.four, 0) as four, coalesce(w.period_at, 'infinity') as period_at, w.window_from,
           (w.way).level as level, (w.way).place as place, array_position(r.keys, w.earned) - 1 as old_place, (w.way).since as new_since, (w.way).anchor as new_anchor, (w.way).valid_until as new_valid, (w.way).grace_until as new_grace,
           (w.way).why as new_why, case when (w.way).window_from <> w.window_from then (w.way).amounts end as new_amounts,
           (w.way).look_at, (w.way).falls_on, (w.way).falls_to, (w.way).rises_on, (w.way).rises_to,
           case when array_position(r.keys, (w.way).falls_to) - 1 < (w.way).place then  -- as is told of it
             tiers_midnight(((w.way).falls_on at time zone p_zone)::date - r.notice_days, p_zone) end as notice_at
      from walked w),
  kept as (
    update tiers_standing t
       set level = w.level, earned = w.level, version = p_version, ladder_place = p_place, since = coalesce(w.new_since, m.earned_since),
           earned_since = coalesce(w.new_since, m.earned_since), anchor = coalesce(w.new_anchor, m.anchor), valid_until = w.new_valid,
           grace_until = w.new_grace, why = w.new_why, walked_to = p_now, amounts = coalesce(w.new_amounts, m.amounts),
           falls_on = w.falls_on, falls_to = w.falls_to, rises_on = w.rises_on, rises_to = w.rises_to,
           look_at = least(w.look_at, case when m.told_for is distinct from w.falls_on then w.notice_at end)
      from mine m
      join ways w on w.joined = coalesce(m.joined, 'infinity') and w.earned = m.earned and w.valid_until = coalesce(m.valid_until, 'infinity') and w.grace_until = coalesce(m.grace_until, 'infinity')
                 and w.why = coalesce(m.why, '') and w.months_from = coalesce(m.months_from, 'infinity')
                 and w.one = m.one and w.two = coalesce(m.two, 0) and w.three = coalesce(m.three, 0) and w.four = coalesce(m.four, 0)
                 and w.period_at = coalesce(m.period_at, 'infinity') and w.window_from = m.window_from
     where t.ctid = m.tid and not coalesce(w.notice_at <= p_now and m.told_for is distinct from w.falls_on, false)
    returning t.member_id, m.earned as was, w.old_place, t.level, w.place, t.amounts[1] as value, t.since,
              case when t.since > m.walked_to then t.why when w.place > w.old_place then 'told late' else 'taken back' end as way)
  select array_agg(k.member_id),
         array_agg(row(k.member_id, k.was, k.old_place, k.level, k.place, k.value, k.since, k.way)::tiers_mover) filter (where k.level <> k.was)
    into settled, movers from kept k;
end $$;

-- One batch of a night: whom it has to look at (by `p_at`) after one member, reviewed (at `p_now`, since a night may run late); the last of them, null when nobody is left. Where a
-- ladder is walked member by member, the batch is small, so that nobody waits long for a lock; else five times as large.
create or replace function tiers_night(p_program int, p_version int, p_after uuid, p_at timestamptz, p_now timestamptz, p_limit int)
returns uuid language plpgsql as $$
declare
  v_alike boolean := (select bool_and(tiers_is_plain(l.body) or tiers_walks_alike(tiers_rule_of(l.body, l.since)))
                        from tiers_ladder l where l.program_id = p_program and l.version = p_version);
  v_due uuid[] := array(select * from tiers_due(p_program, p_after, p_at, case when v_alike then 5 else 1 end * p_limit));
begin
  if cardinality(v_due) = 0 then return null; end if;
  perform tiers_review(p_program, p_version, v_due, 'night', p_now, true);
  return v_due[cardinality(v_due)];
end $$;

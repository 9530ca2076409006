-- The rules of a ladder as they followed each other, up to a version. The same rules said again are one; a ladder on other
-- measures begins anew, as if it had always been so.
create or replace function tiers_rules(p_program int, p_ladder text, p_version int) returns tiers_rule[] language plpgsql stable as $$
declare v tiers_rule[];
begin
  with told as (
    select x.version, x.since, x.digest, x.body, lag(x.digest) over (order by x.version) as before
      from tiers_ladder x where x.program_id = p_program and x.ladder = p_ladder and x.version <= p_version),
  ours as (
    select t.version, t.since, tiers_rule_of(t.body, t.since) as rule
      from told t where t.digest is distinct from t.before),
  last as (select (o.rule).measures as measures from ours o order by o.version desc limit 1),
  kept as (
    select o.* from ours o
     where o.version > coalesce((select max(b.version) from ours b, last l where (b.rule).measures <> l.measures), -1))
  select array_agg(k.rule order by k.version) into v from kept k;
  if v is not null then v[1].since := '0001-01-02 00:00:00+00'; end if;
  return v;
end $$;

-- A ladder's entry of the document as the walk reads it.
create or replace function tiers_rule_of(p_body jsonb, p_since timestamptz) returns tiers_rule language plpgsql immutable as $$
declare r tiers_rule; v jsonb := p_body -> 'validity';
begin
  r.since := p_since;
  r.measures := case when p_body ? 'measures' then array(select jsonb_array_elements_text(p_body -> 'measures')) else array[p_body ->> 'measure'] end;
  select array_agg(l.value ->> 'key' order by l.ordinality), count(*) into r.keys, r.places
    from jsonb_array_elements(p_body -> 'levels') with ordinality l;
  select array_agg(case when (l.value ->> 'paid')::boolean then null else tiers_threshold(l.value -> 'enter', m.unit) end order by l.ordinality, m.o),
         array_agg(case when (l.value ->> 'paid')::boolean then null
                        else tiers_threshold(coalesce(l.value -> 'keep', l.value -> 'enter'), m.unit) end order by l.ordinality, m.o)
    into r.enters, r.keeps
    from jsonb_array_elements(p_body -> 'levels') with ordinality l, unnest(r.measures) with ordinality m(unit, o);
  r.is_all := p_body ->> 'match' = 'all';
  r.period := coalesce(p_body -> 'window' ->> 'kind', 'lifetime');
  r.months := (p_body -> 'window' ->> 'months')::int;
  r.validity := case when v is null then 'none' when v ? 'months' then 'months' else v ->> 'to' end;
  r.lasts := coalesce((v ->> 'months')::int, (v ->> 'years')::int, 1);
  r.grace_days := coalesce((p_body ->> 'grace_days')::int, 0);
  r.is_at_once := coalesce(p_body ->> 'upgrade', 'at_once') = 'at_once';
  r.downgrade := coalesce(p_body ->> 'downgrade', 'to_earned');
  r.keeps_returned := coalesce(p_body ->> 'on_return', 'take_back') = 'keep';
  r.notice_days := (p_body ->> 'notice_before_fall_days')::int;
  return r;
end $$;

create or replace function tiers_threshold(p_said jsonb, p_unit text) returns bigint language sql immutable as $$
  select case jsonb_typeof(p_said) when 'object' then (p_said ->> p_unit)::bigint else (p_said #>> '{}')::bigint end $$;

-- A ladder without windows, validity or second thresholds needs no walk: its present amounts say it all.
create or replace function tiers_is_plain(p_body jsonb) returns boolean language sql immutable as $$
  select coalesce(p_body -> 'window' ->> 'kind', 'lifetime') = 'lifetime' and p_body -> 'validity' is null
     and coalesce(p_body ->> 'upgrade', 'at_once') = 'at_once' and coalesce(p_body ->> 'downgrade', 'to_earned') = 'to_earned'
     and coalesce((p_body ->> 'grace_days')::int, 0) = 0
     and not jsonb_path_exists(p_body, '$.levels[*].keep') $$;

-- The dated facts of members' measures as the walk reads them; only of members who have any.
create or replace function tiers_facts(p_program int, p_zone text, r tiers_rule, p_returned boolean, p_members uuid[])
returns table (member_id uuid, days date[], froms timestamptz[], sums bigint[],
               off_days date[], off_at timestamptz[], off_m smallint[], off bigint[]) language plpgsql stable set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare n int := cardinality(r.measures);
begin
  return query
  with facts as (
    select f.member_id, f.counts_from, f.counts_until, array_position(r.measures, f.unit)::smallint as m, f.amount, f.seq
      from ledger_measure_facts f
     where f.program_id = p_program and f.unit = any (r.measures) and (p_members is null or f.member_id = any (p_members))
    union all
    select t.member_id, t.counts_from, t.counts_until, array_position(r.measures, t.unit)::smallint, t.amount, 0
      from ledger_measure_taken_facts t
     where p_returned and t.program_id = p_program and t.unit = any (r.measures)
       and (p_members is null or t.member_id = any (p_members))),
  running as (
    select f.*, (f.counts_from at time zone p_zone)::date as day,
           row_number() over w as o, sum(f.amount) filter (where f.m = 1) over w as c1, sum(f.amount) filter (where f.m = 2) over w as c2,
           sum(f.amount) filter (where f.m = 3) over w as c3, sum(f.amount) filter (where f.m = 4) over w as c4
      from facts f
    window w as (partition by f.member_id order by f.counts_from, f.seq, f.m, f.amount rows unbounded preceding)),
  ended as (
    select e.member_id, array_agg(e.day order by e.counts_until, e.o) as days, array_agg(e.counts_until order by e.counts_until, e.o) as at,
           array_agg(e.m order by e.counts_until, e.o) as m, array_agg(e.amount order by e.counts_until, e.o) as amounts
      from running e where e.counts_until < 'infinity' group by e.member_id)
  select x.member_id, x.days, x.froms, x.sums, e.days, e.at, e.m, e.amounts
    from (select o.member_id, array_agg(o.day order by o.o) as days, array_agg(o.counts_from order by o.o) as froms,
                 array_agg(coalesce(o.c1, 0)::bigint order by o.o)
                   || case when n > 1 then array_agg(coalesce(o.c2, 0)::bigint order by o.o) end
                   || case when n > 2 then array_agg(coalesce(o.c3, 0)::bigint order by o.o) end
                   || case when n > 3 then array_agg(coalesce(o.c4, 0)::bigint order by o.o) end as sums
            from running o group by o.member_id) x
    left join ended e on e.member_id = x.member_id;
end $$;

-- Where members stand on one ladder at `p_now`: what they earned, and what was given or locked by hand. Who was walked
-- before and has no new journal is walked on from there; everybody else, or all if `p_afresh`, from the beginning (then each
-- up to where she was walked last). `p_members` null: everybody.
create or replace function tiers_judge(p_program int, p_zone text, p_ladder text, p_rules tiers_rule[], p_is_plain boolean,
  p_members uuid[], p_now timestamptz, p_afresh boolean default false)
returns table (member_id uuid, seq bigint, old_level text, old_by text, old_walked timestamptz, old_falls timestamptz,
               level text, place int, given int, by text, given_until timestamptz, s tiers_state)
language plpgsql stable set jit = off set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare r tiers_rule := p_rules[cardinality(p_rules)]; v_returned boolean; v_joined boolean; v_alike boolean := not p_afresh and not p_is_plain and tiers_walks_alike(r);
        v_keeps boolean := not p_is_plain and cardinality(p_rules) > 1 and agreements_keeps(p_program);
        v_one bigint[] := tiers_marks(r, 1); v_two bigint[] := tiers_marks(r, 2); v_three bigint[] := tiers_marks(r, 3); v_four bigint[] := tiers_marks(r, 4);
begin
  select bool_or(x.keeps_returned), bool_or('anniversary' in (x.period, x.validity)) into v_returned, v_joined from unnest(p_rules) x;
  return query
  with who as materialized (
    select coalesce(a.member_id, t.member_id) as member_id, coalesce(a.seq, 0) as seq, t.level, t.by, t.told_for, t.walked_to,
           case when not p_afresh and t.walked_to is not null and t.seen = a.seq and t.walked_to <= p_now
                     and t.ruled = any (select x.since from unnest(p_rules) x)
                then row(t.earned, t.earned_since, t.anchor, t.valid_until, t.grace_until, t.ruled, t.why, t.walked_to,
                         t.amounts, null, null, null, null, null, null, null, t.still_from)::tiers_state end as state,
           -- nothing new since she was walked, and nothing known was to come: who stands like her goes her way
           coalesce(v_alike and t.seen = a.seq and t.ruled = r.since and t.walked_to <= p_now and t.still_from <= t.walked_to
                    and (t.grace_until is null or r.period = 'lifetime' or t.still_from < t.valid_until), false) as is_alike,
           case when t.grace_until is null then t.walked_to at time zone p_zone
                else (t.valid_until at time zone p_zone) - interval '1 day' end as counted_on,
           case when p_afresh then coalesce(t.walked_to, p_now) else p_now end as at
      from (select f.* from ledger_account_facts f where f.program_id = p_program and (p_members is null or f.member_id = any (p_members))) a
      full join (select x.* from tiers_standing x where x.program_id = p_program and x.ladder = p_ladder
                    and (p_members is null or x.member_id = any (p_members))) t on t.member_id = a.member_id),
  balances as (
    select b.member_id, array_agg(b.active order by array_position(r.measures, b.unit)) as amounts
      from tiers_measure_facts b
     where p_is_plain and b.program_id = p_program and b.unit = any (r.measures) and (p_members is null or b.member_id = any (p_members))
     group by b.member_id),
  joined as (
    select m.member_id, (m.joined_at at time zone p_zone)::date as day
      from members_facts m where v_joined and m.program_id = p_program and (p_members is null or m.member_id = any (p_members))),
  like_others as (
    select w.member_id, w.state, case when 'anniversary' in (r.period, r.validity) then j.day end as joined,
           row((w.state).level, null, case when r.validity = 'months' then (w.state).anchor end, (w.state).valid_until,
               (w.state).grace_until, (w.state).ruled, (w.state).why,
               case when r.is_at_once then '0001-01-03 00:00:00+00'  -- only the period that it lies in is asked for
                    else tiers_midnight(case r.period when 'lifetime' then date_trunc('month', (w.state).walked_to at time zone p_zone)::date
                                                      else tiers_window(r, j.day, ((w.state).walked_to at time zone p_zone)::date) end, p_zone) end,
               tiers_below_marks((w.state).amounts, v_one, v_two, v_three, v_four), null, null, null, null, null,
               case r.period when 'lifetime' then '-infinity'
                             when 'calendar_year' then date_trunc('year', w.counted_on)::date
                             else tiers_window(r, j.day, w.counted_on::date) end,
               null, null)::tiers_state as likeness
      from who w left join joined j on j.member_id = w.member_id
     where w.is_alike),
  ways as materialized (
    select l.likeness, l.joined, tiers_walk_for_all(p_rules, p_zone, l.joined, l.likeness, p_now) as way
      from (select distinct o.likeness, coalesce(o.joined, 'infinity') as joined from like_others o) l),
  own as materialized (  -- for whom rules began at instants of her own
    select x.* from tiers_begins(p_program, p_ladder, p_rules, p_members) x where v_keeps),
  walked as materialized (
    select w.member_id,
           case when o.begins is null then
             tiers_walk(p_rules, p_zone, j.day, f.days, f.froms, f.sums, f.off_days, f.off_at, f.off_m, f.off, w.state, w.at)
           else tiers_walk_from(o.begins, p_rules, p_zone, j.day, f.days, f.froms, f.sums, f.off_days, f.off_at, f.off_m, f.off, w.state, w.at)
           end as state
      from who w
      left join own o on o.member_id = w.member_id
      left join (select f.* from tiers_facts(p_program, p_zone, r, v_returned, (
                   select case when bool_or(x.is_alike) then coalesce(array_agg(x.member_id) filter (where not x.is_alike), '{}') else p_members end
                     from who x)) f where not p_is_plain) f on f.member_id = w.member_id
      left join joined j on j.member_id = w.member_id
     where not p_is_plain and not w.is_alike
    union all
    select l.member_id,
           row((y.way).level, coalesce((y.way).since, (l.state).since), coalesce((y.way).anchor, (l.state).anchor), (y.way).valid_until,
               (y.way).grace_until, (y.way).ruled, (y.way).why, (y.way).walked_to,
               case when (y.way).window_from = (l.likeness).window_from then (l.state).amounts else (y.way).amounts end,
               (y.way).look_at, (y.way).falls_on, (y.way).falls_to, (y.way).rises_on, (y.way).rises_to, (y.way).window_from, (y.way).place,
               (l.state).still_from)::tiers_state
      from like_others l join ways y on y.likeness = l.likeness and y.joined = coalesce(l.joined, 'infinity')),
  given as (
    select g.member_id, max(array_position(r.keys, g.level)) filter (where g.kind = 'grant') - 1 as place, min(g.until) as until,
           max(array_position(r.keys, g.level)) filter (where g.kind = 'lock') - 1 as locked
      from tiers_given g join who w on w.member_id = g.member_id
     where g.program_id = p_program and g.ladder = p_ladder and g.ended_at is null and (g.until is null or g.until > w.at)
     group by g.member_id),
  stands as (
    select w.member_id, w.seq, w.level as old_level, w.by as old_by, w.walked_to, w.told_for, g.place as given, g.until, g.locked,
           case when p_is_plain then row(r.keys[tiers_reached(r, r.enters, b.amounts) + 1], null, null, null, null, r.since, null, w.at,
                                         b.amounts, null, null, null, null, null, null, null, null)::tiers_state
                else k.state end as s
      from who w
      left join balances b on b.member_id = w.member_id
      left join walked k on k.member_id = w.member_id
      left join given g on g.member_id = w.member_id),
  placed as (
    select t.*, array_position(r.keys, (t.s).level) - 1 as earned_place from stands t)
  select p.member_id, p.seq, p.old_level, p.old_by, p.walked_to, p.told_for,
         r.keys[coalesce(p.locked, greatest(p.earned_place, p.given)) + 1], coalesce(p.locked, greatest(p.earned_place, p.given)),
         p.given, case when p.locked is not null then 'locked' when p.given > p.earned_place then 'granted' else 'earned' end,
         p.until, p.s
    from placed p;
end $$;

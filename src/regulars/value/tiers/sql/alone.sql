-- A review of one member, as it follows each of her orders: on all ladders, from one reading of her books. It says step by
-- step what `tiers_judge` and `tiers_settle` say of many in one statement (T4): to plan that statement costs more than all
-- these steps, which are planned once per session, for whomever.

-- What the books of a member say, as the walk reads it; out of arrays, so that each ladder takes what it asks for.
create or replace function tiers_facts_of(p_zone text, p_measures text[], p_returned boolean, p_units text[], p_froms timestamptz[],
  p_untils timestamptz[], p_amounts bigint[], p_seqs bigint[], p_taken boolean[],
  out days date[], out froms timestamptz[], out sums bigint[], out off_days date[], out off_at timestamptz[], out off_m smallint[], out off bigint[])
language plpgsql immutable as $$
declare n int := cardinality(p_measures);
begin
  with facts as (
    select f.counts_from, f.counts_until, array_position(p_measures, f.unit)::smallint as m, f.amount, f.seq
      from unnest(p_units, p_froms, p_untils, p_amounts, p_seqs, p_taken) f(unit, counts_from, counts_until, amount, seq, is_taken)
     where f.unit = any (p_measures) and (p_returned or not f.is_taken)),
  running as (
    select f.*, (f.counts_from at time zone p_zone)::date as day,
           row_number() over w as o, sum(f.amount) filter (where f.m = 1) over w as c1, sum(f.amount) filter (where f.m = 2) over w as c2,
           sum(f.amount) filter (where f.m = 3) over w as c3, sum(f.amount) filter (where f.m = 4) over w as c4
      from facts f
    window w as (order by f.counts_from, f.seq, f.m, f.amount rows unbounded preceding))
  select array_agg(o.day order by o.o), array_agg(o.counts_from order by o.o),
         array_agg(coalesce(o.c1, 0)::bigint order by o.o)
           || case when n > 1 then array_agg(coalesce(o.c2, 0)::bigint order by o.o) end
           || case when n > 2 then array_agg(coalesce(o.c3, 0)::bigint order by o.o) end
           || case when n > 3 then array_agg(coalesce(o.c4, 0)::bigint order by o.o) end,
         array_agg(o.day order by o.counts_until, o.o) filter (where o.counts_until < 'infinity'),
         array_agg(o.counts_until order by o.counts_until, o.o) filter (where o.counts_until < 'infinity'),
         array_agg(o.m order by o.counts_until, o.o) filter (where o.counts_until < 'infinity'),
         array_agg(o.amount order by o.counts_until, o.o) filter (where o.counts_until < 'infinity')
    into days, froms, sums, off_days, off_at, off_m, off
    from running o;
end $$;

-- Where she stands on a ladder now, by what she earned, was given and is locked at, and by which of these.
do $$ begin
  if to_regtype('tiers_place') is null then
    create type tiers_place as (place int, given int, given_until timestamptz, how text);
  end if;
end $$;

create or replace function tiers_place_of(p_program int, p_ladder text, p_keys text[], p_member uuid, p_earned text, p_any_given boolean,
  p_now timestamptz) returns tiers_place language plpgsql stable as $$
declare x tiers_place; v_earned int := array_position(p_keys, p_earned) - 1; v_locked int;
begin
  if p_any_given then
    select max(array_position(p_keys, g.level)) filter (where g.kind = 'grant') - 1, min(g.until),
           max(array_position(p_keys, g.level)) filter (where g.kind = 'lock') - 1
      into x.given, x.given_until, v_locked
      from tiers_given g
     where g.member_id = p_member and g.program_id = p_program and g.ladder = p_ladder and g.ended_at is null
       and (g.until is null or g.until > p_now);
  end if;
  x.place := coalesce(v_locked, greatest(v_earned, x.given));
  x.how := case when v_locked is not null then 'locked' when x.given > v_earned then 'granted' else 'earned' end;
  return x;
end $$;

-- Her standings, locked; those that are missing are put there. False: there are no ladders.
create or replace function tiers_hold_alone(p_program int, p_version int, p_member uuid) returns boolean
language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare v_ladders text[] := array(select k.ladder from tiers_ladder k where k.program_id = p_program and k.version = p_version);
begin
  if cardinality(v_ladders) = 0 then return false; end if;
  if (select count(*) from tiers_standing k where k.member_id = p_member and k.ladder = any (v_ladders)) < cardinality(v_ladders) then
    insert into tiers_standing (member_id, ladder, program_id, ladder_place, level, since, version, by)
      select p_member, k.ladder, p_program, k.place, null, null, p_version, 'earned'
        from tiers_ladder k where k.program_id = p_program and k.version = p_version order by k.ladder
      on conflict do nothing;
  end if;
  perform 1 from tiers_standing k where k.member_id = p_member order by k.ladder for update;
  return true;
end $$;

-- The caller has locked her standings.
create or replace function tiers_review_alone(
  p_program int, p_version int, p_member uuid, p_cause text, p_now timestamptz, p_announce boolean, out raised bigint, out lowered bigint
) language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  l record; b record; f record; t tiers_standing; r tiers_rule; s tiers_state; x tiers_place; v_rules tiers_rule[];
  v_zone text; v_joined date; v_any_given boolean; v_plain boolean; v_keeps boolean := agreements_keeps(p_program); v_begins timestamptz[]; v_returned boolean; v_asked text[]; v_with_returned boolean;
  v_was text; v_old_place int; v_notice_at timestamptz; v_told boolean; v_why text; v_since timestamptz;
begin
  raised := 0; lowered := 0;
  select p.zone into v_zone from programs_facts p where p.program_id = p_program;
  select (m.joined_at at time zone v_zone)::date into v_joined from members_facts m where m.member_id = p_member and m.program_id = p_program;
  -- in one statement: what is noted as seen has to be what was read
  select a.seq, y.*, z.*, exists (select 1 from tiers_given g where g.member_id = p_member and g.ended_at is null) as any_given
    into b
    from (values (1)) one
    left join ledger_account_facts a on a.member_id = p_member and a.program_id = p_program
   cross join (select array_agg(g.unit) as units, array_agg(g.counts_from) as froms, array_agg(g.counts_until) as untils,
                      array_agg(g.amount) as amounts, array_agg(g.seq) as seqs, array_agg(g.is_taken) as taken
                 from (select e.unit, e.counts_from, e.counts_until, e.amount, e.seq, false as is_taken
                         from ledger_measure_facts e where e.member_id = p_member and e.program_id = p_program
                        union all
                       select e.unit, e.counts_from, e.counts_until, e.amount, 0, true
                         from ledger_measure_taken_facts e where e.member_id = p_member and e.program_id = p_program) g) y
   cross join (select array_agg(e.unit) as balance_units, array_agg(e.active) as balances
                 from tiers_measure_facts e where e.member_id = p_member and e.program_id = p_program) z;

  for l in select k.* from tiers_ladder k where k.program_id = p_program and k.version = p_version order by k.place loop
    select k.* into t from tiers_standing k where k.member_id = p_member and k.ladder = l.ladder and k.program_id = p_program;
    continue when not found;
    v_rules := tiers_rules(p_program, l.ladder, p_version); v_plain := tiers_is_plain(l.body);
    r := v_rules[cardinality(v_rules)];
    if v_plain then
      s := null;
      s.ruled := r.since; s.walked_to := p_now;
      select array_agg(e.active order by array_position(r.measures, e.unit)) into s.amounts
        from unnest(b.balance_units, b.balances) e(unit, active) where e.unit = any (r.measures);
      s.level := r.keys[tiers_reached(r, r.enters, s.amounts) + 1];
    else
      select true = any (b.taken) and bool_or(k.keeps_returned) into v_returned from unnest(v_rules) k;
      if v_asked is distinct from r.measures or v_with_returned is distinct from v_returned then
        select * into f from tiers_facts_of(v_zone, r.measures, v_returned, b.units, b.froms, b.untils, b.amounts, b.seqs, b.taken);
        v_asked := r.measures; v_with_returned := v_returned;
      end if;
      s := null;
      if t.seen = b.seq and t.walked_to <= p_now and t.ruled = any (array(select k.since from unnest(v_rules) k)) then
        s := row(t.earned, t.earned_since, t.anchor, t.valid_until, t.grace_until, t.ruled, t.why, t.walked_to,
                 t.amounts, null, null, null, null, null, null, null, t.still_from)::tiers_state;
      end if;
      v_begins := null;
      if v_keeps and cardinality(v_rules) > 1 then
        select own.begins into v_begins from tiers_begins(p_program, l.ladder, v_rules, array[p_member]) own;
      end if;
      if v_begins is null then
        s := tiers_walk(v_rules, v_zone, v_joined, f.days, f.froms, f.sums, f.off_days, f.off_at, f.off_m, f.off, s, p_now);
      else
        s := tiers_walk_from(v_begins, v_rules, v_zone, v_joined, f.days, f.froms, f.sums, f.off_days, f.off_at, f.off_m, f.off, s, p_now);
      end if;
    end if;
    x := tiers_place_of(p_program, l.ladder, r.keys, p_member, s.level, b.any_given, p_now);

    v_was := coalesce(t.level, r.keys[1]);
    v_old_place := coalesce(array_position(r.keys, t.level) - 1, 0);
    v_notice_at := case when s.falls_on is not null and x.how = 'earned' and r.notice_days is not null
                         and greatest(x.given, array_position(r.keys, s.falls_to) - 1) < x.place
                        then tiers_midnight((s.falls_on at time zone v_zone)::date - r.notice_days, v_zone) end;
    v_told := coalesce(v_notice_at <= p_now and t.told_for is distinct from s.falls_on, false);
    v_since := case when x.how = 'earned' and not v_plain then s.since  -- null: by the facts she never stood elsewhere
                    when r.keys[x.place + 1] <> v_was then p_now else t.since end;
    update tiers_standing k
       set level = r.keys[x.place + 1], version = p_version, ladder_place = l.place, by = x.how, since = v_since,
           earned = s.level, earned_since = s.since, anchor = s.anchor, valid_until = s.valid_until, grace_until = s.grace_until,
           ruled = s.ruled, why = s.why, walked_to = s.walked_to, seen = coalesce(b.seq, 0), amounts = s.amounts,
           falls_on = s.falls_on, falls_to = s.falls_to, rises_on = s.rises_on, rises_to = s.rises_to, still_from = s.still_from,
           told_for = case when v_told then s.falls_on else t.told_for end,
           look_at = least(s.look_at, x.given_until, case when t.told_for is distinct from s.falls_on and not v_told then v_notice_at end)
     where k.member_id = p_member and k.ladder = l.ladder;

    if r.keys[x.place + 1] <> v_was then
      v_why := case when x.how = 'locked' then 'locked' when x.how = 'granted' then 'granted'
                    when t."by" = 'locked' then 'unlocked' when t."by" = 'granted' then 'grant ended'
                    when v_plain or t.walked_to is null or s.since > t.walked_to then
                      coalesce(s.why, case when x.place > v_old_place then 'reached' else 'not kept' end)
                    when x.place > v_old_place then 'told late' else 'taken back' end;
      insert into tiers_move (program_id, member_id, ladder, from_level, to_level, value, cause, version, moved_at, effective_at, why)
      values (p_program, p_member, l.ladder, v_was, r.keys[x.place + 1], coalesce(s.amounts[1], 0), p_cause, p_version, p_now,
              coalesce(case when x.how = 'earned' then s.since end, p_now), v_why);
      raised := raised + (x.place > v_old_place)::int; lowered := lowered + (x.place < v_old_place)::int;
      if p_announce and x.place <> v_old_place then
        insert into kernel_fact (program_id, member_id, kind, body, announced_at)
        values (p_program, p_member, case when x.place > v_old_place then 'TierRaised' else 'TierLowered' end,
                jsonb_build_object('member_id', p_member, 'ladder', l.ladder, 'from_level', v_was, 'to_level', r.keys[x.place + 1],
                                   'version', p_version, 'cause', p_cause, 'why', v_why), p_now);
      end if;
    end if;
    if jsonb_path_exists(l.body, '$.levels[*].milestones[*]') then
      perform tiers_reach_alone(p_program, p_version, p_member, l.ladder, l.body, r, s, x.place, p_now, p_announce);
    end if;
    if v_told and p_announce then
      insert into kernel_fact (program_id, member_id, kind, body, announced_at)
      values (p_program, p_member, 'FallAhead',
              jsonb_build_object('member_id', p_member, 'ladder', l.ladder, 'level', r.keys[x.place + 1],
                                 'falls_to', r.keys[1 + greatest(x.given, array_position(r.keys, s.falls_to) - 1)],
                                 'falls_at', s.falls_on, 'on', (s.falls_on at time zone v_zone)::date, 'version', p_version), p_now);
    end if;
  end loop;
end $$;

-- The milestones that she has reached now.
create or replace function tiers_reach_alone(p_program int, p_version int, p_member uuid, p_ladder text, p_body jsonb, r tiers_rule,
  s tiers_state, p_place int, p_now timestamptz, p_announce boolean) returns void language plpgsql as $$
begin
  with reached as (
    insert into tiers_milestone (program_id, member_id, ladder, level, milestone, period, value, version, reached_at)
      select p_program, p_member, p_ladder, m.level, m.milestone,
             case when r.period in ('calendar_year', 'anniversary') then coalesce(s.window_from::text, '') else '' end,
             s.amounts[1], p_version, p_now
        from (select y.value ->> 'key' as level, y.ordinality - 1 as place, z.value ->> 'key' as milestone, (z.value ->> 'at')::bigint as at
                from jsonb_array_elements(p_body -> 'levels') with ordinality y, jsonb_array_elements(y.value -> 'milestones') z) m
       where m.place <= p_place and m.at <= s.amounts[1]
       order by m.place, m.at
      on conflict do nothing
      returning level, milestone, value)
  insert into kernel_fact (program_id, member_id, kind, body, announced_at)
  select p_program, p_member, 'MilestoneReached',
         jsonb_build_object('member_id', p_member, 'ladder', p_ladder, 'level', m.level, 'milestone', m.milestone,
                            'value', m.value, 'version', p_version), p_now
    from reached m where p_announce;
end $$;

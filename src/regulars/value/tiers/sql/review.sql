-- What the measures of ladders say: the ledger's present balances.
create or replace view tiers_measure_facts as
  select member_id, program_id, unit, active from ledger_balance_facts where kind = 'measure';

-- The level on the program's first ladder, for the context query of an order; null where she was never reviewed.
create or replace function tiers_standing_of(p_member uuid) returns text language sql stable as $$
  select level from tiers_standing where member_id = p_member order by ladder_place limit 1
$$;

-- Puts each member on the level that is hers by one version (or by an older one whose terms she keeps), and tells what moved.
-- The standings are locked, in order of member, before the ledger is read: whoever reviews last has read last.
-- Who was never reviewed has stood on the lowest level.
create or replace function tiers_review(
  p_program int, p_version int, p_members uuid[], p_cause text, p_now timestamptz, p_announce boolean
) returns table (seen bigint, raised bigint, lowered bigint) language plpgsql as $$
declare v_members uuid[] := array(select distinct m from unnest(p_members) m order by 1);
begin
  if agreements_keeps(p_program) then
    select * into seen, raised, lowered from tiers_review_by_terms(p_program, p_version, v_members, p_cause, p_now, p_announce);
  else
    select * into seen, raised, lowered from tiers_review_some(p_program, p_version, v_members, p_cause, p_now, p_announce);
  end if;
  return next;
end $$;

-- By one version for all. Each once, in order.
create or replace function tiers_review_some(
  p_program int, p_version int, p_members uuid[], p_cause text, p_now timestamptz, p_announce boolean,
  out seen bigint, out raised bigint, out lowered bigint
) language plpgsql as $$
begin
  seen := 0; raised := 0; lowered := 0;
  if cardinality(p_members) = 1 then
    if tiers_hold_alone(p_program, p_version, p_members[1]) then
      select 1, x.raised, x.lowered into seen, raised, lowered
        from tiers_review_alone(p_program, p_version, p_members[1], p_cause, p_now, p_announce) x;
    end if;
  elsif cardinality(p_members) > 1 then
    select x.seen, x.raised, x.lowered into seen, raised, lowered
      from tiers_review_together(p_program, p_version, p_members, p_cause, p_now, p_announce) x;
  end if;
end $$;

-- Each once, in order.
create or replace function tiers_review_together(
  p_program int, p_version int, p_members uuid[], p_cause text, p_now timestamptz, p_announce boolean,
  out seen bigint, out raised bigint, out lowered bigint
) language plpgsql set plan_cache_mode = force_custom_plan as $$
declare l record; c record; v_zone text; v_ladders text[] := array(select x.ladder from tiers_ladder x where x.program_id = p_program and x.version = p_version);
begin
  seen := 0; raised := 0; lowered := 0;
  if (select count(*) from tiers_standing s where s.member_id = any (p_members) and s.ladder = any (v_ladders))
     < cardinality(p_members) * cardinality(v_ladders) then
    insert into tiers_standing (member_id, ladder, program_id, ladder_place, level, since, version, by)
      select m, l2.ladder, p_program, l2.place, null, null, p_version, 'earned'
        from unnest(p_members) as m
        cross join (select x.ladder, x.place from tiers_ladder x where x.program_id = p_program and x.version = p_version) as l2
       where not exists (select 1 from tiers_standing s where s.member_id = m and s.ladder = l2.ladder and s.member_id = any (p_members))
       order by m, l2.ladder
      on conflict do nothing;
  end if;
  perform 1 from tiers_standing s where s.member_id = any (p_members) order by s.member_id, s.ladder for update;
  select f.zone into v_zone from programs_facts f where f.program_id = p_program;
  for l in select x.* from tiers_ladder x where x.program_id = p_program and x.version = p_version order by x.place loop
    select * into c from tiers_settle(p_program, p_version, v_zone, l.ladder, l.place, l.body, p_members, p_cause, p_now, p_announce);
    seen := greatest(seen, c.seen); raised := raised + c.raised; lowered := lowered + c.lowered;
  end loop;
end $$;

-- What the measures of ladders say: the ledger's present balances. The only place here that reads the ledger.
create or replace view tiers_measure_facts as
  select member_id, program_id, unit, active from ledger_balance_facts where kind = 'measure';

-- The level on the program's first ladder, for the context query of an order; null where she was never reviewed.
create or replace function tiers_standing_of(p_member uuid) returns text language sql stable as $$
  select level from tiers_standing where member_id = p_member order by ladder_place limit 1
$$;

-- Puts each member on the level that her measures reach by one version, and tells what moved.
-- The standings are locked, in order of member, before the measures are read: whoever reviews last has read last.
-- Who was never reviewed has stood on the lowest level.
create or replace function tiers_review(
  p_program int, p_version int, p_members uuid[], p_cause text, p_now timestamptz, p_announce boolean
) returns table (seen bigint, raised bigint, lowered bigint) language plpgsql as $$
begin
  insert into tiers_standing (member_id, ladder, program_id, ladder_place, level, since, version)
    select m, l.ladder, p_program, l.ladder_place, null, null, p_version
      from (select distinct unnest(p_members) as m) as members
      cross join (select ladder, ladder_place from tiers_level
                   where program_id = p_program and version = p_version and place = 0) as l
     order by m, l.ladder
    on conflict do nothing;
  perform 1 from tiers_standing where member_id = any (p_members) order by member_id, ladder for update;

  return query
  with value as (  -- the present measure of each member on each ladder
    select s.member_id, s.ladder, coalesce(s.level, base.key) as old_level, coalesce(b.active, 0) as value
      from tiers_standing s
      join tiers_level base on base.program_id = p_program and base.version = p_version
                           and base.ladder = s.ladder and base.place = 0
      left join tiers_measure_facts b on b.member_id = s.member_id and b.program_id = p_program
                                     and b.unit = base.measure
     where s.member_id = any (p_members) and s.program_id = p_program
  ), reached as (
    select v.*, l.key as level, l.place, l.ladder_place
      from value v
      cross join lateral (select key, place, ladder_place from tiers_level
                           where program_id = p_program and version = p_version and ladder = v.ladder
                             and enter <= greatest(v.value, 0)
                           order by enter desc limit 1) as l
  ), moved as (
    select r.*, coalesce(before.place, 0) as old_place
      from reached r
      left join tiers_level before on before.program_id = p_program and before.version = p_version
                                  and before.ladder = r.ladder and before.key = r.old_level
     where r.level <> r.old_level
  ), kept as (
    update tiers_standing s
       set level = r.level, version = p_version, ladder_place = r.ladder_place,
           since = case when r.level <> r.old_level then p_now else s.since end
      from reached r
     where s.member_id = r.member_id and s.ladder = r.ladder
       and (s.level, s.version, s.ladder_place) is distinct from (r.level, p_version, r.ladder_place)
  ), told as (
    insert into tiers_move (program_id, member_id, ladder, from_level, to_level, value, cause, version, moved_at)
      select p_program, member_id, ladder, old_level, level, value, p_cause, p_version, p_now
        from moved order by member_id, ladder
  ), announced as (
    insert into kernel_fact (program_id, member_id, kind, body, announced_at)
      select p_program, member_id, case when place > old_place then 'TierRaised' else 'TierLowered' end,
             jsonb_build_object('member_id', member_id, 'ladder', ladder, 'to_level', level, 'version', p_version,
                                'from_level', old_level),
             p_now
        from moved where p_announce and place <> old_place order by member_id, ladder
  )
  select (select count(distinct member_id) from reached),
         count(*) filter (where m.place > m.old_place),
         count(*) filter (where m.place < m.old_place)
    from moved m;
end $$;

-- How many members would stand elsewhere if a ladder had these thresholds: the answer to "who would move?".
create or replace function tiers_movers(
  p_program int, p_ladder text, p_measure text, p_keys text[], p_enters bigint[]
) returns table (from_level text, to_level text, members bigint) language sql stable as $$
  select s.level, l.key, count(*)
    from tiers_standing s
    left join tiers_measure_facts b on b.member_id = s.member_id and b.program_id = p_program and b.unit = p_measure
    cross join lateral (select key from unnest(p_keys, p_enters) as x (key, enter)
                         where enter <= greatest(coalesce(b.active, 0), 0) order by enter desc limit 1) as l
   where s.program_id = p_program and s.ladder = p_ladder and s.level is distinct from l.key
   group by 1, 2 order by 1, 2
$$;

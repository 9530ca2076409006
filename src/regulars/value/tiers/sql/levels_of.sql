-- A member's levels as ladder/level, in the order of the ladders of one version; where no review has seen her, or her level is
-- not in it, the lowest.
create or replace function tiers_levels_of(p_program int, p_version int, p_member uuid) returns text[]
language sql stable as $$
  select coalesce(array_agg(l.ladder || '/' || coalesce(
           (select v.key from tiers_standing s
              join tiers_level v on v.program_id = p_program and v.version = p_version and v.ladder = s.ladder and v.key = s.level
             where s.member_id = p_member and s.ladder = l.ladder), l.key) order by l.ladder_place), '{}')
    from tiers_level l where l.program_id = p_program and l.version = p_version and l.place = 0
$$;

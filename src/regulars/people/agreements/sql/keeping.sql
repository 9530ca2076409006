-- Since when what holds for whom, for contexts that judge a member's whole history by the terms of their days.

-- Whether old terms were ever kept in a program, now or in the past: asked first, so that others pay for one look.
create or replace function agreements_keeps(p_program int) returns boolean language plpgsql stable as $$
begin
  return exists (select 1 from agreements_telling t where t.program_id = p_program and t.keep_until is not null);
end $$;

-- For each change whose old terms were kept for a member: the version it became and the one before, when it took effect,
-- and when it began to hold for her: when her yes was known, else when the time is over (then it may lie ahead). Who
-- confirmed before, or joined later, is not named. A yes of an id that was merged into her counts; one to a version confirms
-- every change up to it. `p_members` null: everybody.
create or replace function agreements_ends(p_program int, p_members uuid[])
returns table (member_id uuid, version int, before_version int, applied_at timestamptz, ends timestamptz)
language plpgsql stable set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
begin
  if p_members is null then p_members := array(select f.member_id from members_facts f where f.program_id = p_program); end if;
  return query
  with kept as (
    select t.id, t.version, t.before_version, t.applied_at, t.keep_until
      from agreements_telling t where t.program_id = p_program and t.keep_until is not null),
  ids as (
    select m as id, m as person from unnest(p_members) m
    union all
    select f.member_id, f.merged_into from members_facts f where f.merged_into = any (p_members)),
  yes as (
    select i.person, k.id, min(a.recorded_at) as at
      from ids i
      join agreements_acknowledgement a on a.member_id = i.id
      join kept k on k.id = a.telling_id or k.version <= a.version
     group by i.person, k.id)
  select m.member_id, k.version, k.before_version, k.applied_at, least(k.keep_until, y.at)
    from members_facts m
    join kept k on m.joined_at < k.applied_at
    left join yes y on y.person = m.member_id and y.id = k.id
   where m.program_id = p_program and m.member_id = any (p_members) and (y.at is null or y.at > k.applied_at);
end $$;

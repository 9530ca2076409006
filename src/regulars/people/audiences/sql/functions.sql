-- Which audiences a member is on at a moment, in order of key. Not for merged members: ask the one she went into.
create function audiences_of(p_member uuid, p_at timestamptz default now()) returns text[] language sql stable as $$
  select coalesce(array_agg(a.key::text order by a.key), '{}')
    from audiences_membership m join audiences_audience a on a.id = m.audience_id
   where m.member_id = p_member and m.removed_at is null and (m.expires_at is null or m.expires_at > p_at) and a.active
$$;

-- Puts members on an audience. The audience's row is locked first: batches of one audience go one after another, its
-- counter is exact, and two batches never wait for each other in a circle. Who was on it already keeps her beginning.
create function audiences_add(p_program int, p_audience bigint, p_members uuid[], p_source text, p_actor text,
  p_expires_at timestamptz, p_now timestamptz, out added int, out changed int)
language plpgsql as $$
declare
  v_before int;
  v_told int;
  v_written int;
begin
  perform 1 from audiences_audience a where a.id = p_audience and a.program_id = p_program for no key update;
  select count(distinct t.m), count(x.id) into v_told, v_before
    from (select distinct m from unnest(p_members) as m) t
    left join audiences_membership x on x.audience_id = p_audience and x.member_id = t.m and x.removed_at is null;
  with written as (
    insert into audiences_membership as x
      (program_id, audience_id, member_id, source, actor, added_at, expires_at, removed_at, removed_source)
    select p_program, p_audience, t.m, p_source, p_actor, p_now, p_expires_at, null, ''
      from (select distinct m from unnest(p_members) as m) t order by t.m
    on conflict (member_id, audience_id) do update set
      expires_at = excluded.expires_at, removed_at = null, removed_source = '',
      source = case when x.removed_at is null then x.source else excluded.source end,
      actor = case when x.removed_at is null then x.actor else excluded.actor end,
      added_at = case when x.removed_at is null then x.added_at else excluded.added_at end
      where x.removed_at is not null or x.expires_at is distinct from excluded.expires_at
    returning 1
  ) select count(*) into v_written from written;
  added := v_told - v_before;
  changed := v_written - added;
  if added > 0 then
    update audiences_audience a set members = a.members + audiences_add.added where a.id = p_audience;
  end if;
end $$;

-- Takes members off an audience; answers how many were on it.
create function audiences_remove(p_program int, p_audience bigint, p_members uuid[], p_source text, p_now timestamptz)
returns int language plpgsql as $$
declare
  v_removed int;
begin
  perform 1 from audiences_audience a where a.id = p_audience and a.program_id = p_program for no key update;
  with gone as (
    update audiences_membership x set removed_at = p_now, removed_source = p_source
     where x.audience_id = p_audience and x.member_id = any (p_members) and x.removed_at is null returning 1
  ) select count(*) into v_removed from gone;
  if v_removed > 0 then
    update audiences_audience a set members = a.members - v_removed where a.id = p_audience;
  end if;
  return v_removed;
end $$;

-- Ends at most so many memberships whose time has run out; answers how many, 0 when none is left.
create function audiences_expire(p_program int, p_before timestamptz, p_limit int) returns int language plpgsql as $$
declare
  v_audience bigint;
  v_members uuid[];
begin
  select x.audience_id into v_audience from audiences_membership x
   where x.program_id = p_program and x.removed_at is null and x.expires_at <= p_before order by x.expires_at limit 1;
  if v_audience is null then
    return 0;
  end if;
  perform 1 from audiences_audience a where a.id = v_audience for no key update;
  select array_agg(d.member_id) into v_members from (
    select x.member_id from audiences_membership x
     where x.program_id = p_program and x.audience_id = v_audience and x.removed_at is null and x.expires_at <= p_before
     order by x.expires_at limit p_limit) d;
  if v_members is null then
    return 1;  -- another worker ended them meanwhile: look again
  end if;
  return audiences_remove(p_program, v_audience, v_members, 'expired', p_before);
end $$;

-- The proofs: every row is a broken promise. `p_program` null: all programs.
create function audiences_discrepancies(p_program int, p_limit int default 1000)
returns table (promise text, what text, expected text, found text, member_id uuid)
language sql stable as $$
  select 'G3 the counter says how many are on it', 'audience ' || a.key, coalesce(n.n, 0)::text, a.members::text, null::uuid
    from audiences_audience a
    left join (select x.audience_id, count(*) as n from audiences_membership x where x.removed_at is null group by 1) n
      on n.audience_id = a.id
   where (p_program is null or a.program_id = p_program) and a.members <> coalesce(n.n, 0)
  union all
  select 'G6 nobody who was merged into another is on it', 'audience ' || a.key, 'not on it', 'on it', x.member_id
    from audiences_membership x
    join audiences_audience a on a.id = x.audience_id
    join members_facts f on f.member_id = x.member_id
   where x.removed_at is null and f.merged_into is not null and (p_program is null or x.program_id = p_program)
  union all
  select 'G7 a member and her audience are of one program', 'audience ' || a.key, a.program_id::text,
         format('member %s, row %s', f.program_id, x.program_id), x.member_id
    from audiences_membership x
    join audiences_audience a on a.id = x.audience_id
    join members_facts f on f.member_id = x.member_id
   where (f.program_id <> a.program_id or x.program_id <> a.program_id) and (p_program is null or x.program_id = p_program)
  limit p_limit
$$;

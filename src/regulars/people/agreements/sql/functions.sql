-- A6: a yes is evidence; it is never changed or taken away. (TRUNCATE stays possible, for tests.)
create or replace function agreements_is_evidence() returns trigger language plpgsql as $$
begin
  raise exception using errcode = '23001', message = 'A6_a_yes_never_changes',
    detail = format('%s of a row of %s refused', tg_op, tg_table_name);
end $$;

create or replace trigger "A6_a_yes_never_changes" before update or delete on agreements_acknowledgement
  for each row execute function agreements_is_evidence();

-- A7: what members were told stays as it was told.
create or replace function agreements_keep_telling() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or (new.id, new.program_id, new.changes, new.told_at, new.applies_at, new.actor)
     is distinct from (old.id, old.program_id, old.changes, old.told_at, old.applies_at, old.actor)
     or (old.version is not null and (new.version, new.before_version, new.applied_at, new.keep_until)
         is distinct from (old.version, old.before_version, old.applied_at, old.keep_until))
     or (old.withdrawn_at is not null and new.withdrawn_at is distinct from old.withdrawn_at) then
    raise exception using errcode = '23001', message = 'A7_what_was_told_stays',
      detail = format('%s of telling %s refused', tg_op, old.id);
  end if;
  return new;
end $$;

create or replace trigger "A7_what_was_told_stays" before update or delete on agreements_telling
  for each row execute function agreements_keep_telling();

-- Whose terms of which version hold at an instant: the version before the earliest change in effect that a member was
-- there for and has not confirmed, while its old terms are kept; else null, and the version in force holds. A yes counts
-- from when it is known; that of an id that was merged into her counts; a yes to a version confirms every change up to it.
create or replace function agreements_kept(p_program int, p_members uuid[], p_at timestamptz)
returns table (member_id uuid, version int) language plpgsql stable as $$
begin
  return query
  select e.member_id, min(e.before_version)
    from agreements_ends(p_program, p_members) e where e.applied_at <= p_at and e.ends > p_at group by e.member_id;
end $$;

-- The version whose terms hold for each member now: the one in force, or an older one that is still kept for her.
create or replace function agreements_versions(p_program int, p_members uuid[])
returns table (member_id uuid, version int) language plpgsql stable as $$
begin
  return query
  select m.id, coalesce(k.version, f.current_version)
    from unnest(p_members) as m (id)
    join programs_facts f on f.program_id = p_program
    left join agreements_kept(p_program, p_members, now()) k on k.member_id = m.id;
end $$;

-- A8: what took effect did so when it had been said, and the old terms are kept for a time after it, not before.
create or replace function agreements_discrepancies(p_program int, p_most int)
returns table (promise text, what text, expected text, found text) language plpgsql stable as $$
begin
  return query
  select 'A8', 'took effect before the instant that was told', t.applies_at::text, t.applied_at::text
    from agreements_telling t where t.applied_at < t.applies_at and (p_program is null or t.program_id = p_program)
  union all
  select 'A8', 'old terms kept until before the change', t.applied_at::text, t.keep_until::text
    from agreements_telling t where t.keep_until <= t.applied_at and (p_program is null or t.program_id = p_program)
  union all
  select 'A4', 'a yes to a telling of another program', k.program_id::text, t.program_id::text
    from agreements_acknowledgement k join agreements_telling t on t.id = k.telling_id
   where t.program_id <> k.program_id and (p_program is null or k.program_id = p_program)
  limit p_most;
end $$;

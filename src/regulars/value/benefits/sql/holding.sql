-- A source grants a member a pack or tells of her plan; told again it moves the end. Answers whether anything changed.
-- One that had ended or was revoked begins anew; one that runs keeps its beginning.
create or replace function benefits_hold(p_program int, p_member uuid, p_kind text, p_key text, p_source text,
  p_until timestamptz, p_at timestamptz, p_actor text, out changed boolean, out holding bigint)
language plpgsql as $$
begin
  insert into benefits_holding as h (program_id, member_id, kind, key, source, since, until, actor)
  values (p_program, p_member, p_kind, p_key, p_source, p_at, p_until, p_actor)
  on conflict (member_id, kind, key, source) do update
    set since = case when h.revoked_at is null and (h.until is null or h.until > p_at) then h.since else excluded.since end,
        until = excluded.until, actor = excluded.actor, revoked_at = null, revoked_by = ''
    where h.revoked_at is not null or h.until is distinct from excluded.until
  returning h.id into holding;
  changed := holding is not null;
end $$;

-- What a source granted, or some of it, ends now. Answers the keys that ended.
create or replace function benefits_let_go(p_program int, p_member uuid, p_kind text, p_source text, p_key text,
  p_at timestamptz, p_actor text) returns text[] language sql as $$
  with gone as (
    update benefits_holding h set revoked_at = p_at, revoked_by = p_actor
     where h.program_id = p_program and h.member_id = p_member and h.kind = p_kind and h.source = p_source
       and (p_key is null or h.key = p_key) and h.revoked_at is null and (h.until is null or h.until > p_at)
    returning h.key
  ) select coalesce(array_agg(g.key order by g.key), '{}') from gone g
$$;

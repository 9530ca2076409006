-- Uses a benefit once by its key. One conditional statement takes from the quota: however many come at once, no more than
-- `times` are used in a period. `p_cost` null: what the benefit says. `p_gift`: it comes by itself, for that occasion.
create or replace function benefits_use(p_program int, p_member uuid, p_benefit text, p_key text, p_id uuid, p_times int,
  p_cost bigint, p_ref text, p_store text, p_at timestamptz, p_actor text, p_gift bigint default null, p_period text default null,
  out use_id uuid, out is_new boolean)
language plpgsql as $$
declare e record; s record; v_used int;
begin
  select u.id, u.benefit, u.times into e from benefits_use u where u.member_id = p_member and u.key = p_key;
  if found then
    if (e.benefit, e.times) is distinct from (p_benefit, p_times) then
      raise exception using errcode = 'RGREF', message = 'benefit_key_reused', detail = 'This key has already named another use.';
    end if;
    use_id := e.id; is_new := false;
    return;
  end if;
  select x.status, x.merged_into, x.program_id into s from members_standing(p_member) x;
  if not found or s.program_id <> p_program then
    raise exception using errcode = 'RGREF', message = 'unknown_member', detail = 'There is no such member.';
  elsif s.merged_into is not null or s.status = 'closed' or (p_gift is null and s.status <> 'active') then
    raise exception using errcode = 'RGREF', message = 'benefit_forbidden',
      detail = format('The member is %s.', case when s.merged_into is null then s.status else 'merged' end),
      hint = json_build_object('status', case when s.merged_into is null then s.status else 'merged' end)::text;
  end if;
  select * into e from benefits_entitled(p_program, p_member, p_at, p_benefit);
  if not found and p_gift is not null then  -- what an occasion brings was decided by who calls
    select b.version, b.times, p_period as period, 'occasion ' || p_period as via, b.cost_minor, b.funder,
           (tiers_levels_of(p_program, b.version, p_member))[1] as level into e
      from programs_facts f
      join benefits_benefit b on b.program_id = f.program_id and b.key = p_benefit
                             and b.version = benefits_version_for(p_program, p_member, f.current_version, p_at)
     where f.program_id = p_program;
  end if;
  if e is null or e.version is null then
    if not exists (select 1 from benefits_benefit b join programs_facts f on f.program_id = b.program_id
                    and f.current_version = b.version where b.program_id = p_program and b.key = p_benefit) then
      raise exception using errcode = 'RGREF', message = 'unknown_benefit', detail = 'There is no such benefit in this program.';
    end if;
    raise exception using errcode = 'RGREF', message = 'not_your_benefit', detail = 'The member is not entitled to this benefit.';
  end if;
  if p_gift is null then
    if e.comes_by_itself or e.kind = 'choice' then
      raise exception using errcode = 'RGREF', message = 'comes_by_itself',
        detail = case when e.kind = 'choice' then 'A choice is not used; use what was chosen.' else 'This benefit arrives by itself.' end;
    elsif not e.is_open then
      raise exception using errcode = 'RGREF', message = 'benefit_not_now', detail = 'The benefit is not open on this day.';
    end if;
    if e.via like 'choice %' then  -- who changes the choice meanwhile waits, or is waited for
      perform 1 from benefits_choice c
        join benefits_entitled(p_program, p_member, p_at, substr(e.via, 8)) x on x.period = c.period
       where c.member_id = p_member and c.benefit = substr(e.via, 8) and p_benefit = any (c.picked) for share of c;
      if not found then
        raise exception using errcode = 'RGREF', message = 'not_your_benefit', detail = 'It is not chosen any more.';
      end if;
    end if;
  end if;
  insert into benefits_use (id, program_id, member_id, benefit, version, key, period, times, counted, via, level, cost_minor,
    funder, ref, store, gift_id, used_at, actor)
  values (p_id, p_program, p_member, p_benefit, e.version, p_key, coalesce(p_period, e.period), p_times,
    p_gift is null and e.times is not null, e.via,
    coalesce(e.level, ''), coalesce(p_cost, e.cost_minor * p_times), e.funder, p_ref, p_store, p_gift, p_at, p_actor)
  on conflict on constraint "E3_a_key_uses_once" do nothing;
  if not found then  -- the same call came at the same time, and was first
    select u.id into use_id from benefits_use u where u.member_id = p_member and u.key = p_key and u.benefit = p_benefit;
    if use_id is null then
      raise exception using errcode = 'RGREF', message = 'benefit_key_reused', detail = 'This key has already named another use.';
    end if;
    is_new := false;
    return;
  end if;
  if p_gift is null and e.times is not null then
    insert into benefits_quota as q (program_id, member_id, benefit, period, used)
    select p_program, p_member, p_benefit, e.period, p_times where p_times <= e.times
    on conflict (member_id, benefit, period) do update set used = q.used + p_times where q.used + p_times <= e.times
    returning q.used into v_used;
    if v_used is null then
      raise exception using errcode = 'RGREF', message = 'quota_used_up',
        detail = format('The benefit may be used %s times in this period.', e.times),
        hint = json_build_object('times', e.times, 'period', e.period, 'ends_at', e.ends_at)::text;
    end if;
  end if;
  use_id := p_id; is_new := true;
end $$;

-- Undoes a use, once: what it took of a quota is free again. Answers whether this call did it; null: no such use.
create or replace function benefits_undo(p_program int, p_use uuid, p_at timestamptz, p_actor text, p_reason text)
returns boolean language plpgsql as $$
declare u record;
begin
  update benefits_use x set state = 'undone', undone_at = p_at, undone_by = p_actor, reason = p_reason
   where x.id = p_use and x.program_id = p_program and x.state = 'used'
  returning x.member_id, x.benefit, x.period, x.times, x.counted into u;
  if not found then
    return (select false from benefits_use x where x.id = p_use and x.program_id = p_program);
  end if;
  if u.counted then
    update benefits_quota q set used = q.used - u.times
     where q.member_id = u.member_id and q.benefit = u.benefit and q.period = u.period;
  end if;
  return true;
end $$;

-- For a sale that closes: uses these benefits, one each, for the order or basket `p_ref`. Answers [[use, benefit]…].
create or replace function benefits_take(p_program int, p_member uuid, p_ref text, p_benefits text[], p_ids uuid[],
  p_keys text[], p_costs bigint[], p_store text, p_at timestamptz, p_actor text) returns jsonb language plpgsql as $$
declare t record; v record; v_out jsonb := '[]';
begin
  for t in select * from unnest(p_benefits, p_ids, p_keys, p_costs) as x(benefit, id, key, cost) order by 1 loop
    v := benefits_use(p_program, p_member, t.benefit, t.key, t.id, 1, t.cost, p_ref, coalesce(p_store, ''), p_at, p_actor);
    v_out := v_out || jsonb_build_array(jsonb_build_array(v.use_id, t.benefit));
  end loop;
  return v_out;
end $$;

-- Gives back uses of a sale that is undone. Answers how many were undone now.
create or replace function benefits_give_back(p_program int, p_uses uuid[], p_at timestamptz, p_actor text, p_reason text)
returns int language sql as $$
  select count(*)::int from (select u from unnest(p_uses) as u order by u) as x
   where benefits_undo(p_program, x.u, p_at, p_actor, p_reason)
$$;

-- What a member picks of a choice for the period it is in. May be changed until something picked was used in it; what
-- stays picked may be used already. Refuses by code; answers what is picked.
create or replace function benefits_choose(p_program int, p_member uuid, p_benefit text, p_picked text[], p_at timestamptz,
  p_actor text) returns text[] language plpgsql as $$
declare e record; v_before text[]; v_of text[]; v_used text;
begin
  select * into e from benefits_entitled(p_program, p_member, p_at, p_benefit);
  if not found then
    raise exception using errcode = 'RGREF', message = 'not_your_benefit', detail = 'The member is not entitled to this benefit.';
  elsif e.pick is null then
    raise exception using errcode = 'RGREF', message = 'not_a_choice', detail = 'There is nothing to choose in this benefit.';
  end if;
  insert into benefits_choice (program_id, member_id, benefit, period, picked, chosen_at, actor)
  values (p_program, p_member, p_benefit, e.period, p_picked, p_at, p_actor) on conflict do nothing;
  select c.picked into v_before from benefits_choice c
   where c.member_id = p_member and c.benefit = p_benefit and c.period = e.period for update;
  select u.benefit into v_used from benefits_use u
   where u.member_id = p_member and u.state = 'used' and u.via = 'choice ' || p_benefit
     and u.benefit = any (v_before) and u.benefit <> all (p_picked)
     and u.used_at >= (select c.chosen_at from benefits_choice c
                        where c.member_id = p_member and c.benefit = p_benefit and c.period = e.period) limit 1;
  if v_used is not null then
    raise exception using errcode = 'RGREF', message = 'choice_used',
      detail = format('%s has been used already.', v_used), hint = json_build_object('benefit', v_used)::text;
  end if;
  update benefits_choice c set picked = p_picked, actor = p_actor
   where c.member_id = p_member and c.benefit = p_benefit and c.period = e.period and c.picked is distinct from p_picked;
  return p_picked;
end $$;

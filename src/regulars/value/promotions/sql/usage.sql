-- Limits and budgets beyond the member. One row a key; `used` is what was taken and not given back.
-- A hot budget lies in slots, rows `key#nn`: its own row has granted them parts (`granted`), a taker takes from the part of
-- one slot and waits for nobody else. What is granted and not taken is called back before anybody hears a no. So for every
-- key, at every instant: used (its own) + granted (all slots) never passes the limit it was taken under, and no slot takes
-- more than it was granted. `ceiling` is the limit under which the slots were granted: a taker with a smaller one calls all
-- grants back first, since two versions of a program may be in force for a minute.
-- Locks are taken in one order: limits by key, then budgets by key, a key's own row before its slots, slots by number.

-- Calls back what the slots of a key were granted and have not taken; its own row is locked by the caller or by this.
-- Returns what is used over all.
create or replace function promotions_settle(p_program int, p_key text, p_ceiling bigint) returns bigint
language plpgsql as $$
declare v_own bigint; v_slots bigint;
begin
  select u.used into v_own from promotions_usage u where u.program_id = p_program and u.key = p_key for update;
  perform 1 from promotions_usage u where u.program_id = p_program and u.key = any (promotions_slots(p_key))
    order by u.key for update;
  update promotions_usage u set granted = u.used, ceiling = p_ceiling
   where u.program_id = p_program and u.key = any (promotions_slots(p_key));
  select coalesce(sum(u.used), 0) into v_slots from promotions_usage u
   where u.program_id = p_program and u.key = any (promotions_slots(p_key));
  update promotions_usage u set granted = v_slots, ceiling = p_ceiling where u.program_id = p_program and u.key = p_key;
  return v_own + v_slots;
end $$;

create or replace function promotions_slots(p_key text) returns text[] language sql immutable parallel safe as
$$ select array_agg(p_key || '#' || lpad(n::text, 2, '0') order by n) from generate_series(0, 15) as n $$;

create or replace function promotions_refuse(p_program int, p_key text, p_limit bigint) returns void
language plpgsql as $$
declare v_left bigint;
begin
  select greatest(p_limit - coalesce(sum(u.used), 0), 0) into v_left from promotions_usage u
   where u.program_id = p_program and u.key = any (promotions_slots(p_key) || p_key);
  raise exception using errcode = 'RGREF', message = 'limit_reached',
    detail = format('The limit of promotion %s is reached: %s of %s left.', split_part(p_key, '/', 1), v_left, p_limit),
    hint = jsonb_build_object('key', p_key, 'promotion', split_part(p_key, '/', 1), 'left', v_left, 'limit', p_limit)::text;
end $$;

-- From a key's own row: one conditional statement.
create or replace function promotions_take_cold(p_program int, p_key text, p_amount bigint, p_limit bigint)
returns void language plpgsql as $$
begin
  if p_amount <= p_limit then
    insert into promotions_usage as u (program_id, key, used) values (p_program, p_key, p_amount)
    on conflict (program_id, key) do update set used = u.used + p_amount
      where u.used + u.granted + p_amount <= p_limit and p_limit <= coalesce(u.ceiling, p_limit);
    if found then return; end if;
    -- it may have been hot before, with parts still granted
    if exists (select from promotions_usage u where u.program_id = p_program and u.key = p_key and u.ceiling is not null)
       and promotions_settle(p_program, p_key, p_limit) + p_amount <= p_limit then
      update promotions_usage u set used = u.used + p_amount where u.program_id = p_program and u.key = p_key;
      return;
    end if;
  end if;
  perform promotions_refuse(p_program, p_key, p_limit);
end $$;

-- From one slot: its own statement finds room in what it was granted; else the budget's row grants it more.
create or replace function promotions_take_hot(p_program int, p_key text, p_amount bigint, p_limit bigint)
returns void language plpgsql as $$
declare
  v_slot text := p_key || '#' || lpad((pg_backend_pid() % 16)::text, 2, '0');
  v_free bigint; v_more bigint; v_need bigint; v_ceiling bigint;
begin
  update promotions_usage u set used = u.used + p_amount
   where u.program_id = p_program and u.key = v_slot and u.used + p_amount <= u.granted and u.ceiling <= p_limit;
  if found then return; end if;
  insert into promotions_usage (program_id, key, ceiling) values (p_program, p_key, p_limit) on conflict do nothing;
  select u.ceiling into v_ceiling from promotions_usage u
   where u.program_id = p_program and u.key = p_key for update;
  insert into promotions_usage (program_id, key, ceiling) values (p_program, v_slot, coalesce(v_ceiling, p_limit))
    on conflict do nothing;
  if v_ceiling is distinct from p_limit then
    perform promotions_settle(p_program, p_key, p_limit);
  end if;
  for v_try in 1..2 loop
    select p_limit - u.used - u.granted into v_free from promotions_usage u
     where u.program_id = p_program and u.key = p_key;
    select greatest(p_amount - (u.granted - u.used), 0) into v_need from promotions_usage u
     where u.program_id = p_program and u.key = v_slot for update;
    if v_need <= v_free then
      v_more := greatest(v_need, v_free >> 5);  -- the 32nd part of what is free, so that the end comes slowly
      update promotions_usage u set granted = u.granted + v_more where u.program_id = p_program and u.key = p_key;
      update promotions_usage u set granted = u.granted + v_more, used = u.used + p_amount
       where u.program_id = p_program and u.key = v_slot;
      return;
    end if;
    exit when v_try = 2;
    perform promotions_settle(p_program, p_key, p_limit);
  end loop;
  perform promotions_refuse(p_program, p_key, p_limit);
end $$;

-- Takes from limits and budgets, all or nothing: refusal `limit_reached` names the first key with too little left.
-- p_hot, p_budget (by place; null: none are): spread over slots; taken last, so that its row is held the shortest time.
-- A key said twice is taken twice.
create or replace function promotions_take(p_program int, p_keys text[], p_amounts bigint[], p_limits bigint[],
  p_hot boolean[] default null, p_budget boolean[] default null) returns void
language plpgsql as $$
declare v record;
begin
  for v in
    select t.key, t.amount, t.lim, coalesce(p_hot[t.n], false) as is_hot
      from unnest(p_keys, p_amounts, p_limits) with ordinality as t(key, amount, lim, n)
     where t.amount <> 0
     order by coalesce(p_budget[t.n], false), t.key collate "C", t.n
  loop
    if v.amount < 0 then
      raise exception using errcode = '22003', message = 'R12_what_is_taken_is_positive';
    end if;
    if v.is_hot then
      perform promotions_take_hot(p_program, v.key, v.amount, v.lim);
    else
      perform promotions_take_cold(p_program, v.key, v.amount, v.lim);
    end if;
  end loop;
end $$;

-- Gives back what was taken: from the key's own row where it was taken there, from its slots where they took it.
-- More than was taken breaks R11 and rolls back.
create or replace function promotions_give_back(p_program int, p_keys text[], p_amounts bigint[]) returns void
language plpgsql as $$
declare v record; v_slot record; v_left bigint; v_part bigint;
begin
  for v in
    select t.key, sum(t.amount)::bigint as amount from unnest(p_keys, p_amounts) as t(key, amount)
     where t.amount <> 0 group by t.key order by t.key collate "C"
  loop
    update promotions_usage u set used = u.used - v.amount
     where u.program_id = p_program and u.key = v.key and u.used >= v.amount and v.amount > 0;
    if found then continue; end if;
    if v.amount < 0 then
      raise exception using errcode = '22003', message = 'R12_what_is_taken_is_positive';
    end if;
    update promotions_usage u set used = u.used - v.amount
     where u.program_id = p_program and u.used >= v.amount
       and u.key = v.key || '#' || lpad((pg_backend_pid() % 16)::text, 2, '0');
    if found then continue; end if;
    select u.used into v_left from promotions_usage u where u.program_id = p_program and u.key = v.key for update;
    v_part := least(coalesce(v_left, 0), v.amount);
    update promotions_usage u set used = u.used - v_part where u.program_id = p_program and u.key = v.key;
    v_left := v.amount - v_part;
    for v_slot in
      select u.key, u.used from promotions_usage u where u.program_id = p_program and u.key = any (promotions_slots(v.key))
       order by u.key for update
    loop
      exit when v_left = 0;
      v_part := least(v_slot.used, v_left);
      update promotions_usage u set used = u.used - v_part where u.program_id = p_program and u.key = v_slot.key;
      v_left := v_left - v_part;
    end loop;
    if v_left > 0 then
      raise exception using errcode = '23514', message = 'R11_no_more_is_given_back_than_was_taken',
        detail = format('%s of %s', v_left, v.key);
    end if;
  end loop;
end $$;

-- How much of each limit is left, as {"key": left}: only of keys that were ever taken from (the others are untouched).
create or replace function promotions_left(p_program int, p_keys text[], p_limits bigint[]) returns jsonb
language plpgsql stable as $$
begin
  return (
    select coalesce(jsonb_object_agg(t.key, t.lim - u.used - case when u.ceiling is null then 0 else coalesce(
             (select sum(s.used) from promotions_usage s
               where s.program_id = p_program and s.key = any (promotions_slots(t.key))), 0) end), '{}')
      from unnest(p_keys, p_limits) as t(key, lim)
      join promotions_usage u on u.program_id = p_program and u.key = t.key);
end $$;

-- The proofs: every row is a broken promise. `p_program` null: all programs.
create or replace function promotions_discrepancies(p_program int, p_limit int default 1000)
returns table (promise text, what text, expected text, found text)
language plpgsql stable as $$
begin
  return query
  with slots as (
    select u.program_id, split_part(u.key, '#', 1) as key, sum(u.granted)::bigint as granted,
           bool_or(u.used > u.granted) as is_over
      from promotions_usage u where u.key like '%#__' and (p_program is null or u.program_id = p_program) group by 1, 2)
  select 'R11 what slots were granted is what their budget granted', 'program ' || s.program_id || ' key ' || s.key,
         coalesce(u.granted, 0)::text, s.granted::text
    from slots s left join promotions_usage u on u.program_id = s.program_id and u.key = s.key
   where coalesce(u.granted, 0) <> s.granted
  union all
  select 'R11 no slot takes more than it was granted', 'program ' || s.program_id || ' key ' || s.key,
         s.granted::text, 'more'
    from slots s where s.is_over
  limit p_limit;
end $$;

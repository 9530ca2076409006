-- Shelves: how many there are and are taken, waiting lists, and how often a member had something. Each number is taken
-- by one conditional statement. Locks: member's tally, her place on the waiting list, shelf, places of others (skipped
-- when somebody holds them), codes.

create or replace function rewards_refuse(p_code text, p_detail text, p_facts jsonb default '{}') returns void
language plpgsql as $$
begin
  raise exception using errcode = 'RGREF', message = p_code, detail = p_detail, hint = p_facts::text;
end $$;

-- Takes pieces off a shelf. False: there is no shelf, or it never ends, and nothing was counted (but with `p_always`).
create or replace function rewards_take(p_program int, p_reward text, p_session text, p_count bigint,
  p_always boolean default false) returns boolean language plpgsql as $$
declare s rewards_shelf;
begin
  select x.* into s from rewards_shelf x where x.program_id = p_program and x.reward = p_reward and x.session = p_session;
  if not found or (s.base is null and not p_always) then return false; end if;
  update rewards_shelf x set taken = x.taken + p_count
   where x.program_id = p_program and x.reward = p_reward and x.session = p_session
     and (x.base is null or x.taken + p_count <= x.base + x.added);
  if not found then
    perform rewards_refuse('reward_sold_out', 'There are not so many left.', jsonb_build_object('asked', p_count));
  end if;
  return true;
end $$;

-- Offers what is free to those who wait, first come first; what is offered is taken off the shelf. Who could not redeem
-- it (suspended, may only earn) keeps her place and is passed over. Returns how many.
create or replace function rewards_offer(p_program int, p_reward text, p_session text, p_at timestamptz) returns int
language plpgsql as $$
declare s rewards_shelf; w rewards_wait; n int := 0;
begin
  select x.* into s from rewards_shelf x
   where x.program_id = p_program and x.reward = p_reward and x.session = p_session for update;
  if not found or s.offer_hours is null then return 0; end if;
  while s.base is null or s.taken < s.base + s.added loop
    update rewards_wait y set state = 'offered', offered_at = p_at, until = p_at + make_interval(hours => s.offer_hours)
     where y.id = (select x.id from rewards_wait x
                    where x.program_id = p_program and x.reward = p_reward and x.session = p_session and x.state = 'waiting'
                      and exists (select 1 from members_facts m where m.member_id = x.member_id and m.status = 'active')
                    order by x.id limit 1 for update skip locked)
    returning y.* into w;
    exit when not found;
    s.taken := s.taken + 1; n := n + 1;
    insert into kernel_fact (program_id, member_id, kind, body, announced_at)
    values (p_program, w.member_id, 'RewardOffered', jsonb_build_object('wait_id', w.id, 'member_id', w.member_id,
      'reward', p_reward, 'session', p_session,
      'until', to_char(w.until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')), p_at);
  end loop;
  if n > 0 then
    update rewards_shelf x set taken = x.taken + n
     where x.program_id = p_program and x.reward = p_reward and x.session = p_session;
  end if;
  return n;
end $$;

-- Puts pieces back that were taken, and offers them to those who wait.
create or replace function rewards_put(p_program int, p_reward text, p_session text, p_count bigint, p_at timestamptz)
returns void language plpgsql as $$
begin
  update rewards_shelf x set taken = x.taken - p_count, over = greatest(0, x.over - p_count)
   where x.program_id = p_program and x.reward = p_reward and x.session = p_session;
  perform rewards_offer(p_program, p_reward, p_session, p_at);
end $$;

-- What a published version says of a shelf. What is taken beyond it stays taken, and comes back to nobody.
create or replace function rewards_stock(p_program int, p_reward text, p_session text, p_base bigint, p_hours int,
  p_at timestamptz) returns void language plpgsql as $$
begin
  insert into rewards_shelf as x (program_id, reward, session, base, offer_hours)
  values (p_program, p_reward, p_session, p_base, p_hours)
  on conflict (program_id, reward, session) do update
     set base = excluded.base, offer_hours = excluded.offer_hours,
         over = greatest(0, coalesce(x.taken - excluded.base - x.added, 0));
  perform rewards_offer(p_program, p_reward, p_session, p_at);
end $$;

-- More (or fewer) by hand or with codes; never fewer than are taken.
create or replace function rewards_restock(p_program int, p_reward text, p_session text, p_count bigint, p_actor text,
  p_reason text, p_at timestamptz) returns void language plpgsql as $$
declare s rewards_shelf;
begin
  select x.* into s from rewards_shelf x
   where x.program_id = p_program and x.reward = p_reward and x.session = p_session for update;
  if not found or s.base is null then
    perform rewards_refuse('unknown_reward', 'There is no such stock: this reward never ends.');
  elsif p_count < 0 and s.taken > s.base + s.added + p_count then
    perform rewards_refuse('reward_stock_taken', format('%s are taken already.', s.taken), jsonb_build_object('taken', s.taken));
  end if;
  update rewards_shelf x set added = x.added + p_count, over = greatest(0, x.taken - x.base - x.added - p_count)
   where x.program_id = p_program and x.reward = p_reward and x.session = p_session;
  insert into rewards_stocking (program_id, reward, session, count, actor, reason, at)
  values (p_program, p_reward, p_session, p_count, p_actor, p_reason, p_at);
  perform rewards_offer(p_program, p_reward, p_session, p_at);
end $$;

-- Offers that were not taken in time go to the next. Returns how many ended.
create or replace function rewards_lapse(p_program int, p_at timestamptz, p_limit int) returns int language plpgsql as $$
declare w rewards_wait; n int := 0;
begin
  for w in select x.* from rewards_wait x where x.program_id = p_program and x.state = 'offered' and x.until <= p_at
            order by x.reward, x.session, x.id limit p_limit for update skip locked loop
    update rewards_wait x set state = 'lapsed', ended_at = p_at where x.id = w.id;
    perform rewards_put(p_program, w.reward, w.session, 1, p_at);
    n := n + 1;
  end loop;
  return n;
end $$;

-- Counts pieces towards what a member may have in a period.
create or replace function rewards_count(p_program int, p_member uuid, p_reward text, p_period text, p_count int, p_most bigint)
returns void language plpgsql as $$
declare v_found int := 0;
begin
  if p_count <= p_most then
    insert into rewards_tally as t (program_id, member_id, reward, period, used)
    values (p_program, p_member, p_reward, p_period, p_count)
    on conflict (member_id, reward, period) do update set used = t.used + p_count where t.used + p_count <= p_most;
    get diagnostics v_found = row_count;
  end if;
  if v_found = 0 then
    perform rewards_refuse('reward_limit_reached', format('A member may have %s of these in this time.', p_most),
                           jsonb_build_object('most', p_most, 'period', p_period));
  end if;
end $$;

create or replace function rewards_uncount(p_member uuid, p_reward text, p_period text, p_count int) returns void
language sql as $$
  update rewards_tally t set used = t.used - p_count
   where t.member_id = p_member and t.reward = p_reward and t.period = p_period $$;

-- Gives a redemption its codes, the oldest first.
create or replace function rewards_give_codes(p_program int, p_reward text, p_redemption uuid, p_count int) returns void
language plpgsql as $$
declare v_found int;
begin
  update rewards_code c set state = 'given', redemption_id = p_redemption
   where c.id in (select x.id from rewards_code x where x.program_id = p_program and x.reward = p_reward and x.state = 'free'
                   order by x.id limit p_count for update skip locked);
  get diagnostics v_found = row_count;
  if v_found < p_count then
    perform rewards_refuse('reward_sold_out', 'There are no codes left.', jsonb_build_object('asked', p_count));
  end if;
end $$;

-- Takes codes back that nobody has seen. Returns how many.
create or replace function rewards_keep_codes(p_redemption uuid) returns int language plpgsql as $$
declare v_found int;
begin
  update rewards_code c set state = 'free', redemption_id = null where c.redemption_id = p_redemption and c.shown_at is null;
  get diagnostics v_found = row_count;
  return v_found;
end $$;

-- A member's tallies anew from her redemptions, when members became one or came apart.
create or replace function rewards_recount(p_program int, p_member uuid) returns void language plpgsql as $$
begin
  delete from rewards_tally t where t.member_id = p_member;
  insert into rewards_tally (program_id, member_id, reward, period, used)
  select p_program, p_member, r.reward, r.period, sum(r.count)::int from rewards_redemption r
   where r.member_id = p_member and r.period is not null and not r.gave_back group by r.reward, r.period;
end $$;

-- Taking coupons for a basket, redeeming them by its order, letting go and giving back. `p_ids` are unique coupons,
-- `p_codes` shared codes (canonical); the two lists stand beside each other and may be empty.
-- Locks, in every function here: unique coupons by id, uses by id, the member's tallies and the templates' usage by
-- template, shared codes with a limit by id. So no two of them wait for each other.

create or replace function coupons_refuse(p_reason text, p_code text) returns void language plpgsql as $$
begin
  raise exception using errcode = 'RGREF',
    message = case when p_reason = 'unknown_code' then p_reason else 'coupon_' || p_reason end,
    detail = case p_reason when 'unknown_code' then 'This code cannot be used here.'
      when 'already_used' then 'This coupon has been used already.' when 'expired' then 'This coupon has ended.'
      when 'not_yet' then 'This coupon cannot be used yet.' when 'not_yours' then 'This coupon belongs to somebody else.'
      when 'reserved_elsewhere' then 'Another basket has reserved this coupon.'
      when 'voided' then 'This coupon was withdrawn.' else 'No more of this coupon may be had or used.' end,
    hint = jsonb_build_object('coupon', p_code, 'reason', p_reason)::text;
end $$;

-- Why a coupon cannot be used at an instant by this member (null: a guest), or null when it can.
create or replace function coupons_refusal(c coupons_coupon, p_member uuid, p_at timestamptz) returns text
language plpgsql immutable as $$
begin
  return case
    when c.state = 'voided' then 'voided'
    when c.state = 'redeemed' then 'already_used'
    when c.state = 'expired' or c.ends_at <= p_at then 'expired'
    when c.starts_at > p_at then 'not_yet'
    when c.state = 'reserved' and c.until > p_at then 'reserved_elsewhere'
    when c.member_id is not null and c.member_id is distinct from p_member then 'not_yours'
    when c.offered_to is not null then 'reserved_elsewhere' end;
end $$;

-- One more chapter of a coupon's story.
create or replace function coupons_tell(p_program int, p_coupon uuid, p_kind text, p_at timestamptz, p_actor text,
  p_member uuid, p_ref text, p_other uuid default null) returns void language plpgsql as $$
begin
  insert into coupons_event (program_id, coupon_id, kind, at, actor, member_id, other_id, ref)
  values (p_program, p_coupon, p_kind, p_at, p_actor, p_member, p_other, p_ref);
end $$;

-- Lets uses go ('released') or gives redemptions back ('restored'), with all that they counted. Those that have been
-- settled meanwhile by somebody else are left alone. Returns the ids of the uses that it did settle.
create or replace function coupons_give_back(p_program int, p_uses bigint[], p_state text, p_at timestamptz, p_actor text,
  p_ref text) returns bigint[] language plpgsql as $$
declare v_done bigint[]; r record; v_from text := case p_state when 'released' then 'reserved' else 'redeemed' end;
begin
  perform 1 from coupons_coupon c where c.program_id = p_program and not c.is_shared
     and c.id in (select u.coupon_id from coupons_use u where u.id = any (p_uses)) order by c.id for update;
  perform 1 from coupons_use u where u.id = any (p_uses) order by u.id for update;
  with gone as (
    update coupons_use u set state = p_state, settled_at = p_at, until = null
     where u.id = any (p_uses) and u.program_id = p_program and u.state = v_from returning u.id
  ) select coalesce(array_agg(gone.id), '{}') into v_done from gone;
  update coupons_coupon c set state = 'open', owner = null, until = null
    from coupons_use u where u.id = any (v_done) and c.id = u.coupon_id and not c.is_shared and c.state = v_from;
  for r in select u.member_id, u.template, count(*)::int as n from coupons_use u
            where u.id = any (v_done) and u.member_id is not null group by 1, 2 order by 1, 2 loop
    update coupons_tally t set redeemed = greatest(t.redeemed - r.n, 0)
     where t.member_id = r.member_id and t.template = r.template;
  end loop;
  for r in select u.template, count(*) as n from coupons_use u where u.id = any (v_done) group by 1 order by 1 loop
    update coupons_usage t set used = greatest(t.used - r.n, 0) where t.program_id = p_program and t.template = r.template;
  end loop;
  for r in select u.coupon_id, count(*) as n from coupons_use u where u.id = any (v_done) and u.is_shared
            group by 1 order by 1 loop
    update coupons_coupon c set used = greatest(c.used - r.n, 0) where c.id = r.coupon_id and c.most is not null;
  end loop;
  insert into coupons_event (program_id, coupon_id, kind, at, actor, member_id, ref)
  select p_program, u.coupon_id, p_state, p_at, p_actor, u.member_id, coalesce(p_ref, u.order_ref, u.owner)
    from coupons_use u where u.id = any (v_done) order by u.coupon_id;
  return v_done;
end $$;

-- Counts fresh uses against the limits of templates: the member's own, then those for all.
create or replace function coupons_count(p_program int, p_ids uuid[], p_member uuid) returns void language plpgsql as $$
declare r record; v_found int;
begin
  for r in select c.template, min(c.code) as code, count(*)::int as n, min(t.redeem_limit) as most,
                  min(t.total_limit) as total
             from coupons_coupon c
             left join coupons_template t on t.program_id = c.program_id and t.version = c.version and t.key = c.template
            where c.id = any (p_ids) group by 1 order by 1 loop
    if p_member is not null then
      if r.n > r.most then perform coupons_refuse('limit_reached', r.code); end if;
      insert into coupons_tally as t (program_id, member_id, template, claimed, redeemed)
      values (p_program, p_member, r.template, 0, r.n)
      on conflict (member_id, template) do update set redeemed = t.redeemed + r.n
        where r.most is null or t.redeemed + r.n <= r.most;
      get diagnostics v_found = row_count;
      if v_found = 0 then perform coupons_refuse('limit_reached', r.code); end if;
    end if;
    if r.total is not null then
      if r.n > r.total then perform coupons_refuse('limit_reached', r.code); end if;
      insert into coupons_usage as t (program_id, template, used)
      select p_program, r.template, count(*) + r.n from coupons_use u
       where u.program_id = p_program and u.template = r.template and u.state in ('reserved', 'redeemed')
      having not exists (select 1 from coupons_usage x where x.program_id = p_program and x.template = r.template)
          and count(*) + r.n <= r.total
      on conflict (program_id, template) do update set used = t.used + r.n where t.used + r.n <= r.total;
      get diagnostics v_found = row_count;
      if v_found = 0 then  -- counted before, or used up already
        update coupons_usage t set used = t.used + r.n
         where t.program_id = p_program and t.template = r.template and t.used + r.n <= r.total;
        get diagnostics v_found = row_count;
      end if;
      if v_found = 0 then perform coupons_refuse('limit_reached', r.code); end if;
    end if;
  end loop;
  for r in select c.id, c.code from coupons_coupon c where c.id = any (p_ids) and c.most is not null order by c.id loop
    update coupons_coupon c set used = c.used + 1 where c.id = r.id and c.used < c.most;
    if not found then perform coupons_refuse('limit_reached', r.code); end if;
  end loop;
end $$;

-- The common part of reserving (`p_order` null) and redeeming. All of it or nothing: a refusal is raised.
-- What `p_owner` has reserved, it may redeem although its time has passed or the coupon has ended since.
create or replace function coupons_take(p_program int, p_ids uuid[], p_codes text[], p_owner text, p_until timestamptz,
  p_order text, p_at timestamptz, p_member uuid, p_actor text) returns int language plpgsql as $$
declare
  c coupons_coupon; u coupons_use; v_reason text; n int := 0; v_fresh uuid[] := '{}'; v_late bigint[] := '{}';
  v_ids uuid[] := '{}'; v_codes text[] := '{}'; v_turn int := 0; v_ids_left uuid[] := p_ids; v_left text[] := p_codes;
  v_found uuid[]; v_known text[];
begin
  loop  -- those that have a row, and, once they were given one, those that lay on a sheet
    select coalesce(array_agg(x.id), '{}'), coalesce(array_agg(x.code), '{}') into v_found, v_known from (
      select y.id, y.code from coupons_coupon y where y.program_id = p_program and y.id = any (v_ids_left) union
      select y.id, y.code from coupons_coupon y where y.program_id = p_program and y.code = any (v_left)) x;
    v_ids := v_ids || v_found; v_codes := v_codes || v_known; v_turn := v_turn + 1;
    v_ids_left := array(select w.id from unnest(p_ids) as w (id) where w.id <> all (v_ids));
    v_left := array(select w.code from unnest(p_codes) as w (code) where w.code <> all (v_codes));
    exit when cardinality(v_ids_left) + cardinality(v_left) = 0;
    if v_turn = 2 then perform coupons_refuse('unknown_code', v_left[1]); end if;
    perform coupons_touch(p_program, v_ids_left, v_left);
  end loop;
  perform 1 from coupons_coupon x where x.id = any (v_ids) and not x.is_shared order by x.id for update;
  for c in select x.* from coupons_coupon x where x.id = any (v_ids) order by x.id loop
    select x.* into u from coupons_use x where x.coupon_id = c.id and x.state in ('reserved', 'redeemed')
       and (x.owner = p_owner or x.order_ref = p_order or (c.state = 'reserved' and not c.is_shared))
     order by x.owner = p_owner desc limit 1 for update;
    if found and (u.owner = p_owner or u.order_ref = p_order) then  -- this basket has it already
      if u.state = 'redeemed' then
        if p_order is null or u.order_ref <> p_order then perform coupons_refuse('already_used', c.code); end if;
        continue;
      end if;
      update coupons_use x set state = case when p_order is null then 'reserved' else 'redeemed' end,
             order_ref = p_order, until = case when p_order is null then p_until end,
             settled_at = case when p_order is null then null else p_at end
       where x.id = u.id;
      update coupons_coupon x set state = case when p_order is null then 'reserved' else 'redeemed' end,
             owner = coalesce(p_order, p_owner), until = case when p_order is null then p_until end
       where x.id = c.id and not x.is_shared;
      if p_order is not null then
        perform coupons_tell(p_program, c.id, 'redeemed', p_at, p_actor, u.member_id, p_order);
        n := n + 1;
      end if;
      continue;
    end if;
    v_reason := coupons_refusal(c, p_member, p_at);
    if v_reason is not null then perform coupons_refuse(v_reason, c.code); end if;
    if c.state = 'reserved' then v_late := v_late || u.id; end if;
    v_fresh := v_fresh || c.id;
  end loop;
  if v_late <> '{}' then perform coupons_give_back(p_program, v_late, 'released', p_at, 'system:late', null); end if;
  if v_fresh = '{}' then return n; end if;
  perform coupons_count(p_program, v_fresh, p_member);
  insert into coupons_use (program_id, coupon_id, is_shared, template, member_id, owner, order_ref, state, until, taken_at,
    settled_at)
  select p_program, x.id, x.is_shared, x.template, p_member, p_owner, p_order,
         case when p_order is null then 'reserved' else 'redeemed' end, case when p_order is null then p_until end, p_at,
         case when p_order is null then null else p_at end
    from coupons_coupon x where x.id = any (v_fresh) order by x.id;
  update coupons_coupon x set state = case when p_order is null then 'reserved' else 'redeemed' end,
         owner = coalesce(p_order, p_owner), until = case when p_order is null then p_until end
   where x.id = any (v_fresh) and not x.is_shared;
  insert into coupons_event (program_id, coupon_id, kind, at, actor, member_id, ref)
  select p_program, x.id, case when p_order is null then 'reserved' else 'redeemed' end, p_at, p_actor, p_member,
         coalesce(p_order, p_owner)
    from coupons_coupon x where x.id = any (v_fresh) order by x.id;
  return n + cardinality(v_fresh);
end $$;

-- Sets coupons aside for a basket until an instant. Reserving again prolongs. Nobody else can redeem them meanwhile.
create or replace function coupons_reserve(p_program int, p_ids uuid[], p_codes text[], p_owner text, p_at timestamptz,
  p_until timestamptz, p_member uuid default null, p_actor text default 'system:checkout') returns int
language plpgsql as $$
begin
  return coupons_take(p_program, p_ids, p_codes, p_owner, p_until, null, p_at, p_member, p_actor);
end $$;

-- Redeems coupons by an order: once for all, and the same order may say it again. `p_owner` is the basket that may have
-- reserved them (null: the order's own name).
create or replace function coupons_redeem(p_program int, p_ids uuid[], p_codes text[], p_order text, p_at timestamptz,
  p_member uuid default null, p_owner text default null, p_actor text default 'system:checkout') returns int
language plpgsql as $$
begin
  if cardinality(p_ids) = 1 and cardinality(p_codes) = 0
     and coupons_redeem_one(p_program, p_ids[1], p_order, coalesce(p_owner, p_order), p_at, p_member, p_actor) then
    return 1;
  end if;
  return coupons_take(p_program, p_ids, p_codes, coalesce(p_owner, p_order), null, p_order, p_at, p_member, p_actor);
end $$;

-- Redeems everything that a basket has reserved; returns how many. What it let go before is not redeemed.
create or replace function coupons_settle(p_program int, p_owner text, p_order text, p_at timestamptz,
  p_actor text default 'system:checkout') returns int language plpgsql as $$
declare v_ids uuid[];
begin
  select array_agg(u.coupon_id) into v_ids from coupons_use u
   where u.program_id = p_program and u.owner = p_owner and u.state = 'reserved';
  if v_ids is null then return 0; end if;
  return coupons_take(p_program, v_ids, '{}', p_owner, null, p_order, p_at, null, p_actor);
end $$;

-- Lets everything go that a basket has reserved, and nothing else; returns how many.
create or replace function coupons_release(p_program int, p_owner text, p_at timestamptz,
  p_actor text default 'system:checkout') returns int language plpgsql as $$
declare v_uses bigint[];
begin
  select array_agg(u.id) into v_uses from coupons_use u
   where u.program_id = p_program and u.owner = p_owner and u.state = 'reserved';
  if v_uses is null then return 0; end if;
  return cardinality(coupons_give_back(p_program, v_uses, 'released', p_at, p_actor, null));
end $$;

-- One batch of reservations whose time has passed.
create or replace function coupons_release_due(p_program int, p_at timestamptz, p_limit int) returns int
language plpgsql as $$
declare v_uses bigint[];
begin
  select array_agg(x.id) into v_uses from (
    select u.id from coupons_use u where u.program_id = p_program and u.state = 'reserved' and u.until <= p_at
     order by u.until limit p_limit) x;
  if v_uses is null then return 0; end if;
  return cardinality(coupons_give_back(p_program, v_uses, 'released', p_at, 'system:late', null));
end $$;

-- Gives back what an order redeemed, where the template's policy says so and the coupon has not ended; `p_codes` null: all
-- of it. `p_always`: as if the order had never been (reopen), whatever the policy and the end. `why`: policy, expired.
create or replace function coupons_restore(p_program int, p_order text, p_codes text[], p_at timestamptz, p_actor text,
  p_always boolean default false, p_reason text default null)
returns table (coupon_id uuid, code text, template text, restored boolean, why text) language plpgsql as $$
declare v_uses bigint[]; v_back bigint[]; v_done bigint[];
begin
  select array_agg(u.id), array_agg(u.id) filter (where p_always or (coalesce(t.returns, 'restore') = 'restore'
           and (c.ends_at is null or c.ends_at > p_at))) into v_uses, v_back
    from coupons_use u join coupons_coupon c on c.id = u.coupon_id
    left join coupons_template t on t.program_id = c.program_id and t.version = c.version and t.key = c.template
   where u.program_id = p_program and u.order_ref = p_order and u.state = 'redeemed'
     and (p_codes is null or c.code = any (p_codes));
  v_done := coupons_give_back(p_program, coalesce(v_back, '{}'), 'restored', p_at, p_actor, coalesce(p_reason, p_order));
  return query
  select c.id, coalesce(c.shown, c.code), c.template, u.id = any (v_done),
         case when u.id = any (v_done) then '' when coalesce(t.returns, 'restore') = 'keep' then 'policy' else 'expired' end
    from coupons_use u join coupons_coupon c on c.id = u.coupon_id
    left join coupons_template t on t.program_id = c.program_id and t.version = c.version and t.key = c.template
   where u.id = any (v_uses) order by c.code;
end $$;

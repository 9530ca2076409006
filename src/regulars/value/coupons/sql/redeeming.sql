-- The usual redemption: one unique coupon that is open, or still lies on its sheet, by its order, at once. True when it is
-- done. False, with nothing done, when it is not a usual one or anything stands in its way: `coupons_take` then does it, or
-- says why not. A limit that is reached is refused here, for by then the coupon is taken. Locks as in using.sql.

create or replace function coupons_redeem_one(p_program int, p_id uuid, p_order text, p_owner text, p_at timestamptz,
  p_member uuid, p_actor text) returns boolean language plpgsql as $$
declare v_template text; v_version int; v_code text; v_most int; v_total bigint; v_counted int;
begin
  update coupons_coupon c set state = 'redeemed', owner = p_order
   where c.id = p_id and c.program_id = p_program and c.state = 'open' and not c.is_shared and c.starts_at <= p_at
     and (c.ends_at is null or c.ends_at > p_at) and (c.member_id is null or c.member_id = p_member) and c.offered_to is null
  returning c.template, c.version, c.code into v_template, v_version, v_code;
  if v_code is null then  -- its row is made as it will be
    insert into coupons_coupon (id, program_id, code, template, version, state, owner, starts_at, ends_at, issued_at, batch_id,
      is_shared, used)
    select c.id, p_program, c.code, c.template, c.version, 'redeemed', p_order, c.starts_at, c.ends_at, c.issued_at, c.batch_id,
           false, 0
      from coupons_lying(p_program, p_id, null) c
     where c.state = 'open' and c.starts_at <= p_at and (c.ends_at is null or c.ends_at > p_at)
    on conflict do nothing
    returning template, version, code into v_template, v_version, v_code;
    if v_code is null then return false; end if;
  end if;
  select t.redeem_limit, t.total_limit into v_most, v_total
    from coupons_template t where t.program_id = p_program and t.version = v_version and t.key = v_template;
  if v_total is not null then
    perform coupons_count(p_program, array[p_id], p_member);
  elsif p_member is not null then
    insert into coupons_tally as t (program_id, member_id, template, claimed, redeemed)
    select p_program, p_member, v_template, 0, 1 where v_most is null or v_most > 0
    on conflict (member_id, template) do update set redeemed = t.redeemed + 1 where v_most is null or t.redeemed < v_most;
    get diagnostics v_counted = row_count;
    if v_counted = 0 then perform coupons_refuse('limit_reached', v_code); end if;
  end if;
  with told as (
    insert into coupons_event (program_id, coupon_id, kind, at, actor, member_id, ref)
    values (p_program, p_id, 'redeemed', p_at, p_actor, p_member, p_order))
  insert into coupons_use (program_id, coupon_id, is_shared, template, member_id, owner, order_ref, state, taken_at, settled_at)
  values (p_program, p_id, false, v_template, p_member, p_owner, p_order, 'redeemed', p_at, p_at);
  return true;
end $$;

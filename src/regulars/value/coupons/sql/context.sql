-- What is known about codes, in one round trip; nothing is locked or changed.

-- Every code that exists, as it stands. Codes that do not exist have no row. `p_codes` are canonical: upper case, without
-- spaces and hyphens. `taken`: how many of the template the member has redeemed or reserved; `total_used`: all together,
-- where the template has a limit for all; `mine`: this very basket (`p_owner`) has it reserved or its order has it.
create or replace function coupons_context(p_program int, p_codes text[], p_member uuid, p_at timestamptz,
  p_owner text default null)
returns table (coupon_id uuid, code text, is_shared boolean, template text, version int, state text, member_id uuid,
  offered_to uuid, starts_at timestamptz, ends_at timestamptz, until timestamptz, most bigint, used bigint, taken int,
  total_used bigint, mine boolean)
language plpgsql stable as $$
declare o coupons_coupon;
begin
  if cardinality(p_codes) = 1 then  -- the usual basket
    select x.* into o from coupons_coupon x where x.program_id = p_program and x.code = p_codes[1];
    if not found then select x.* into o from coupons_lying(p_program, null, p_codes[1]) x; end if;
    if o.id is null then return; end if;
    return query
    select o.id, o.code, o.is_shared, o.template, o.version, o.state, o.member_id, o.offered_to, o.starts_at, o.ends_at,
           o.until, o.most, o.used,
           coalesce((select t.redeemed from coupons_tally t where t.member_id = p_member and t.template = o.template), 0),
           coalesce((select u.used from coupons_usage u where u.program_id = p_program and u.template = o.template), 0),
           p_owner is not null and coalesce((select true from coupons_use x where x.coupon_id = o.id
             and (x.owner = p_owner or x.order_ref = p_owner) and x.state in ('reserved', 'redeemed') limit 1), false);
    return;
  end if;
  return query
  with known as materialized (select x.* from coupons_coupon x where x.program_id = p_program and x.code = any (p_codes))
  select c.id, c.code, c.is_shared, c.template, c.version, c.state, c.member_id, c.offered_to, c.starts_at, c.ends_at,
         c.until, c.most, c.used,
         -- each asked by its key: a join or an `exists` is made a scan of the whole table, for many rows are expected here
         coalesce((select t.redeemed from coupons_tally t where t.member_id = p_member and t.template = c.template), 0),
         coalesce((select u.used from coupons_usage u where u.program_id = p_program and u.template = c.template), 0),
         p_owner is not null and coalesce((select true from coupons_use x where x.coupon_id = c.id
           and (x.owner = p_owner or x.order_ref = p_owner) and x.state in ('reserved', 'redeemed') limit 1), false)
    from (select x.* from known x union all
          select x.* from coupons_untouched(p_program, '{}', array(select w.code from unnest(p_codes) as w (code)
                                              where w.code not in (select k.code from known k))) x) as c;
end $$;

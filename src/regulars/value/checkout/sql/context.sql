-- All that deciding about a basket needs, in one round trip: the session as it stands, the program's version, the member
-- (whoever she was merged into), her tier and account, her audiences, consents and orders where a condition names them,
-- the coupons, the goods, and what is left of limits beyond the member.
-- `known` is equal while all that a decision rests on is: a close asks whether it still is what it was when the basket was told.
-- `p_keeps`: whoever the session belongs to already, unless another is said. `p_wants`: audiences, consents, orders, benefits.

create or replace function checkout_context(p_program int, p_key text, p_member uuid, p_keeps boolean, p_store bigint,
  p_channel text, p_currency text, p_codes text[], p_owner text, p_skus text[], p_limit_keys text[], p_limits bigint[],
  p_wants text[], p_occurred timestamptz, p_now timestamptz,
  out session_state text, out revision bigint, out opening int, out session_order uuid,
  out rule_version int, out member_id uuid, out is_member boolean, out status text, out joined_at timestamptz,
  out birth_month smallint, out birth_day smallint, out zone text, out locale text, out attributes text, out tier text,
  out version bigint, out active bigint[], out pending bigint[], out held bigint[], out debt bigint[],
  out overdue bigint[], out counters text, out audiences text[], out consents text[], out orders bigint,
  out coupons text, out goods text, out limits_left text, out benefits text[], out plans text[], out session_id uuid,
  out known text)
language plpgsql stable
-- every basket asks the same by keys: with a plan for each list of goods and codes, planning is most of the time
set plan_cache_mode = force_generic_plan as $$
declare v_member uuid := p_member; v_into uuid; v_went int := 0;
begin
  select s.id, s.state, s.revision, s.opening, s.order_id, coalesce(p_member, case when p_keeps then s.member_id end)
    into session_id, session_state, checkout_context.revision, checkout_context.opening, session_order, v_member
    from checkout_session s where s.program_id = p_program and s.key = p_key;
  if not found then v_member := p_member; end if;
  select f.current_version into rule_version from programs_facts f where f.program_id = p_program;
  is_member := false;
  while v_member is not null loop
    select true, f.status, f.merged_into, f.joined_at, f.birth_month, f.birth_day, f.zone, f.locale, f.attributes::text
      into is_member, checkout_context.status, v_into, checkout_context.joined_at, checkout_context.birth_month,
           checkout_context.birth_day, checkout_context.zone, checkout_context.locale, checkout_context.attributes
      from members_facts f where f.member_id = v_member and f.program_id = p_program;
    exit when v_into is null or v_went > 8;
    v_member := v_into; v_went := v_went + 1;
  end loop;
  member_id := v_member;
  if is_member then
    tier := tiers_standing_of(v_member);
    select c.version, c.active, c.pending, c.held, c.debt, c.overdue, c.counters::text
      into checkout_context.version, checkout_context.active, checkout_context.pending, checkout_context.held,
           checkout_context.debt, checkout_context.overdue, checkout_context.counters
      from ledger_context(v_member, p_now) c;
    if 'audiences' = any (p_wants) then audiences := audiences_of(v_member); end if;
    if 'consents' = any (p_wants) then
      select array_agg(c.purpose || '/' || c.channel) into consents
        from consent_facts c where c.member_id = v_member and c.granted;
    end if;
    if 'benefits' = any (p_wants) then
      select b.benefits, b.plans into checkout_context.benefits, checkout_context.plans
        from benefits_of(p_program, v_member, p_occurred) b;
    end if;
    if 'orders' = any (p_wants) then
      select count(*) into orders from orders_facts o where o.member_id = v_member and o.state not in ('cancelled', 'returned');
    end if;
  end if;
  if p_codes is not null then
    select json_agg(c)::text into coupons from coupons_context(p_program, p_codes, v_member, p_now, p_owner) c;
  end if;
  if p_skus is not null then
    select json_agg(json_build_array(g.sku, g.name, g.category, g.categories, g.brand, g.attributes, g.price_minor,
             g.member_minor, g.rights, g.stock::text, g.tracked))::text into goods
      from catalog_goods(p_program, p_store, p_channel, p_skus, p_occurred, p_currency) g;
  end if;
  if p_limit_keys is not null then limits_left := promotions_left(p_program, p_limit_keys, p_limits)::text; end if;
  known := sha256(convert_to(row(rule_version, member_id, is_member, status, joined_at, birth_month, birth_day, zone, locale,
    attributes, tier, version, active, pending, held, debt, overdue, counters, audiences, consents, orders, coupons, goods,
    limits_left, benefits, plans)::text, 'UTF8'))::text;
end $$;

-- Two members become one: coupons, uses and counts go over; the record says what went, so that it can be undone.

create or replace function coupons_absorb(p_program int, p_from uuid, p_into uuid, p_at timestamptz) returns jsonb
language plpgsql as $$
declare v_coupons uuid[]; v_offers uuid[]; v_uses bigint[]; v_tallies jsonb; v_claims jsonb;
begin
  perform 1 from coupons_coupon c where c.program_id = p_program
     and (c.member_id in (p_from, p_into) or c.offered_to in (p_from, p_into)) order by c.id for update;
  with moved as (
    update coupons_coupon c set member_id = p_into,
           offered_to = case when c.offered_to = p_into then null else c.offered_to end
     where c.program_id = p_program and c.member_id = p_from returning c.id
  ) select coalesce(array_agg(m.id order by m.id), '{}') into v_coupons from moved m;
  with moved as (
    update coupons_coupon c set offered_to = case when c.member_id = p_into then null else p_into end
     where c.program_id = p_program and c.offered_to = p_from returning c.id, c.offered_to
  ) select coalesce(array_agg(m.id order by m.id) filter (where m.offered_to is not null), '{}') into v_offers from moved m;
  insert into coupons_event (program_id, coupon_id, kind, at, actor, member_id, other_id)
  select p_program, x, 'merged', p_at, 'system:merge', p_from, p_into from unnest(v_coupons) as x;
  with moved as (
    update coupons_use u set member_id = p_into where u.program_id = p_program and u.member_id = p_from returning u.id
  ) select coalesce(array_agg(m.id order by m.id), '{}') into v_uses from moved m;
  with gone as (
    delete from coupons_tally t where t.program_id = p_program and t.member_id = p_from
    returning t.template, t.claimed, t.redeemed
  ) select coalesce(jsonb_object_agg(g.template, jsonb_build_array(g.claimed, g.redeemed)), '{}') into v_tallies from gone g;
  insert into coupons_tally as t (program_id, member_id, template, claimed, redeemed)
  select p_program, p_into, x.key, (x.value ->> 0)::int, (x.value ->> 1)::int from jsonb_each(v_tallies) x order by x.key
  on conflict (member_id, template) do update
    set claimed = t.claimed + excluded.claimed, redeemed = t.redeemed + excluded.redeemed;
  with gone as (
    delete from coupons_claim_count n where n.program_id = p_program and n.member_id = p_from returning n.claim_id, n.used
  ) select coalesce(jsonb_object_agg(g.claim_id, g.used), '{}') into v_claims from gone g;
  insert into coupons_claim_count as n (program_id, claim_id, member_id, day, used)
  select p_program, x.key::uuid, p_into, null, x.value::int from jsonb_each_text(v_claims) x order by x.key
  on conflict (claim_id, member_id, day) do update set used = n.used + excluded.used;
  return jsonb_build_object('from', p_from, 'into', p_into, 'coupons', v_coupons, 'offers', v_offers, 'uses', v_uses,
                            'tallies', v_tallies, 'claims', v_claims);
end $$;

-- Takes the two apart again. What was given away meanwhile is not brought back. Tallies follow the uses.
create or replace function coupons_separate(p_program int, p_record jsonb, p_at timestamptz) returns int
language plpgsql as $$
declare v_from uuid := (p_record ->> 'from')::uuid; v_into uuid := (p_record ->> 'into')::uuid; n int; r record;
begin
  perform 1 from coupons_coupon c where c.program_id = p_program
     and c.id in (select x::uuid from jsonb_array_elements_text(p_record -> 'coupons') x) order by c.id for update;
  with back as (
    update coupons_coupon c set member_id = v_from
     where c.program_id = p_program and c.member_id = v_into
       and c.id in (select x::uuid from jsonb_array_elements_text(p_record -> 'coupons') x) returning c.id
  ), told as (
    insert into coupons_event (program_id, coupon_id, kind, at, actor, member_id, other_id)
    select p_program, b.id, 'merged', p_at, 'system:merge', v_into, v_from from back b order by b.id
  ) select count(*) into n from back;
  update coupons_coupon c set offered_to = v_from where c.program_id = p_program and c.offered_to = v_into
     and c.id in (select x::uuid from jsonb_array_elements_text(p_record -> 'offers') x);
  update coupons_use u set member_id = v_from where u.program_id = p_program and u.member_id = v_into
     and u.id in (select x::bigint from jsonb_array_elements_text(p_record -> 'uses') x);
  for r in select x.key as template, (x.value ->> 0)::int as claimed from jsonb_each(p_record -> 'tallies') x order by 1 loop
    insert into coupons_tally as t (program_id, member_id, template, claimed, redeemed)
    values (p_program, v_from, r.template, r.claimed, 0)
    on conflict (member_id, template) do update set claimed = t.claimed + r.claimed;
    update coupons_tally t set claimed = greatest(t.claimed - r.claimed, 0)
     where t.member_id = v_into and t.template = r.template;
  end loop;
  update coupons_tally t set redeemed = (select count(*) from coupons_use u where u.member_id = t.member_id
      and u.template = t.template and u.state in ('reserved', 'redeemed'))
   where t.member_id in (v_from, v_into) and t.template in (select x.key from jsonb_each(p_record -> 'tallies') x);
  insert into coupons_claim_count as c (program_id, claim_id, member_id, day, used)
  select p_program, x.key::uuid, v_from, null, x.value::int from jsonb_each_text(p_record -> 'claims') x
  on conflict (claim_id, member_id, day) do update set used = c.used + excluded.used;
  update coupons_claim_count c set used = greatest(c.used - x.value::int, 0)
    from jsonb_each_text(p_record -> 'claims') x where c.claim_id = x.key::uuid and c.member_id = v_into;
  return n;
end $$;

-- Quotas are the sums of uses: written anew for these members, e.g. after their uses have moved.
create or replace function benefits_count_anew(p_program int, p_members uuid[]) returns void language sql as $$
  delete from benefits_quota q where q.program_id = p_program and q.member_id = any (p_members);
  insert into benefits_quota (program_id, member_id, benefit, period, used)
  select p_program, u.member_id, u.benefit, u.period, sum(u.times)::int from benefits_use u
   where u.program_id = p_program and u.member_id = any (p_members) and u.counted and u.state = 'used'
   group by u.member_id, u.benefit, u.period order by 1, 2, 3, 4
$$;

-- Two members become one: packs, plans, uses, choices and occasions go over, so that nobody gets a second birthday by it.
-- What both have under the same key stays where it was. Uses in a year of membership count in the year of who remains.
create or replace function benefits_absorb(p_program int, p_from uuid, p_into uuid, p_at timestamptz) returns jsonb
language plpgsql as $$
declare v_holdings bigint[]; v_uses jsonb; v_gifts bigint[]; v_choices jsonb;
begin
  perform 1 from benefits_quota q where q.member_id in (p_from, p_into) order by q.member_id, q.benefit, q.period for update;
  with moved as (
    update benefits_holding h set member_id = p_into where h.program_id = p_program and h.member_id = p_from
       and not exists (select 1 from benefits_holding x where x.member_id = p_into and (x.kind, x.key, x.source) = (h.kind, h.key, h.source))
    returning h.id
  ) select coalesce(array_agg(m.id order by m.id), '{}') into v_holdings from moved m;
  with moved as (
    update benefits_gift g set member_id = p_into where g.program_id = p_program and g.member_id = p_from
       and not exists (select 1 from benefits_gift x where x.member_id = p_into and x.occasion = g.occasion)
    returning g.id
  ) select coalesce(array_agg(m.id order by m.id), '{}') into v_gifts from moved m;
  with going as (
    select u.id, u.period from benefits_use u where u.program_id = p_program and u.member_id = p_from
       and not exists (select 1 from benefits_use x where x.member_id = p_into and x.key = u.key)
  ), moved as (
    update benefits_use u set member_id = p_into from going g where u.id = g.id returning u.id
  ) select coalesce((select jsonb_object_agg(g.id, g.period) from going g where exists (select 1 from moved)), '{}') into v_uses;
  update benefits_use u set period = e.period from benefits_entitled(p_program, p_into, p_at) e
   where u.member_id = p_into and v_uses ? u.id::text and u.benefit = e.benefit and u.period like 'membership_year/%'
     and e.period like 'membership_year/%' and u.used_at >= split_part(e.period, '/', 2)::date;
  with moved as (
    update benefits_choice c set member_id = p_into where c.program_id = p_program and c.member_id = p_from
       and not exists (select 1 from benefits_choice x where x.member_id = p_into and (x.benefit, x.period) = (c.benefit, c.period))
    returning c.benefit, c.period
  ) select coalesce(jsonb_agg(jsonb_build_array(m.benefit, m.period)), '[]') into v_choices from moved m;
  perform benefits_count_anew(p_program, array[p_from, p_into]);
  return jsonb_build_object('from', p_from, 'into', p_into, 'holdings', v_holdings, 'gifts', v_gifts, 'uses', v_uses,
                            'choices', v_choices);
end $$;

-- Takes the two apart again: what went over goes back as it was. Answers how many uses and packs went back.
create or replace function benefits_separate(p_program int, p_record jsonb) returns int language plpgsql as $$
declare v_from uuid := (p_record ->> 'from')::uuid; v_into uuid := (p_record ->> 'into')::uuid; n int; v_n int;
begin
  perform 1 from benefits_quota q where q.member_id in (v_from, v_into) order by q.member_id, q.benefit, q.period for update;
  update benefits_holding h set member_id = v_from where h.program_id = p_program and h.member_id = v_into
     and h.id in (select x::bigint from jsonb_array_elements_text(p_record -> 'holdings') x)
     and not exists (select 1 from benefits_holding x where x.member_id = v_from and (x.kind, x.key, x.source) = (h.kind, h.key, h.source));
  get diagnostics n = row_count;
  update benefits_gift g set member_id = v_from where g.program_id = p_program and g.member_id = v_into
     and g.id in (select x::bigint from jsonb_array_elements_text(p_record -> 'gifts') x)
     and not exists (select 1 from benefits_gift x where x.member_id = v_from and x.occasion = g.occasion);
  update benefits_use u set member_id = v_from, period = x.value from jsonb_each_text(p_record -> 'uses') x
   where u.program_id = p_program and u.member_id = v_into and u.id = x.key::uuid
     and not exists (select 1 from benefits_use o where o.member_id = v_from and o.key = u.key);
  get diagnostics v_n = row_count;
  update benefits_choice c set member_id = v_from from jsonb_array_elements(p_record -> 'choices') x
   where c.program_id = p_program and c.member_id = v_into and (c.benefit, c.period) = (x ->> 0, x ->> 1)
     and not exists (select 1 from benefits_choice o where o.member_id = v_from and (o.benefit, o.period) = (c.benefit, c.period));
  perform benefits_count_anew(p_program, array[v_from, v_into]);
  return n + v_n;
end $$;

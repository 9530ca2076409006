-- Coupons come into members' hands, and go.

-- Stores coupons for a member, each once by its key; codes and ids come from `services.coin`. A key told again answers the
-- coupon of the first time. `p_holds`: how many usable ones of the template she may hold (null: no limit); above it the
-- coupon is not made. `what`: issued, told, limit_reached.
create or replace function coupons_issue(p_program int, p_member uuid, p_ids uuid[], p_codes text[], p_templates text[],
  p_versions int[], p_starts timestamptz[], p_ends timestamptz[], p_keys text[], p_holds int[], p_at timestamptz,
  p_actor text, p_source text, p_kind text default 'issued')
returns table (coupon_id uuid, code text, template text, what text) language plpgsql as $$
declare r record; v_old coupons_coupon; v_held int;
begin
  -- the tallies are the locks of "how many does she hold?", in order of template
  insert into coupons_tally (program_id, member_id, template, claimed, redeemed)
  select distinct p_program, p_member, x.t, 0, 0 from unnest(p_templates, p_holds) as x (t, h) where x.h is not null
   order by 3 on conflict do nothing;
  perform 1 from coupons_tally y where y.member_id = p_member
     and y.template in (select x.t from unnest(p_templates, p_holds) as x (t, h) where x.h is not null)
   order by y.template for update;
  for r in select * from unnest(p_ids, p_codes, p_templates, p_versions, p_starts, p_ends, p_keys, p_holds)
             with ordinality as x (id, c, t, v, s, e, k, h, n) order by x.n loop
    select y.* into v_old from coupons_coupon y where y.program_id = p_program and y.issue_key = r.k;
    if found then
      return query select v_old.id, coalesce(v_old.shown, v_old.code), v_old.template, 'told'::text;
      continue;
    end if;
    if r.h is not null then
      select count(*) into v_held from coupons_coupon y where y.member_id = p_member and y.template = r.t
         and y.state in ('open', 'reserved') and (y.ends_at is null or y.ends_at > p_at);
      if v_held >= r.h then
        return query select null::uuid, null::text, r.t, 'limit_reached'::text;
        continue;
      end if;
    end if;
    insert into coupons_coupon (id, program_id, code, template, version, starts_at, ends_at, issued_at, member_id, issue_key)
    values (r.id, p_program, r.c, r.t, r.v, r.s, r.e, p_at, p_member, r.k)
    on conflict (program_id, issue_key) where issue_key is not null do nothing;
    if not found then  -- told by somebody else at this very moment
      return query select y.id, coalesce(y.shown, y.code), y.template, 'told'::text
        from coupons_coupon y where y.program_id = p_program and y.issue_key = r.k;
      continue;
    end if;
    perform coupons_tell(p_program, r.id, p_kind, p_at, p_actor, p_member, p_source);
    insert into kernel_fact (program_id, member_id, kind, body, announced_at)
    values (p_program, p_member, 'CouponIssued', jsonb_build_object('coupon_id', r.id, 'member_id', p_member, 'template', r.t,
      'ends_at', to_char(r.e at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), 'source', p_source), p_at);
    return query select r.id, r.c, r.t, 'issued'::text;
  end loop;
end $$;

-- Withdraws coupons that nobody has used; a reserved one stays. `why`: already_used, reserved_elsewhere, voided.
create or replace function coupons_void(p_program int, p_ids uuid[], p_at timestamptz, p_actor text, p_reason text)
returns table (coupon_id uuid, code text, voided boolean, why text) language plpgsql as $$
declare c coupons_coupon;
begin
  perform coupons_touch(p_program, p_ids, '{}');
  for c in select x.* from coupons_coupon x where x.program_id = p_program and x.id = any (p_ids) order by x.id for update loop
    if c.state in ('open', 'expired') or (c.state = 'reserved' and c.until <= p_at) then
      if c.state = 'reserved' then
        perform coupons_give_back(p_program, array(select u.id from coupons_use u where u.coupon_id = c.id
          and u.state = 'reserved'), 'released', p_at, 'system:late', null);
      end if;
      update coupons_coupon x set state = 'voided', offered_to = null where x.id = c.id;
      perform coupons_tell(p_program, c.id, 'voided', p_at, p_actor, c.member_id, p_reason);
      return query select c.id, coalesce(c.shown, c.code), true, ''::text;
    else
      return query select c.id, coalesce(c.shown, c.code), false,
        case c.state when 'redeemed' then 'already_used' when 'reserved' then 'reserved_elsewhere' else 'voided' end;
    end if;
  end loop;
end $$;

-- Counts one claim on a page, by member, by day and in all; refuses above a limit. Locks: member, day, page.
create or replace function coupons_claim_count(p_program int, p_claim uuid, p_member uuid, p_day date) returns void
language plpgsql as $$
declare p coupons_claim; v_found int;
begin
  select x.* into p from coupons_claim x where x.id = p_claim and x.program_id = p_program;
  insert into coupons_claim_count as t (program_id, claim_id, member_id, day, used)
  values (p_program, p_claim, p_member, null, 1)
  on conflict (claim_id, member_id, day) do update set used = t.used + 1 where p.per_member is null or t.used < p.per_member;
  get diagnostics v_found = row_count;
  if v_found = 0 then perform coupons_refuse('limit_reached', null); end if;
  if p.per_day is not null then
    insert into coupons_claim_count as t (program_id, claim_id, member_id, day, used)
    values (p_program, p_claim, null, p_day, 1)
    on conflict (claim_id, member_id, day) do update set used = t.used + 1 where t.used < p.per_day;
    get diagnostics v_found = row_count;
    if v_found = 0 then perform coupons_refuse('limit_reached', null); end if;
  end if;
  update coupons_claim x set claimed = x.claimed + 1 where x.id = p_claim and (x.total is null or x.claimed < x.total);
  if not found then perform coupons_refuse('limit_reached', null); end if;
end $$;

-- One more coupon of a template claimed by a member, ever.
create or replace function coupons_claim_tally(p_program int, p_member uuid, p_template text, p_most int) returns void
language plpgsql as $$
begin
  insert into coupons_tally (program_id, member_id, template, claimed, redeemed)
  values (p_program, p_member, p_template, 0, 0) on conflict do nothing;
  update coupons_tally t set claimed = t.claimed + 1
   where t.member_id = p_member and t.template = p_template and (p_most is null or t.claimed < p_most);
  if not found then perform coupons_refuse('limit_reached', null); end if;
end $$;

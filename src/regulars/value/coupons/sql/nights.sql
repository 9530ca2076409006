-- What the nights do with coupons, a batch at a time: each is one statement, harmless when repeated.

-- Members' coupons that have ended by an instant become expired, with a chapter and the news; returns how many.
create or replace function coupons_expire(p_program int, p_at timestamptz, p_limit int) returns int language plpgsql as $$
declare n int;
begin
  with due as (
    select c.id from coupons_coupon c
     where c.program_id = p_program and c.member_id is not null and c.state = 'open' and c.ends_at <= p_at
     order by c.ends_at limit p_limit for update skip locked
  ), gone as (
    update coupons_coupon c set state = 'expired', offered_to = null from due where c.id = due.id
    returning c.id, c.member_id, c.template
  ), told as (
    insert into coupons_event (program_id, coupon_id, kind, at, actor, member_id)
    select p_program, g.id, 'expired', p_at, 'system:night', g.member_id from gone g order by g.id
  ), announced as (
    insert into kernel_fact (program_id, member_id, kind, body, announced_at)
    select p_program, g.member_id, 'CouponExpired',
           jsonb_build_object('coupon_id', g.id, 'member_id', g.member_id, 'template', g.template), p_at
      from gone g order by g.id
  ) select count(*) into n from gone;
  return n;
end $$;

-- Members whose coupons end within one of the template's reminders, and who were not told so far, are told by the nearest
-- one: once each, and a reminder that a missed night skipped is not made up for when a nearer one has come.
create or replace function coupons_remind(p_program int, p_at timestamptz, p_limit int) returns int language plpgsql as $$
declare n int;
begin
  with due as (
    select c.id, r.days from coupons_coupon c
      join coupons_template t on t.program_id = c.program_id and t.version = c.version and t.key = c.template
     cross join lateral (select min(d) as days from unnest(t.reminders) as d
                          where c.ends_at <= p_at + make_interval(days => d)) as r
     where c.program_id = p_program and c.member_id is not null and c.state = 'open' and c.ends_at > p_at
       and c.ends_at <= p_at + interval '366 days' and c.starts_at <= p_at
       and r.days is not null and (c.reminded is null or c.reminded > r.days)
     order by c.ends_at limit p_limit for update of c skip locked
  ), marked as (
    update coupons_coupon c set reminded = due.days from due where c.id = due.id
    returning c.id, c.member_id, c.template, c.ends_at, due.days
  ), announced as (
    insert into kernel_fact (program_id, member_id, kind, body, announced_at)
    select p_program, m.member_id, 'CouponExpiring', jsonb_build_object('coupon_id', m.id, 'member_id', m.member_id,
             'template', m.template, 'days', m.days,
             'ends_at', to_char(m.ends_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')), p_at
      from marked m order by m.id
  ) select count(*) into n from marked;
  return n;
end $$;

-- What a period has earned before a day: the first parts of its amount shared over its days by largest remainder, and the
-- correction of its closing; nothing before the day on which it was booked. As rules/money.earned_before.
create or replace function subscriptions_earned(p subscriptions_period, p_day date) returns bigint
language plpgsql immutable as $$
declare v_days bigint := p.ends_on - p.starts_on; v_passed bigint; v_earned bigint := 0;
begin
  if p_day <= p.booked_on then
    return 0;
  end if;
  v_passed := greatest(0, least(p_day, coalesce(p.closed_on, p_day), p.ends_on) - p.starts_on);
  if v_days > 0 then
    v_earned := div(p.amount_minor, v_days)::bigint * v_passed + least(v_passed, p.amount_minor % v_days);
  end if;
  if p.closed_on < p_day then
    v_earned := v_earned + p.correction_minor;
  end if;
  return v_earned;
end $$;

-- Prepaid income by plan from a day to a day (exclusive). Each row is one source: payments; what periods earned and gave
-- back; gifts given back before anybody redeemed them, and charges that were withdrawn before their answer came; credit that
-- goes along when the next period has another plan.
create or replace function subscriptions_income(p_program int, p_from date, p_to date)
returns table(plan text, opening bigint, charged bigint, moved bigint, refunded bigint, earned bigint)
language plpgsql stable as $$
begin
  return query
    select x.terms ->> 'plan', sum(case when x.settled_on < p_from then x.amount_minor else 0 end)::bigint,
           sum(case when x.settled_on >= p_from then x.amount_minor else 0 end)::bigint, 0::bigint, 0::bigint, 0::bigint
      from subscriptions_payment x
     where x.program_id = p_program and x.state = 'paid' and x.settled_on < p_to group by 1
    union all
    select y.terms ->> 'plan', -sum(case when r.booked_on < p_from then r.amount_minor else 0 end)::bigint, 0::bigint,
           0::bigint, sum(case when r.booked_on >= p_from then r.amount_minor else 0 end)::bigint, 0::bigint
      from subscriptions_refund r
      join subscriptions_payment y on y.id = r.payment_id
      left join subscriptions_gift g on g.id = y.gift_id
     where (g.state = 'refunded' or y.withdrawn_at is not null) and r.program_id = p_program and r.booked_on < p_to group by 1
    union all
    select p.plan,
           -sum(subscriptions_earned(p, p_from) + case when p.closed_on < p_from then p.refunded_minor else 0 end)::bigint,
           0::bigint, 0::bigint,
           sum(case when p.closed_on >= p_from and p.closed_on < p_to then p.refunded_minor else 0 end)::bigint,
           sum(subscriptions_earned(p, p_to) - subscriptions_earned(p, p_from))::bigint
      from subscriptions_period p where p.program_id = p_program and p.booked_on < p_to group by 1
    union all
    select m.plan, sum(case when m.booked_on < p_from then m.amount else 0 end)::bigint, 0::bigint,
           sum(case when m.booked_on >= p_from then m.amount else 0 end)::bigint, 0::bigint, 0::bigint
      from (select w.booked_on, v.plan, v.amount
              from (select p.booked_on, p.plan as into_plan, lag(p.plan) over s as from_plan,
                           (sum(p.credited_minor - p.carried_minor) over s - p.credited_minor + p.carried_minor)::bigint as credit
                      from subscriptions_period p where p.program_id = p_program
                    window s as (partition by p.subscription_id order by p.n)) w
             cross join lateral (values (w.into_plan, w.credit), (w.from_plan, -w.credit)) v(plan, amount)
             where w.from_plan <> w.into_plan and w.credit <> 0 and w.booked_on < p_to) m group by 1;
end $$;

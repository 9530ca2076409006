-- What must hold over all rows and no constraint can say; the first p_most findings. Should be none.
create or replace function subscriptions_discrepancies(p_program int, p_most int)
returns table(promise text, what text, program_id int, member_id uuid, expected text, found text)
language plpgsql stable as $$
begin
  return query
  with paid as (
    select x.id, coalesce(sum(y.amount_minor), 0)::bigint as amount
      from subscriptions_subscription x
      left join subscriptions_payment y on (y.subscription_id = x.id or y.gift_id = x.gift_id) and y.state = 'paid'
                                            and y.withdrawn_at is null
     where p_program is null or x.program_id = p_program group by x.id
  ), days as (
    select p.subscription_id as id, sum(p.amount_minor)::bigint as amount, sum(p.carried_minor)::bigint as carried,
           sum(p.credited_minor)::bigint as credited, sum(p.refunded_minor)::bigint as refunded, max(p.n) as n
      from subscriptions_period p where p_program is null or p.program_id = p_program group by 1
  )
  select f.promise, f.what, s.program_id, s.member_id, f.expected, f.found from (
    -- P4: every minor unit that was paid is the price of days, once
    select s.id, 'P4' as promise, 'what was paid is not what its periods cost' as what, a.amount::text as expected,
           (coalesce(d.amount, 0) - coalesce(d.carried, 0))::text as found
      from subscriptions_subscription s join paid a on a.id = s.id left join days d on d.id = s.id
     where a.amount <> coalesce(d.amount, 0) - coalesce(d.carried, 0)
    union all
    -- P5: the credit is what closed periods left and none has used
    select s.id, 'P5', 'the credit is not what periods left and none used', (coalesce(d.credited, 0) - coalesce(d.carried, 0))::text,
           s.credit_minor::text
      from subscriptions_subscription s join paid a on a.id = s.id left join days d on d.id = s.id
     where s.credit_minor <> coalesce(d.credited, 0) - coalesce(d.carried, 0)
    union all
    -- P6: what goes back is what periods gave back
    select s.id, 'P6', 'refunds are not what its periods gave back', coalesce(d.refunded, 0)::text, r.amount::text
      from subscriptions_subscription s join paid a on a.id = s.id left join days d on d.id = s.id
     cross join lateral (select coalesce(sum(f.amount_minor), 0)::bigint as amount from subscriptions_refund f
                           join subscriptions_payment y on y.id = f.payment_id and y.withdrawn_at is null
                          where y.subscription_id = s.id or y.gift_id = s.gift_id) r
     where r.amount <> coalesce(d.refunded, 0)
    union all
    -- P6: what nobody wanted any more when its answer came is on its way back whole
    select y.subscription_id, 'P6', 'what was withdrawn and paid does not go back', y.amount_minor::text,
           coalesce(sum(f.amount_minor), 0)::text
      from subscriptions_payment y left join subscriptions_refund f on f.payment_id = y.id
     where (p_program is null or y.program_id = p_program) and y.withdrawn_at is not null and y.state = 'paid'
     group by y.id having y.amount_minor <> coalesce(sum(f.amount_minor), 0)
    union all
    -- P3: no day is sold twice
    select p.subscription_id, 'P3', 'a day is paid for twice', p.ends_on::text, q.starts_on::text
      from subscriptions_period p join subscriptions_period q on q.subscription_id = p.subscription_id and q.n = p.n + 1
     where (p_program is null or p.program_id = p_program)
       and q.starts_on < least(coalesce(p.closed_on, p.ends_on), p.ends_on)
    union all
    -- P1: the state is what its periods say
    select s.id, 'P1', 'a subscription that runs has no open period', 'an open period', s.state
      from subscriptions_subscription s join paid a on a.id = s.id
     where s.state in ('trial', 'active', 'past_due', 'cancelled')
       and not exists (select 1 from subscriptions_period p where p.subscription_id = s.id and p.n = s.period_n and p.closed_on is null)
    union all
    -- P4: nothing is given without something that was paid
    select s.id, 'P4', 'something is given and no period is paid', 'a period', s.covered_until::text
      from subscriptions_subscription s join paid a on a.id = s.id
     where s.covered_until is not null and s.period_n = 0
    union all
    -- P8: seats are counted
    select s.id, 'P8', 'seats are not counted', x.n::text, s.seats::text
      from subscriptions_subscription s join paid a on a.id = s.id
     cross join lateral (select count(*) as n from subscriptions_seat t
                          where t.subscription_id = s.id and t.state in ('invited', 'joined')) x
     where x.n <> s.seats
    union all
    -- P2: what starts has a payment that is meant
    select s.id, 'P2', 'a subscription waits for no payment', 'a payment under way', s.state
      from subscriptions_subscription s join paid a on a.id = s.id
     where s.state = 'starting' and not exists (select 1 from subscriptions_payment y
                                                 where y.subscription_id = s.id and y.state = 'intended'
                                                   and y.withdrawn_at is null)
  ) f join subscriptions_subscription s on s.id = f.id
  limit p_most;
end $$;

-- Published for bulk reading; the columns are a promise. One row a subscription: state starting, trial, active, past_due,
-- paused, cancelled (runs to its end) or ended; `family` of plans.
create or replace view subscriptions_facts as
  select s.id as subscription_id, s.program_id, s.member_id, s.plan, s.version, s.family, s.state, s.started_at,
         s.covered_until, s.ended_at, s.end_cause, s.gift_id is not null as is_gift
    from subscriptions_subscription s;

-- One row a period of days that are paid for: `amount_minor` of it `carried_minor` from a period before; closed early or not.
create or replace view subscriptions_period_facts as
  select p.program_id, p.subscription_id, p.n, p.kind, p.plan, p.version, p.starts_on, p.ends_on, p.amount_minor,
         p.carried_minor, p.closed_on, p.closed_by, p.refunded_minor, p.credited_minor, p.correction_minor
    from subscriptions_period p;

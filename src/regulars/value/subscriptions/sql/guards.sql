-- P9: the story of a subscription is never changed. P10: nor is a published plan. (TRUNCATE stays possible, for tests.)
create or replace function subscriptions_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception using errcode = '23001', message = tg_name, detail = format('%s of %s refused', tg_op, tg_table_name);
end $$;

create or replace trigger "P9_a_story_is_never_changed" before update or delete on subscriptions_event
  for each row execute function subscriptions_refuse_change();
create or replace trigger "P10_a_published_plan_never_changes" before update or delete on subscriptions_plan
  for each row execute function subscriptions_refuse_change();

-- P5: a period that is closed stays as it is; an open one is only closed. P2: a settled payment stays as it is.
create or replace function subscriptions_keep_books() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    null;
  elsif tg_table_name = 'subscriptions_period' then
    if old.closed_on is null and (new.subscription_id, new.n, new.starts_on, new.ends_on, new.amount_minor, new.carried_minor)
        = (old.subscription_id, old.n, old.starts_on, old.ends_on, old.amount_minor, old.carried_minor)
       and new.payment_id is not distinct from old.payment_id then
      return new;
    end if;
  elsif (new.subscription_id, new.gift_id, new.amount_minor, new.n) is not distinct from
        (old.subscription_id, old.gift_id, old.amount_minor, old.n)
        and (old.state = 'intended' or (new.state = old.state and new.settled_on = old.settled_on)) then
    return new;
  end if;
  raise exception using errcode = '23001', message = tg_name, detail = format('%s of %s refused', tg_op, tg_table_name);
end $$;

create or replace trigger "P5_a_closed_period_is_never_changed" before update or delete on subscriptions_period
  for each row execute function subscriptions_keep_books();
create or replace trigger "P2_a_settled_payment_is_never_changed" before update or delete on subscriptions_payment
  for each row execute function subscriptions_keep_books();

-- Numbers behind the codes of gifts; one that is not used is lost, and harmless.
create sequence if not exists subscriptions_gift_number minvalue 0 start 0;

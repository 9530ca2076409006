-- What a line may give back, asked when a line changes. Not as CHECKs: PostgreSQL reads their text again for every
-- statement, and a line is born with nothing given back (orders_discrepancies proves it of every row against its returns).

create or replace function orders_line_guard() returns trigger language plpgsql as $$
declare v_broken text;
begin
  if (new.returned >= 0 and new.returned <= greatest(new.quantity, 0)) is not true then
    v_broken := 'O3_no_line_returns_more_than_it_sold';
  elsif new.kind = 'adjustment' and new.returned <> 0 then
    v_broken := 'O3_only_what_is_sold_is_returnable';
  elsif new.reversed is not null and not orders_within(new.reversed, new.earned) then
    v_broken := 'L7_no_line_gives_back_more_than_it_earned';
  elsif (new.handed_over >= 0 and new.cancelled >= 0 and new.cancelled <= greatest(new.returned, 0)
         and new.handed_over <= greatest(new.quantity, 0) - new.cancelled
         and new.restocked >= 0 and new.restocked <= greatest(new.returned, 0)) is not true then
    v_broken := 'O18_nothing_is_handed_over_and_cancelled';
  else
    return new;
  end if;
  raise exception using errcode = '23514', constraint = v_broken, table = 'orders_line',
    message = format('orders_line: line %s of order %s gives back more than it had (%s)', new.n, new.order_id, v_broken);
end $$;

drop trigger if exists "O3_no_line_gives_back_more_than_it_had" on orders_line;
create trigger "O3_no_line_gives_back_more_than_it_had" before update on orders_line
  for each row execute function orders_line_guard();

-- An order is born placed; only an update can make its state unknown.
create or replace function orders_state_guard() returns trigger language plpgsql as $$
begin
  if new.state in ('placed', 'partially_returned', 'returned', 'cancelled') then return new; end if;
  raise exception using errcode = '23514', constraint = 'O4_an_orders_state_is_known', table = 'orders_order',
    message = format('orders_order: %s is no state of an order (O4_an_orders_state_is_known)', new.state);
end $$;

drop trigger if exists "O4_an_orders_state_is_known" on orders_order;
create trigger "O4_an_orders_state_is_known" before update of state on orders_order
  for each row execute function orders_state_guard();

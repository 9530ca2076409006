-- What Django cannot spell: arrays by slot, and room for updates in the page (returns and claims change rows in place).

-- Whether every number of `part` is between nothing and the number of `whole` in the same slot; a missing one is 0.
-- Not in SQL: the planner would try to unfold it, and parse its text, whenever a line is written.
create function orders_within(part bigint[], whole bigint[]) returns boolean
language plpgsql immutable parallel safe as $$
declare slot int;
begin
  for slot in 1 .. cardinality(part) loop
    if part[slot] is null or part[slot] < 0 or part[slot] > coalesce(whole[slot], 0) then return false; end if;
  end loop;
  return true;
end $$;

-- round_half_up(total × part ÷ whole) in whole numbers, exactly: none of it goes through an inexact quotient.
create function orders_share(total bigint, part numeric, whole numeric) returns bigint
language sql immutable parallel safe as $$
    select case when whole > 0 then div(2 * total * part + whole, 2 * whole)::bigint else 0 end
$$;

alter table orders_line add constraint "L7_no_line_gives_back_more_than_it_earned"
    check (reversed is null or orders_within(reversed, earned));
alter table orders_line add constraint "O3_only_what_is_sold_is_returnable"
    check (kind <> 'adjustment' or returned = 0);
alter table orders_order set (fillfactor = 90);
alter table orders_line set (fillfactor = 90);

-- What Django cannot spell: arrays by slot, and room for updates in the page (returns and claims change rows in place).

-- Whether every number of `part` is between nothing and the number of `whole` in the same slot; a missing one is 0.
create function orders_within(part bigint[], whole bigint[]) returns boolean
language sql immutable parallel safe as $$
    select coalesce(bool_and(p.v >= 0 and p.v <= coalesce(whole[p.slot], 0)), true)
    from unnest(part) with ordinality as p(v, slot)
$$;

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

-- Periods, occasions and member days: the same rules as rules/periods.py, which a test compares with these.

-- The first day of the period that a day lies in; null for periods without one. `p_since`: the day that the membership
-- began (years of it begin on that day of each year, on 28 February for 29 February).
create or replace function benefits_period_starts(p_period text, p_day date, p_since date) returns date
language sql immutable as $$
  select case p_period
    when 'day' then p_day
    when 'week' then date_trunc('week', p_day)::date
    when 'month' then date_trunc('month', p_day)::date
    when 'quarter' then date_trunc('quarter', p_day)::date
    when 'year' then date_trunc('year', p_day)::date
    when 'membership_year' then (p_since + make_interval(years => y.n
         - case when (p_since + make_interval(years => y.n))::date > p_day then 1 else 0 end))::date
  end from (select (extract(year from p_day) - extract(year from p_since))::int as n) as y
$$;

-- The first day after that period; null for a lifetime.
create or replace function benefits_period_ends(p_period text, p_starts date, p_since date) returns date
language sql immutable as $$
  select case p_period
    when 'day' then p_starts + 1
    when 'week' then p_starts + 7
    when 'month' then (p_starts + interval '1 month')::date
    when 'quarter' then (p_starts + interval '3 months')::date
    when 'year' then (p_starts + interval '1 year')::date
    when 'membership_year' then (p_since + make_interval(years =>
         (extract(year from p_starts) - extract(year from p_since))::int + 1))::date
  end
$$;

-- The day on which a month and day is celebrated in a year.
create or replace function benefits_celebrated(p_month int, p_day int, p_year int, p_is_mar1 boolean) returns date
language sql immutable as $$
  select case when p_month = 2 and p_day = 29 and not (p_year % 4 = 0 and (p_year % 100 <> 0 or p_year % 400 = 0))
              then case when p_is_mar1 then make_date(p_year, 3, 1) else make_date(p_year, 2, 28) end
              else make_date(p_year, p_month, p_day) end
$$;

-- The celebration whose window (so many days before and after it) a day lies in; null outside all of them. Of two that
-- overlap, the later one, whose gift would otherwise be missed.
create or replace function benefits_occasion(p_month int, p_day int, p_before int, p_after int, p_is_mar1 boolean, p_on date)
returns date language sql immutable as $$
  select max(c.day) from (
    select benefits_celebrated(p_month, p_day, y, p_is_mar1) as day
      from generate_series(extract(year from p_on)::int - 1, extract(year from p_on)::int + 1) as y) as c
   where p_on between c.day - p_before and c.day + p_after
$$;

-- Whether a day is a member day: days of the month, weekdays (1 Monday), the nth of the weekday (-1 the last), dates.
create or replace function benefits_is_member_day(p_days jsonb, p_on date) returns boolean language sql stable as $$
  select p_days is null
      or coalesce(p_days -> 'dates' ? to_char(p_on, 'YYYY-MM-DD'), false)
      or ((p_days ? 'of_month' or p_days ? 'weekdays')
          and (not p_days ? 'of_month' or p_days -> 'of_month' @> to_jsonb(extract(day from p_on)::int))
          and (not p_days ? 'weekdays' or p_days -> 'weekdays' @> to_jsonb(extract(isodow from p_on)::int))
          and (not p_days ? 'nth' or p_days -> 'nth' @> to_jsonb((extract(day from p_on)::int + 6) / 7)
               or (p_days -> 'nth' @> '-1' and extract(month from p_on + 7) <> extract(month from p_on))))
$$;

-- A member's way up and down one ladder, walked over the dated facts of its measures. All here is a pure function of its
-- arguments: the same facts, whenever they were told, lead to the same place. `README.md` says what each setting means.
--
-- Facts come as arrays in order of time: `p_days` the local day each counts on, `p_froms` the instant, `p_sums` the running
-- totals of the first measure, then of the second …; `p_off_…` what stopped counting, and when.

do $$ begin
  if to_regtype('tiers_rule') is null then
    create type tiers_rule as (
      since timestamptz, keys text[], places smallint, measures text[], is_all boolean,
      period text, months int, enters bigint[], keeps bigint[],
      validity text, lasts int, grace_days int, is_at_once boolean, downgrade text, keeps_returned boolean, notice_days int);
    create type tiers_state as (
      level text, since timestamptz, anchor date, valid_until timestamptz, grace_until timestamptz, ruled timestamptz, why text,
      walked_to timestamptz, amounts bigint[], look_at timestamptz, falls_on timestamptz, falls_to text,
      rises_on timestamptz, rises_to text, window_from date, place int, still_from timestamptz);
  end if;
end $$;

-- The year of a member's joining that a day lies in begins here; a day that a month lacks is its last one.
create or replace function tiers_anniversary(p_joined date, p_day date, p_more int) returns date language plpgsql immutable as $$
declare k int := extract(year from p_day)::int - extract(year from p_joined)::int;
begin
  if (p_joined + make_interval(years => k))::date > p_day then k := k - 1; end if;
  return (p_joined + make_interval(years => k + p_more))::date;
end $$;

-- The first day whose facts still count on `p_day`.
create or replace function tiers_window(r tiers_rule, p_joined date, p_day date) returns date language plpgsql immutable as $$
declare v date;
begin
  case r.period
    when 'calendar_year' then return make_date(extract(year from p_day)::int, 1, 1);
    when 'anniversary' then return tiers_anniversary(p_joined, p_day, 0);
    when 'rolling' then
      v := (p_day - make_interval(months => r.months))::date + 1;
      while (v + make_interval(months => r.months))::date <= p_day loop v := v + 1; end loop;
      return v;
    else return '-infinity';
  end case;
end $$;

-- The day on which the period of a day ends: a new one begins there, and levels that wait for it are given there.
create or replace function tiers_next_period(r tiers_rule, p_joined date, p_day date) returns date language plpgsql immutable as $$
begin
  case r.period
    when 'calendar_year' then return make_date(extract(year from p_day)::int + 1, 1, 1);
    when 'anniversary' then return tiers_anniversary(p_joined, p_day, 1);
    else return (date_trunc('month', p_day::timestamp) + interval '1 month')::date;
  end case;
end $$;

-- The day on which a level ends that is held since `p_since`, and was reached on `p_day` or (`p_again`) judged at its end;
-- null: it does not end by itself.
create or replace function tiers_validity(r tiers_rule, p_joined date, p_since date, p_day date, p_again boolean) returns date
language plpgsql immutable as $$
declare k int; v_lasts int := case when p_again then greatest(r.lasts, 1) else r.lasts end;
begin
  case r.validity
    when 'months' then
      k := greatest(((extract(year from p_day) - extract(year from p_since)) * 12
                     + extract(month from p_day) - extract(month from p_since))::int - 1, 0);
      k := k - k % r.lasts + r.lasts;
      while (p_since + make_interval(months => k))::date <= p_day + 1 loop k := k + r.lasts; end loop;
      return (p_since + make_interval(months => k))::date;
    when 'year_end' then return make_date(extract(year from p_day)::int + v_lasts + 1, 1, 1);
    when 'anniversary' then return tiers_anniversary(p_joined, p_day, v_lasts + 1);
    else return null;
  end case;
end $$;

create or replace function tiers_midnight(p_day date, p_zone text) returns timestamptz language sql immutable as
$$ select p_day::timestamp at time zone p_zone $$;

-- The highest place whose thresholds these amounts reach: the first for everybody, one that can only be given for nobody.
create or replace function tiers_reached(r tiers_rule, p_thresholds bigint[], p_amounts bigint[], p_below int default null)
returns int language plpgsql immutable as $$
declare m int := cardinality(r.measures); i int; v_met int; v_of int;
begin
  for place in reverse coalesce(p_below, r.places) - 1 .. 1 loop
    v_met := 0;
    for i in 1 .. m loop
      if p_amounts[i] >= p_thresholds[place * m + i] then v_met := v_met + 1; end if;
    end loop;
    v_of := case when r.is_all then m else 1 end;
    if v_met >= v_of then return place; end if;
  end loop;
  return 0;
end $$;

-- The amounts that count at an instant from a day on (`p_until`: and before that day).
create or replace function tiers_amounts(r tiers_rule, p_days date[], p_froms timestamptz[], p_sums bigint[],
  p_off_days date[], p_off_at timestamptz[], p_off_m smallint[], p_off bigint[], p_from date, p_until date, p_at timestamptz)
returns bigint[] language plpgsql immutable as $$
declare n int := cardinality(p_froms); v_to int; v_before int; v bigint[] := array[]::bigint[]; i int;
begin
  if n > 0 then
    v_to := width_bucket(p_at, p_froms);
    if p_until is not null then v_to := least(v_to, width_bucket(p_until - 1, p_days)); end if;
    v_before := case when p_from = '-infinity' then 0 else least(width_bucket(p_from - 1, p_days), v_to) end;
  end if;
  for m in 1 .. cardinality(r.measures) loop
    v[m] := case when v_to > 0 then p_sums[(m - 1) * n + v_to] else 0 end
          - case when v_before > 0 then p_sums[(m - 1) * n + v_before] else 0 end;
  end loop;
  for i in 1 .. coalesce(cardinality(p_off_at), 0) loop
    exit when p_off_at[i] > p_at;
    if p_off_days[i] >= p_from and (p_until is null or p_off_days[i] < p_until) then
      v[p_off_m[i]] := v[p_off_m[i]] - p_off[i];
    end if;
  end loop;
  return v;
end $$;

-- For a ladder without validity: the instant after `p_after` at which its level is not kept any more, by all facts there are.
create or replace function tiers_first_short(r tiers_rule, p_zone text, p_joined date, p_days date[], p_froms timestamptz[],
  p_sums bigint[], p_off_days date[], p_off_at timestamptz[], p_off_m smallint[], p_off bigint[], p_place int,
  p_after timestamptz) returns timestamptz language plpgsql immutable as $$
declare v_day date := (p_after at time zone p_zone)::date; v_first timestamptz; v_at timestamptz; v_last date; d date; i int;
begin
  for i in 1 .. coalesce(cardinality(p_off_at), 0) loop
    if p_off_at[i] > p_after and p_off_at[i] < 'infinity' and tiers_reached(r, r.keeps, tiers_amounts(r, p_days, p_froms, p_sums,
         p_off_days, p_off_at, p_off_m, p_off, tiers_window(r, p_joined, (p_off_at[i] at time zone p_zone)::date), null, p_off_at[i])) < p_place then
      v_first := p_off_at[i];
      exit;
    end if;
  end loop;
  v_at := tiers_midnight(v_day + 1, p_zone);  -- who has fallen one level may fall the next one as well
  if p_after > '-infinity' and tiers_reached(r, r.keeps, tiers_amounts(r, p_days, p_froms, p_sums, p_off_days, p_off_at,
       p_off_m, p_off, tiers_window(r, p_joined, v_day + 1), null, v_at)) < p_place then
    return least(v_first, v_at);
  end if;
  if r.period = 'lifetime' then return v_first; end if;
  if r.period in ('calendar_year', 'anniversary') then
    if p_after = '-infinity' then return v_first; end if;
    d := v_day;
    loop
      d := tiers_next_period(r, p_joined, d);
      v_at := tiers_midnight(d, p_zone);
      exit when v_at >= v_first or tiers_reached(r, r.keeps, tiers_amounts(r, p_days, p_froms, p_sums, p_off_days, p_off_at,
        p_off_m, p_off, tiers_window(r, p_joined, d), null, v_at)) < p_place;
    end loop;
    return least(v_first, v_at);
  end if;
  for i in coalesce(width_bucket(tiers_window(r, p_joined, v_day) - 1, p_days), 0) + 1 .. coalesce(cardinality(p_days), 0) loop
    d := (p_days[i] + make_interval(months => r.months))::date;
    continue when d is not distinct from v_last;
    v_last := d;
    v_at := tiers_midnight(d, p_zone);
    continue when v_at <= p_after;
    exit when v_at >= v_first;
    if tiers_reached(r, r.keeps, tiers_amounts(r, p_days, p_froms, p_sums, p_off_days, p_off_at, p_off_m, p_off,
                     tiers_window(r, p_joined, d), null, v_at)) < p_place then
      return v_at;
    end if;
  end loop;
  return v_first;
end $$;

-- Where one falls to who does not keep a place.
create or replace function tiers_below(r tiers_rule, p_place int, p_amounts bigint[]) returns int language plpgsql immutable as $$
begin
  return case r.downgrade
    when 'one_level' then p_place - 1
    when 'to_base' then 0
    else greatest(tiers_reached(r, r.keeps, p_amounts, p_place), tiers_reached(r, r.enters, p_amounts, p_place)) end;
end $$;

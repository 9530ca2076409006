-- The walk itself. What can happen next is one of four: a fact lifts, a level's time is over, a period begins, the rules
-- change; whichever comes first happens, until nothing is left before `p_until`. At the same instant midnight comes first.
create or replace function tiers_walk(p_rules tiers_rule[], p_zone text, p_joined date, p_days date[], p_froms timestamptz[],
  p_sums bigint[], p_off_days date[], p_off_at timestamptz[], p_off_m smallint[], p_off bigint[], p_state tiers_state,
  p_until timestamptz) returns tiers_state language plpgsql immutable as $$
declare
  s tiers_state := p_state; r tiers_rule; k int := 1; v_at timestamptz; v_day date; v_ends timestamptz;
  v_period timestamptz; v_rules timestamptz; v_next timestamptz; v_amounts bigint[]; v_place int; v_from date; i int;
  v_rose boolean; v_due timestamptz; n int := coalesce(cardinality(p_froms), 0); v_judged date;
begin
  if s.level is null then
    s := row((p_rules[1]).keys[1], null, null, null, null, (p_rules[1]).since, null, '-infinity', null, null, null, null, null, null, null, 0, null)::tiers_state;
  end if;
  while k < cardinality(p_rules) and (p_rules[k + 1]).since <= s.ruled loop k := k + 1; end loop;
  r := p_rules[k];
  s.place := coalesce(array_position(r.keys, s.level), 1) - 1;
  v_at := s.walked_to;
  if v_at = '-infinity' and n > 0 then v_at := p_froms[1] - interval '1 microsecond'; end if;
  if v_at = '-infinity' then v_at := least(p_until, (p_rules[k + 1]).since - interval '1 microsecond'); end if;
  loop
    -- what comes next
    v_due := s.valid_until;
    if s.place > 0 and s.valid_until is null and r.validity = 'none' and r.downgrade <> 'never' then
      v_due := tiers_first_short(r, p_zone, p_joined, p_days, p_froms, p_sums, p_off_days, p_off_at, p_off_m, p_off, s.place, v_at);
    end if;
    v_ends := coalesce(s.grace_until, v_due);
    v_rules := (p_rules[k + 1]).since;
    v_period := case when not r.is_at_once then
                  tiers_midnight(tiers_next_period(r, p_joined, (v_at at time zone p_zone)::date), p_zone) end;
    v_next := least(v_ends, v_period, v_rules);

    -- does a fact lift, or keep, before that?
    v_rose := false;
    if n > 0 and (s.grace_until is not null or (r.is_at_once and s.place < r.places - 1)) then
      i := width_bucket(v_at, p_froms) + 1;
      v_day := null;
      if i <= n and tiers_reached(r, r.enters, tiers_amounts(r, p_days, p_froms, p_sums, null, null, null, null,
           tiers_window(r, p_joined, p_days[i]), null, least(v_next, p_until))) <= s.place and s.grace_until is null then
        i := n + 1;  -- not even all of them together would
      end if;
      while i <= n and p_froms[i] <= p_until and (v_next is null or p_froms[i] < v_next) loop
        if v_day is distinct from p_days[i] then
          v_day := p_days[i];
          v_from := case when s.grace_until is null or r.period in ('rolling', 'lifetime') then tiers_window(r, p_joined, v_day)
                         else tiers_window(r, p_joined, (s.valid_until at time zone p_zone)::date - 1) end;
        end if;
        if i = n or p_froms[i + 1] > p_froms[i] then
          v_amounts := tiers_amounts(r, p_days, p_froms, p_sums, p_off_days, p_off_at, p_off_m, p_off, v_from, null, p_froms[i]);
          v_place := tiers_reached(r, r.enters, v_amounts);
          if v_place > s.place and r.is_at_once then
            v_rose := true;
            s.place := v_place;
            s.since := p_froms[i]; s.anchor := v_day; s.why := 'reached'; s.grace_until := null;
            s.valid_until := case when r.downgrade <> 'never' then
              tiers_midnight(tiers_validity(r, p_joined, v_day, v_day, false), p_zone) end;
          elsif s.grace_until is not null
                and greatest(v_place, tiers_reached(r, r.keeps, v_amounts)) >= s.place then
            v_rose := true;
            v_judged := (s.valid_until at time zone p_zone)::date - 1;
            s.grace_until := null;
            s.valid_until := tiers_midnight(tiers_validity(r, p_joined, s.anchor, v_judged, true), p_zone);
          end if;
        end if;
        if v_rose then v_at := p_froms[i]; exit; end if;
        i := i + 1;
      end loop;
    end if;
    continue when v_rose;
    exit when v_next is null or v_next > p_until;

    -- midnight: a level's time is over, or a period begins, or both
    if v_next < v_at then raise exception 'the walk goes back from % to %', v_at, v_next; end if;
    v_at := v_next;
    if v_next = v_ends or v_next = v_period then
      s := tiers_at_midnight(r, p_zone, p_joined, p_days, p_froms, p_sums, p_off_days, p_off_at, p_off_m,
        p_off, s, v_next, v_next = v_ends, v_next = v_period, v_due);
      if s.valid_until <= v_next and s.grace_until is null then
        raise exception 'a level that was judged at % ends at %', v_next, s.valid_until;  -- the walk would never end
      end if;
    else
      k := k + 1;
      s := tiers_under(p_rules[k], r, p_zone, p_joined, p_days, p_froms, p_sums, p_off_days, p_off_at,
        p_off_m, p_off, s, v_next);
      r := p_rules[k];
    end if;
  end loop;

  s.level := r.keys[s.place + 1];
  s.ruled := r.since;
  s.walked_to := p_until;
  v_day := (p_until at time zone p_zone)::date;
  if s.grace_until is not null and r.period in ('calendar_year', 'anniversary') then
    v_day := (s.valid_until at time zone p_zone)::date - 1;
  end if;
  s.window_from := tiers_window(r, p_joined, v_day);
  s.amounts := tiers_amounts(r, p_days, p_froms, p_sums, p_off_days, p_off_at, p_off_m, p_off, s.window_from, null, p_until);
  s.still_from := coalesce(greatest(p_froms[n], p_off_at[cardinality(p_off_at)]), '0001-01-02 00:00:00+00');
  return tiers_ahead(r, p_zone, p_joined, p_days, p_froms, p_sums, p_off_days, p_off_at, p_off_m, p_off, s, v_due);
end $$;

-- A midnight of the walk: is the level kept, is there grace, where does one fall to; and what waited for the new period.
create or replace function tiers_at_midnight(r tiers_rule, p_zone text, p_joined date, p_days date[], p_froms timestamptz[],
  p_sums bigint[], p_off_days date[], p_off_at timestamptz[], p_off_m smallint[], p_off bigint[], p_state tiers_state,
  p_at timestamptz, p_ends boolean, p_begins boolean, p_due timestamptz) returns tiers_state
language plpgsql immutable as $$
declare s tiers_state := p_state; v_day date; v_judged date; v_amounts bigint[]; v_reached int; v_falls boolean := false;
begin
  v_day := (p_at at time zone p_zone)::date;
  v_judged := (coalesce(s.valid_until, p_due, p_at) at time zone p_zone)::date - 1;  -- the last day of what is judged
  if p_ends and r.validity = 'none' then  -- what is held only while it is reached is asked for at this very instant
    v_amounts := tiers_amounts(r, p_days, p_froms, p_sums, p_off_days, p_off_at, p_off_m, p_off, tiers_window(r, p_joined, v_day), null, p_at);
  else
    v_amounts := tiers_amounts(r, p_days, p_froms, p_sums, p_off_days, p_off_at, p_off_m, p_off,
      tiers_window(r, p_joined, case when r.period = 'rolling' then v_day  -- what reached a level does not renew it as well
                                     when s.grace_until is not null then v_judged else v_day - 1 end),
      null, p_at - interval '1 microsecond');
  end if;
  v_reached := tiers_reached(r, r.enters, v_amounts);
  if p_ends then
    if greatest(v_reached, tiers_reached(r, r.keeps, v_amounts)) >= s.place then
      s.grace_until := null;
      s.valid_until := tiers_midnight(tiers_validity(r, p_joined, s.anchor, v_judged, true), p_zone);
    elsif s.grace_until is null and r.grace_days > 0 then
      s.valid_until := coalesce(s.valid_until, p_due);
      s.grace_until := tiers_midnight(v_day + r.grace_days, p_zone);
    else
      v_falls := true;
    end if;
  end if;
  if p_begins and v_reached > s.place then
    s.place := v_reached;
    s.since := p_at; s.anchor := v_day; s.why := 'reached'; s.grace_until := null;
    s.valid_until := case when r.downgrade <> 'never' then tiers_midnight(tiers_validity(r, p_joined, v_day, v_day, false), p_zone) end;
  elsif v_falls then
    s.place := tiers_below(r, s.place, v_amounts);
    s.since := p_at; s.anchor := v_judged + 1; s.why := 'not kept'; s.grace_until := null;
    s.valid_until := case when s.place > 0 then tiers_midnight(tiers_validity(r, p_joined, v_judged + 1, v_judged + 1, false), p_zone) end;
    if s.place > 0 and r.validity in ('year_end', 'anniversary') then
      s.valid_until := tiers_midnight(tiers_validity(r, p_joined, v_judged + 1, v_judged, true), p_zone);
    end if;
  end if;
  return s;
end $$;

-- The walk goes on by other rules (`q`). A level that is held until a day is held until then; one that is held only while
-- it is reached is asked for at once; one that is gone gives way to what is reached.
create or replace function tiers_under(q tiers_rule, r tiers_rule, p_zone text, p_joined date, p_days date[], p_froms timestamptz[],
  p_sums bigint[], p_off_days date[], p_off_at timestamptz[], p_off_m smallint[], p_off bigint[], p_state tiers_state,
  p_at timestamptz) returns tiers_state language plpgsql immutable as $$
declare s tiers_state := p_state; v_day date := (p_at at time zone p_zone)::date; v_amounts bigint[]; v_held int; v_reached int; v_ends date;
begin
  v_amounts := tiers_amounts(q, p_days, p_froms, p_sums, p_off_days, p_off_at, p_off_m, p_off, tiers_window(q, p_joined, v_day), null, p_at);
  v_reached := tiers_reached(q, q.enters, v_amounts);
  v_held := array_position(q.keys, r.keys[s.place + 1]) - 1;
  s.place := v_held;
  v_ends := tiers_validity(q, p_joined, v_day, v_day, false);
  if v_held is null then
    s.place := v_reached;
  elsif s.valid_until is null and v_held > 0 and q.downgrade <> 'never' then
    if greatest(v_reached, tiers_reached(q, q.keeps, v_amounts)) < v_held then
      s.place := tiers_reached(q, q.keeps, v_amounts, v_held);
    end if;
  end if;
  if v_reached > s.place and q.is_at_once then s.place := v_reached; end if;
  if s.place is distinct from v_held then
    s.since := p_at; s.anchor := v_day; s.why := 'rules'; s.grace_until := null; s.valid_until := null;
  end if;
  if q.downgrade = 'never' or s.place = 0 then
    s.valid_until := null; s.grace_until := null;
  elsif s.valid_until is null then
    s.anchor := v_day;
    s.valid_until := tiers_midnight(v_ends, p_zone);
  end if;
  return s;
end $$;

-- What lies ahead if nothing more comes: when to look again, the fall that is due, the rise that waits for its period.
create or replace function tiers_ahead(r tiers_rule, p_zone text, p_joined date, p_days date[], p_froms timestamptz[],
  p_sums bigint[], p_off_days date[], p_off_at timestamptz[], p_off_m smallint[], p_off bigint[], p_state tiers_state,
  p_due timestamptz) returns tiers_state language plpgsql immutable as $$
declare s tiers_state := p_state; t tiers_state; v_place int; v_ends timestamptz := coalesce(s.grace_until, p_due); v_day date; v_next timestamptz;
begin
  s.look_at := v_ends; s.falls_on := null; s.falls_to := null; s.rises_on := null; s.rises_to := null;
  if v_ends is not null and v_ends < 'infinity' then
    t := tiers_at_midnight(r, p_zone, p_joined, p_days, p_froms, p_sums, p_off_days, p_off_at, p_off_m,
      p_off, s, v_ends, true, false, p_due);
    if t.grace_until is not null then
      v_ends := t.grace_until;
      t := tiers_at_midnight(r, p_zone, p_joined, p_days, p_froms, p_sums, p_off_days, p_off_at, p_off_m,
        p_off, t, v_ends, true, false, p_due);
    end if;
    if t.place < s.place then
      s.falls_on := v_ends; s.falls_to := r.keys[t.place + 1];
    end if;
  end if;
  if not r.is_at_once and s.place < r.places - 1 then
    v_day := (s.walked_to at time zone p_zone)::date;
    v_next := tiers_midnight(tiers_next_period(r, p_joined, v_day), p_zone);
    v_place := tiers_reached(r, r.enters, tiers_amounts(r, p_days, p_froms, p_sums, p_off_days, p_off_at, p_off_m, p_off,
      tiers_window(r, p_joined, tiers_next_period(r, p_joined, v_day) - (r.period <> 'rolling')::int), null, v_next - interval '1 microsecond'));
    if v_place > s.place then
      s.look_at := least(s.look_at, v_next); s.rises_on := v_next; s.rises_to := r.keys[v_place + 1];
    end if;
  end if;
  return s;
end $$;

-- Who stands alike walks alike. A member of whom nothing new is known since she was walked, and for whom nothing known is
-- still to come, is only asked whether her amounts reach thresholds: so all with the same standing and with amounts between
-- the same thresholds go one way, and one walks it for all. `judging.sql` finds those who do.

-- Whether that holds on a ladder: its windows begin together and anew. One that runs on asks for single days that are behind.
create or replace function tiers_walks_alike(r tiers_rule) returns boolean language plpgsql immutable as $$
begin
  return r.validity <> 'none' and r.period in ('lifetime', 'calendar_year', 'anniversary');
end $$;

-- The thresholds of one measure, each once, in order.
create or replace function tiers_marks(r tiers_rule, p_measure int) returns bigint[] language plpgsql immutable as $$
begin
  return array(select distinct x.mark from unnest(r.enters || r.keeps) with ordinality x(mark, o)
                where (x.o - 1) % cardinality(r.measures) + 1 = p_measure and x.mark is not null order by x.mark);
end $$;

-- The highest thresholds that amounts have reached: they stand for the amounts wherever those are only asked for thresholds.
create or replace function tiers_below_marks(p_amounts bigint[], p_one bigint[], p_two bigint[], p_three bigint[], p_four bigint[])
returns bigint[] language sql immutable as $$
  select (array[coalesce(p_one[width_bucket(p_amounts[1], p_one)], 0), coalesce(p_two[width_bucket(p_amounts[2], p_two)], 0),
                coalesce(p_three[width_bucket(p_amounts[3], p_three)], 0), coalesce(p_four[width_bucket(p_amounts[4], p_four)], 0)])
         [1:cardinality(p_amounts)] $$;

-- One standing (`p_state`: the reached thresholds as its amounts, which count from `window_from` on) walked up to `p_until`,
-- with one fact in place of all there were.
create or replace function tiers_walk_for_all(p_rules tiers_rule[], p_zone text, p_joined date, p_state tiers_state, p_until timestamptz)
returns tiers_state language plpgsql immutable as $$
begin
  return tiers_walk(p_rules, p_zone, p_joined, array[p_state.window_from], array[timestamptz '0001-01-02 00:00:00+00'], p_state.amounts,
                    null, null, null, null, p_state, p_until);
end $$;

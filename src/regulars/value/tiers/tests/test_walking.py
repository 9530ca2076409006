"""The stored walk agrees with a walk by hand, whatever the ladder; and it can be stopped and gone on with anywhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.kernel import clock
from regulars.value.tiers import rules
from regulars.value.tiers.tests.plainly import Fact, Walk

pytestmark = pytest.mark.django_db
START = datetime(2023, 11, 20, 9, tzinfo=UTC)
_WALK = """
with told as (select tiers_rule_of(%(body)s::jsonb, '0001-01-02 00:00:00+00') as r),
facts as (select f.at, f.unit, f.amount, o from unnest(%(ats)s::timestamptz[], %(units)s::text[], %(amounts)s::bigint[]) with ordinality f(at, unit, amount, o)),
sums as (select f.*, (f.at at time zone %(zone)s)::date as day,
                coalesce(sum(f.amount) filter (where f.unit = %(one)s) over w, 0)::bigint as c1,
                coalesce(sum(f.amount) filter (where f.unit = %(two)s) over w, 0)::bigint as c2
           from facts f window w as (order by f.at, o rows unbounded preceding)),
arrays as (select array_agg(day order by at, o) as days, array_agg(at order by at, o) as froms,
                  array_agg(c1 order by at, o) || array_agg(c2 order by at, o) as sums from sums),
first as (select tiers_walk(array[r], %(zone)s, %(joined)s, days, froms, sums, null, null, null, null, null, %(halt)s) as s from told, arrays)
select (x).level, (x).valid_until, (x).grace_until, (x).falls_on, (x).falls_to from (
  select case when %(resume)s then tiers_walk(array[r], %(zone)s, %(joined)s, days, froms, sums, null, null, null, null, first.s, %(until)s)
              else tiers_walk(array[r], %(zone)s, %(joined)s, days, froms, sums, null, null, null, null, null, %(until)s) end as x
    from told, arrays, first) y
"""


def walked(
    body: dict[str, Any], facts: Sequence[Fact], until: datetime, *, zone: str, joined: date,
    halt: datetime | None = None,
) -> tuple[Any, ...]:  # fmt: skip
    """Level, end of validity, end of grace (local days), and the fall ahead, from the stored function."""
    units = body.get("measures") or [body["measure"]]
    with connection.cursor() as cursor:
        cursor.execute(
            _WALK,
            {
                "body": json.dumps(body), "ats": [f[0] for f in facts], "units": [f[1] for f in facts],
                "amounts": [f[2] for f in facts], "zone": zone, "joined": joined, "until": until,
                "halt": halt or until, "resume": halt is not None, "one": units[0], "two": units[-1] if len(units) > 1 else "",
            },
        )  # fmt: skip
        level, valid, grace, falls, to = cursor.fetchone()
    local = [clock.local_day(x, zone) if x else None for x in (valid, grace, falls)]
    return level, local[0], local[1], local[2], to


def entry(**settings_: Any) -> dict[str, Any]:
    return {
        "key": "main", "measure": "spend",
        "levels": [
            {"key": "member", "enter": 0}, {"key": "silver", "enter": 100, "keep": 60},
            {"key": "gold", "enter": 250, "keep": 200}, {"key": "black", "enter": 600},
        ],
        **settings_,
    }  # fmt: skip


WINDOWS = st.one_of(
    st.just({}),
    st.just({"window": {"kind": "calendar_year"}}),
    st.just({"window": {"kind": "anniversary"}}),
    st.sampled_from([1, 3, 12]).map(lambda m: {"window": {"kind": "rolling", "months": m}}),
)
VALIDITIES = st.one_of(
    st.just({}),
    st.sampled_from([1, 6, 12]).map(lambda m: {"validity": {"months": m}}),
    st.tuples(st.sampled_from(["year_end", "anniversary"]), st.integers(0, 2)).map(
        lambda v: {"validity": {"to": v[0], "years": v[1]}}
    ),
)
OTHERS = st.fixed_dictionaries(
    {
        "grace_days": st.sampled_from([0, 0, 20, 45]),
        "upgrade": st.sampled_from(["at_once", "at_once", "next_period"]),
        "downgrade": st.sampled_from(["one_level", "to_earned", "to_base", "never"]),
    }
)
TWO = {
    "measure": None, "measures": ["spend", "nights"],
    "levels": [
        {"key": "member", "enter": {"spend": 0, "nights": 0}},
        {"key": "silver", "enter": {"spend": 100, "nights": 3}, "keep": {"spend": 60, "nights": 2}},
        {"key": "gold", "enter": {"spend": 250, "nights": 8}},
    ],
}  # fmt: skip
MEASURES = st.sampled_from([{}, {}, {**TWO, "match": "any"}, {**TWO, "match": "all"}])
FACTS = st.lists(
    st.tuples(
        st.integers(0, 3 * 365 * 24).map(lambda h: START + timedelta(hours=h)),
        st.sampled_from(["spend", "spend", "nights"]),
        st.integers(1, 160),
    ),
    max_size=14,
)


def ladder_of(told: dict[str, Any]) -> Any:
    (ladder,), faults = rules.read({"ladders": [{k: v for k, v in told.items() if v is not None}]})
    return ladder if not faults else None


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    WINDOWS, VALIDITIES, OTHERS, MEASURES, FACTS,
    st.sampled_from(["Europe/London", "Asia/Tokyo", "America/New_York"]),
    st.sampled_from([date(2020, 2, 29), date(2023, 11, 20), date(2022, 1, 31)]),
    st.integers(0, 4 * 365 * 24), st.integers(0, 4 * 365 * 24),
)  # fmt: skip
def test_the_walk_is_what_one_would_do_by_hand(window, validity, others, measures, facts, zone, joined, hours, halt):
    ladder = ladder_of({**entry(), **window, **validity, **others, **measures})
    if ladder is None:
        return
    facts = [
        (at, unit if unit in ladder.measures else "spend", n // 20 + 1 if unit == "nights" else n)
        for at, unit, n in facts
    ]
    until = START + timedelta(hours=hours)
    by_hand = Walk(ladder=ladder, zone=zone, joined=joined, facts=facts).go(until)
    body = rules.entry(ladder)
    found = walked(body, facts, until, zone=zone, joined=joined)
    assert found[:3] == by_hand
    resumed = walked(body, facts, until, zone=zone, joined=joined, halt=min(until, START + timedelta(hours=halt)))
    assert resumed == found
    waits = others["upgrade"] == "next_period"  # then what is reached may come first
    if found[3] and found[3] > clock.local_day(until, zone) and not waits:  # what is said to lie ahead then happens
        fall = clock.day_starts(found[3], zone)
        known = [f for f in facts if f[0] <= until]
        assert (
            walked(body, known, fall, zone=zone, joined=joined)[0]
            == walked(body, known, until, zone=zone, joined=joined)[4]
        )

"""Who stands alike walks alike: one walks for all, and each comes to where she would have come alone."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from regulars.kernel import clock
from regulars.value.tiers import services as tiers
from regulars.value.tiers.tests.growing import GROWTH, instant, ladder, publish
from regulars.value.tiers.tests.test_histories import fill

pytestmark = pytest.mark.django_db
LEVELS = [
    {"key": "member", "enter": 0}, {"key": "silver", "enter": 100, "keep": 60}, {"key": "gift", "paid": True},
    {"key": "gold", "enter": 320, "keep": 280}, {"key": "black", "enter": 700},
]  # fmt: skip
TWO = {
    "measure": None, "measures": ["growth", "nights"],
    "levels": [
        {"key": "member", "enter": {"growth": 0, "nights": 0}},
        {"key": "silver", "enter": {"growth": 100, "nights": 90}, "keep": {"growth": 60, "nights": 20}},
        {"key": "gold", "enter": {"growth": 300, "nights": 300}},
    ],
}  # fmt: skip
WINDOWS: list[dict[str, Any]] = [
    {}, {"window": {"kind": "calendar_year"}}, {"window": {"kind": "anniversary"}},
]  # fmt: skip
VALIDITIES: list[dict[str, Any]] = [
    {"months": 5}, {"to": "year_end", "years": 0}, {"to": "year_end", "years": 2}, {"to": "anniversary", "years": 1},
]  # fmt: skip
OTHERS: list[dict[str, Any]] = [
    {}, {"grace_days": 40, "downgrade": "one_level"}, {"upgrade": "next_period", "grace_days": 20},
    {"downgrade": "never"}, {"downgrade": "to_base", "on_return": "keep"}, {**TWO, "match": "all"},
    {**TWO, "match": "any", "grace_days": 100, "upgrade": "next_period"},
]  # fmt: skip
_JUDGED = """
select j.* from tiers_judge(%(p)s, 'Europe/London', 'main', tiers_rules(%(p)s, 'main', 1), false, null, %(at)s) j order by member_id
"""


def judged(program_id: int, at: datetime) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_JUDGED, {"p": program_id, "at": at})
        return list(cursor.fetchall())


def walkers(program_id: int, at: datetime) -> tuple[int, int]:
    """How many walks it takes to judge all of them, and how many they are."""
    with connection.cursor() as cursor:
        cursor.execute("set local track_functions = 'pl'")
        cursor.execute("select pg_stat_get_xact_function_calls('tiers_walk'::regproc)")
        before = cursor.fetchone()[0] or 0
        found = len(judged(program_id, at))
        cursor.execute("select pg_stat_get_xact_function_calls('tiers_walk'::regproc)")
        return cursor.fetchone()[0] - before, found


def with_histories(settings_: dict[str, Any], seed: int) -> int:
    """Sixty members who bought on two measures over two years and joined on different days; a few brought some back."""
    told = {"levels": LEVELS, **settings_}
    document = ladder(**{k: v for k, v in told.items() if v is not None})
    document = document.replace('"measure": "growth", "levels"', '"levels"') if "measures" in told else document
    units = '{"key": "growth", "kind": "measure"}'
    program_id = publish(document.replace(units, units + ', {"key": "nights", "kind": "measure"}'))
    fill(program_id, 60, purchases=4)
    chance = random.Random(seed)
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into ledger_lot (member_id, seq, n, program_id, unit, amount, remaining, state, activates_at, expires_at)"
            " select member_id, seq, 2, program_id, %s, amount, amount, state, activates_at,"
            "   case when abs(hashtext(member_id::text)) %% 9 = 0 then activates_at + interval '300 days' end"
            " from ledger_lot_facts where program_id = %s and unit = %s",
            [GROWTH + 1, program_id, GROWTH],
        )
        cursor.execute("select id from members_member where program_id = %s order by number", [program_id])
        for (member_id,) in cursor.fetchall():
            joined = datetime(2022, 2, 1, tzinfo=UTC) + timedelta(days=chance.randrange(730))
            cursor.execute("update members_member set joined_at = %s where id = %s", [joined, member_id])
    return program_id


@pytest.mark.parametrize("others", OTHERS, ids=range(len(OTHERS)))
@pytest.mark.parametrize("validity", VALIDITIES, ids=range(len(VALIDITIES)))
@pytest.mark.parametrize("window", WINDOWS, ids=range(len(WINDOWS)))
def test_all_who_stand_alike_come_to_where_each_would_have_come_alone(window, validity, others):
    seed = len(str([window, validity, others]))
    program_id = with_histories({**window, "validity": validity, **others}, seed)
    for at in (instant("2025-07-10 12:00"), instant("2025-12-31 12:00"), instant("2026-02-11 12:00")):
        with clock.at(at):
            tiers.review_all(program_id=program_id, announce=False)
        for days in (0, 1, 25, 190, 900):
            then = at + timedelta(days=days)
            together = judged(program_id, then)
            with connection.cursor() as cursor:
                cursor.execute("savepoint alone")
                cursor.execute("update tiers_standing set still_from = null where program_id = %s", [program_id])
                alone = [(*row[:-1], row[-1].rsplit(",", 1)[0]) for row in judged(program_id, then)]
                cursor.execute("rollback to alone")
            assert [(*row[:-1], row[-1].rsplit(",", 1)[0]) for row in together] == alone


def written(program_id: int) -> list[list[tuple[Any, ...]]]:
    """Where everybody stands, every move, and what was told; without ids."""
    with connection.cursor() as cursor:
        found = []
        for table in ("tiers_standing", "tiers_move", "kernel_fact"):
            asked = f"select x.member_id, to_jsonb(x) - 'id' from {table} x where x.program_id = %s order by 1, 2"
            cursor.execute(asked, [program_id])
            found.append(list(cursor.fetchall()))
    return found


@pytest.mark.parametrize("others", OTHERS, ids=range(len(OTHERS)))
@pytest.mark.parametrize("validity", VALIDITIES, ids=range(len(VALIDITIES)))
@pytest.mark.parametrize("window", WINDOWS, ids=range(len(WINDOWS)))
def test_who_stays_quietly_is_written_as_a_review_of_her_alone_would_have_written_her(window, validity, others):
    notice = {} if others.get("downgrade") == "never" else {"notice_before_fall_days": 10}
    program_id = with_histories({**window, "validity": validity, **others, **notice}, 7)
    at = instant("2025-12-31 12:00")
    with clock.at(at):
        tiers.review_all(program_id=program_id, announce=False)
    with connection.cursor() as cursor:
        cursor.execute("select id from members_member where program_id = %s order by number", [program_id])
        everybody = [row[0] for row in cursor.fetchall()]
    with clock.at(at):
        for n, member_id in enumerate(everybody[:8]):
            until = at + timedelta(days=20) if n % 2 else None
            tiers.grant(
                program_id=program_id, member_id=member_id, ladder="main", level="gold", source="hand", actor="staff:1", until=until
            )  # fmt: skip
    for days in (0.6, 30, 400):
        with clock.at(at + timedelta(days=days)):
            with connection.cursor() as cursor:
                cursor.execute("savepoint together")
            tiers.review(program_id=program_id, member_ids=everybody)
            together = written(program_id)
            with connection.cursor() as cursor:
                cursor.execute("rollback to together")
            for member_id in everybody:
                tiers.review(program_id=program_id, member_ids=[member_id])
            alone = written(program_id)
        assert together == alone, days


def test_most_of_a_night_is_settled_quietly():
    program_id = publish(ladder(window={"kind": "calendar_year"}, validity={"to": "year_end", "years": 0}))
    fill(program_id, 300)
    with clock.at(instant("2025-12-31 12:00")):
        tiers.review_all(program_id=program_id, announce=False)
    with connection.cursor() as cursor:
        cursor.execute(
            "select cardinality(settled) from tiers_settle_quiet(%(p)s, 1, 'Europe/London', 'main', 0::smallint, tiers_rules(%(p)s, 'main', 1),"
            " array(select id from members_member where program_id = %(p)s), %(at)s)",
            {"p": program_id, "at": instant("2026-01-01")},
        )
        quiet = cursor.fetchone()[0]
        cursor.execute(
            "select count(*), count(*) filter (where walked_to = %s) from tiers_standing", [instant("2026-01-01")]
        )
        assert cursor.fetchone() == (300, quiet)
    assert quiet == 300  # also who falls: of nobody there is news


def test_a_night_walks_once_for_all_who_stand_alike_and_for_each_of_whom_there_is_news():
    settings_ = {"window": {"kind": "calendar_year"}, "validity": {"to": "year_end", "years": 0}}
    program_id = publish(ladder(**settings_))
    fill(program_id, 300)
    with clock.at(instant("2025-12-31 12:00")):
        tiers.review_all(program_id=program_id, announce=False)
    midnight = instant("2026-01-01")
    walks, found = walkers(program_id, midnight)
    assert found == 300
    assert 1 <= walks <= 12  # three levels, few thresholds
    with connection.cursor() as cursor:
        cursor.execute(
            "select member_id, min(seq) from ledger_lot_facts where program_id = %s group by 1 limit 20", [program_id]
        )
        for member_id, _ in cursor.fetchall():
            cursor.execute("update ledger_account set seq = seq + 1 where member_id = %s", [member_id])
    more, _ = walkers(program_id, midnight)
    assert walks + 15 <= more <= walks + 20

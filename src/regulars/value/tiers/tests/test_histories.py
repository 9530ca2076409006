"""The same history gives the same standing however it arrived; a plan names who moves; a night that was killed ends the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.addresses import address

from regulars.kernel import clock, ids
from regulars.value.tiers import services as tiers
from regulars.value.tiers.models import MoveRow, StandingRow
from regulars.value.tiers.tests.growing import GROWTH, bring_back, buy, instant, join, ladder, publish

YEAR: dict[str, Any] = {"window": {"kind": "calendar_year"}, "validity": {"to": "year_end", "years": 1}}
LADDERS = [
    {},
    YEAR,
    {**YEAR, "grace_days": 30, "downgrade": "one_level", "on_return": "keep"},
    {"window": {"kind": "rolling", "months": 3}},
    {"window": {"kind": "rolling", "months": 12}, "validity": {"months": 6}, "grace_days": 10},
    {"window": {"kind": "anniversary"}, "validity": {"to": "anniversary", "years": 0}, "upgrade": "next_period"},
]
BEGIN, END = datetime(2024, 1, 10, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
HOURS = int((END - BEGIN).total_seconds()) // 3600
PURCHASES = st.lists(
    st.tuples(st.integers(0, HOURS - 1), st.integers(1, 300), st.integers(0, 4), st.integers(1, 2_000)),
    min_size=1,
    max_size=6,
)


def standing(member_id):
    row = StandingRow.objects.get(member_id=member_id)
    since = row.since if row.still_from else None  # where the present amounts say it all, it is when a review said so
    return row.level, since, row.valid_until, row.grace_until, row.falls_on, row.falls_to


@pytest.mark.django_db
@pytest.mark.parametrize("settings_", LADDERS, ids=range(len(LADDERS)))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(PURCHASES, st.randoms(use_true_random=False))
def test_the_same_history_gives_the_same_standing_in_whatever_order_it_arrives(settings_, purchases, chance):
    def live(events):
        """Each told when it happened, and reviewed."""
        member_id, seqs = joined(), {}
        for when, n, amount, is_return in events:
            if is_return:
                bring_back(program_id, member_id, seqs[n], when, amount)
            else:
                seqs[n] = buy(program_id, member_id, when, amount)
            with clock.at(when):
                tiers.review(program_id=program_id, member_ids=[member_id], cause="order")
        return member_id

    def late(events, *, reviewed):
        """All told at the end, shuffled, reviewed each time or once."""
        member_id, seqs = joined(), {}
        bought = [e for e in events if not e[3]]
        chance.shuffle(bought)
        for when, n, amount, _ in bought:
            seqs[n] = buy(program_id, member_id, when, amount, told=END)
            if reviewed:
                with clock.at(END):
                    tiers.review(program_id=program_id, member_ids=[member_id], cause="late")
        back = [e for e in events if e[3]]
        chance.shuffle(back)
        for when, n, amount, _ in back:
            bring_back(program_id, member_id, seqs[n], when, amount)
        return member_id

    def joined():
        with clock.at(BEGIN):
            return join(program_id)

    outer = transaction.savepoint()
    try:
        program_id = publish(ladder(**settings_))
        events = [(BEGIN + timedelta(hours=h), n, amount, False) for n, (h, amount, _, _) in enumerate(purchases)]
        events += [
            (min(BEGIN + timedelta(hours=h + after), END), n, max(1, amount * part // 4), True)
            for n, (h, amount, part, after) in enumerate(purchases)
            if part
        ]
        events.sort()
        everybody = [live(events), late(events, reviewed=True), late(events, reviewed=False)]
        with clock.at(END):
            tiers.review(program_id=program_id, member_ids=everybody, cause="end")
        assert len({standing(m) for m in everybody}) == 1
        with clock.at(END):
            assert tiers.discrepancies(program_id) == []
    finally:
        transaction.savepoint_rollback(outer)


def fill(program_id: int, size: int, *, purchases: int = 3) -> None:
    """Members with purchases over two years, written straight into the books for the sake of time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into members_member (id, program_id, number, status, joined_at, joined_channel, joined_store, locale,"
            " masked_name, attributes, wrapped_key)"
            " select gen_random_uuid(), %s, 'N' || n, 'active', '2024-01-01', '', '', '', '', '{}', '\\x00'"
            " from generate_series(1, %s) n",
            [program_id, size],
        )
        cursor.execute(
            "insert into ledger_account (member_id, program_id, version, seq, head, active, pending, held, debt, counters)"
            " select id, program_id, %s, %s, '\\x00', '{}', '{}', '{}', '{}', '{}' from members_member where program_id = %s",
            [purchases, purchases, program_id],
        )
        cursor.execute(
            "insert into ledger_lot (member_id, seq, n, program_id, unit, amount, remaining, state, activates_at)"
            " select m.id, s, 1, m.program_id, %s, a, a, 'active', timestamptz '2024-02-01' + make_interval(days => d)"
            " from members_member m, generate_series(1, %s) s,"
            "  lateral (select 10 + abs(hashtext(m.number || s)) %% 300 as a, abs(hashtext(s || m.number)) %% 690 as d) x"
            " where m.program_id = %s",
            [GROWTH, purchases, program_id],
        )
        cursor.execute("analyze members_member, ledger_account, ledger_lot")


def check_plan(size: int) -> None:
    program_id = publish(ladder(**YEAR))
    fill(program_id, size)
    lower = [{"key": "member", "enter": 0}, {"key": "bronze", "enter": 50}, {"key": "silver", "enter": 90}]
    new = ladder(**YEAR, levels=lower)
    now = instant("2025-12-30")
    with clock.at(now):
        tiers.review_all(program_id=program_id, announce=False)
        before = MoveRow.objects.filter(program_id=program_id).count()
        (change,) = tiers.plan(
            program_id, {"ladders": [{"key": "main", "measure": "growth", "levels": lower, **YEAR}]}
        )
        told = {(m["from"], m["to"]): m for m in change.after["moves"]}
        publish(new)
        tiers.review_all(program_id=program_id, cause="publish", announce=False)
    moved: dict[tuple[str, str], list[str]] = {}
    rows = MoveRow.objects.filter(program_id=program_id, cause="publish").order_by("member_id")
    for row in rows:
        moved.setdefault((row.from_level, row.to_level), []).append(ids.encode("mem", row.member_id))
    assert {k: m["members"] for k, m in told.items()} == {k: len(v) for k, v in moved.items()}
    assert {k: m["sample"] for k, m in told.items()} == {k: v[:5] for k, v in moved.items()}
    assert sum(len(v) for v in moved.values()) == rows.count() > size // 20
    assert MoveRow.objects.filter(program_id=program_id).count() == before + rows.count()
    assert ("gold", "silver") in told or ("silver", "bronze") not in told  # gold is gone: its members move


@pytest.mark.django_db
def test_a_plan_names_exactly_those_whom_applying_it_moves():
    check_plan(600)


@pytest.mark.deep
@pytest.mark.timeout(1800)
@pytest.mark.django_db
def test_a_plan_names_exactly_those_of_a_hundred_thousand():
    check_plan(100_000)


_NIGHT = """
import sys, time, django
django.setup()
from datetime import date
from regulars.kernel import clock, nights
from regulars.value.tiers import services as tiers
sys.modules["regulars.value.tiers.services.standings"].BATCH = int(sys.argv[2])
def slow():
    time.sleep(float(sys.argv[3]))
    return False
day = date(2026, 1, 1)
with clock.at(clock.day_starts(day, "Europe/London")):
    nights.run_due([nights.Step("review levels", tiers.review_at_night, only_latest=True)], program_id=int(sys.argv[1]),
                   zone="Europe/London", upto=clock.now(), first_day=day, should_stop=slow)
"""


def run_night(program_id: int, batch: int, pause: float) -> subprocess.Popen[bytes]:
    keys = {"REGULARS_MASTER_KEY": "11" * 32, "REGULARS_SECRET_KEY": "22" * 32}
    env = {**os.environ, "DATABASE_URL": address(), **keys}
    return subprocess.Popen([sys.executable, "-c", _NIGHT, str(program_id), str(batch), str(pause)], env=env)


def progress(program_id: int) -> tuple[int, bool]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select batches, done_at is not null from kernel_night where program_id = %s and step = 'review levels'",
            [program_id],
        )
        return cursor.fetchone() or (0, False)


def ends_of_nights(size: int, *, batch: int, pause: float, kills: tuple[int, ...]) -> list[list[tuple[Any, ...]]]:
    """The end of a night that is killed after so many batches each time, and of one that is not."""
    ends = []
    for key in ("killed", "whole"):
        program_id = publish(ladder(**YEAR).replace('"shop"', f'"{key}"'))
        fill(program_id, size)
        with clock.at(instant("2025-12-31 12:00")):
            tiers.review_all(program_id=program_id, announce=False)
        for kills_after in kills if key == "killed" else ():
            running = run_night(program_id, batch, pause)
            deadline = time.monotonic() + 240
            while progress(program_id)[0] < kills_after and running.poll() is None and time.monotonic() < deadline:
                time.sleep(0.005)
            os.kill(running.pid, signal.SIGKILL)
            running.wait()
            assert progress(program_id)[0] >= kills_after
            assert not progress(program_id)[1]
        assert run_night(program_id, batch, pause).wait(timeout=900) == 0
        with connection.cursor() as cursor:
            cursor.execute(
                "select m.number, s.level, s.valid_until, s.look_at, s.amounts, s.falls_on, s.walked_to,"
                " coalesce(t.n, 0), coalesce(t.way, ''), coalesce(f.n, 0)"
                " from members_member m join tiers_standing s on s.member_id = m.id"
                " left join (select member_id, count(*) as n, string_agg(from_level || to_level || moved_at, ',' order by id) as way"
                "   from tiers_move where cause = 'night' group by 1) t on t.member_id = m.id"
                " left join (select member_id, count(*) as n from kernel_fact where kind like 'Tier%%' group by 1) f on f.member_id = m.id"
                " where m.program_id = %s order by 1",
                [program_id],
            )
            ends.append(cursor.fetchall())
        with clock.at(clock.day_starts(date(2026, 1, 1), "Europe/London")):
            assert tiers.discrepancies(program_id) == []
    return ends


@pytest.mark.django_db(transaction=True)
def test_a_night_that_is_killed_twice_ends_as_one_that_is_not():
    killed, whole = ends_of_nights(300, batch=4, pause=0.1, kills=(2, 5))
    assert killed == whole
    assert {row[1] for row in whole} >= {"member", "silver"}


@pytest.mark.deep
@pytest.mark.timeout(1800)
@pytest.mark.django_db(transaction=True)
def test_a_night_of_a_hundred_thousand_that_is_killed_three_times_ends_as_one_that_is_not():
    killed, whole = ends_of_nights(100_000, batch=500, pause=0, kills=(3, 12, 25))
    assert killed == whole
    assert len(whole) == 100_000
    moved = [row for row in whole if row[7]]
    assert 10_000 < len(moved) < 90_000
    assert all(row[7] == row[9] == 1 for row in moved)  # nobody moved twice, and each fall was told once

"""A review of one member writes, tells and counts what a review of many would have of her; and it is planned once."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from regulars.kernel import clock
from regulars.value.tiers import services as tiers
from regulars.value.tiers.tests.growing import bring_back, buy, instant, join, publish
from regulars.value.tiers.tests.test_alike import written

pytestmark = pytest.mark.django_db
LADDERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "quarter": {"window": {"kind": "rolling", "months": 3}, "notice_before_fall_days": 60},
    "half": {"window": {"kind": "rolling", "months": 6}, "validity": {"months": 2}, "grace_days": 20},
    "kept": {
        "window": {"kind": "calendar_year"}, "validity": {"to": "year_end", "years": 0}, "grace_days": 31,
        "downgrade": "one_level", "on_return": "keep", "notice_before_fall_days": 60,
    },
    "both": {
        "measures": ["visits", "growth"], "match": "all", "window": {"kind": "anniversary"},
        "validity": {"to": "anniversary", "years": 0}, "upgrade": "next_period",
    },
}  # fmt: skip


def document(**more: Any) -> str:
    """Five ladders of all kinds, one of them plain, two with milestones, one on two measures."""
    ladders = []
    for key, said in LADDERS.items():
        levels: list[dict[str, Any]] = []
        for n, enter in enumerate((0, 100, 400, 900)):
            asked: Any = {"growth": enter, "visits": 2 * n} if "measures" in said else enter
            levels.append({"key": f"{key}-{n}", "enter": asked})
            if key in ("plain", "kept"):
                levels[-1]["milestones"] = [{"key": f"m{k}", "at": enter + k * 40} for k in (1, 2)]
        ladders.append(
            {"key": key, **({} if "measures" in said else {"measure": "growth"}), **said, "levels": levels}
        )
    told = {
        "program": {"key": "shop", "name": "Shop", "zone": "Europe/London", "currency": "GBP"},
        "units": [
            {"key": "points", "kind": "spendable"}, {"key": "growth", "kind": "measure"}, {"key": "visits", "kind": "measure"},
        ],
        "ladders": ladders, **more,
    }  # fmt: skip
    return json.dumps(told)


def reviewed(program_id: int, groups: list[list[Any]]) -> tuple[list[list[tuple[Any, ...]]], tuple[int, int, int]]:
    """What reviews of these groups write, undone again, and their sums."""
    with connection.cursor() as cursor:
        cursor.execute("savepoint before")
    done = [tiers.review(program_id=program_id, member_ids=group, cause="order") for group in groups]
    found = written(program_id)
    with connection.cursor() as cursor:
        cursor.execute("rollback to before")
    return found, (sum(d.seen for d in done), sum(d.raised for d in done), sum(d.lowered for d in done))


def shop(chance: random.Random) -> tuple[int, list[Any]]:
    """A program, and twelve who joined over a year."""
    with clock.at(instant("2024-01-05")):
        program_id = publish(document())
    members = []
    for _ in range(12):
        with clock.at(instant("2024-01-10") + timedelta(days=chance.randrange(365))):
            members.append(join(program_id))
    return program_id, members


def give(program_id: int, members: list[Any]) -> None:
    """Three get a level for a time, one is held on another."""
    until = clock.now() + timedelta(days=70)
    for member_id in members[:3]:
        tiers.grant(
            program_id=program_id, member_id=member_id, ladder="half", level="half-2", source="hand", actor="staff:1", until=until
        )  # fmt: skip
    tiers.lock(
        program_id=program_id,
        member_id=members[3],
        ladder="kept",
        level="kept-1",
        until=None,
        reason="agreed",
        actor="staff:1",
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_review_of_one_is_what_a_review_of_many_says_of_her(seed):
    chance = random.Random(seed)
    program_id, members = shop(chance)
    bought: list[tuple[Any, int, int]] = []
    moves = 0
    for step in range(14):
        at = instant("2025-01-15") + timedelta(days=31 * step, hours=chance.randrange(24))
        for member_id in chance.sample(members, 7):
            when, amount = at - timedelta(days=chance.choice((0, 0, 3, 200))), chance.randrange(1, 400)
            bought.append((member_id, buy(program_id, member_id, when, amount, told=at), amount))
        for member_id, seq, amount in chance.sample(bought, 2):
            bring_back(program_id, member_id, seq, at, max(1, amount // 3))
        with clock.at(at + timedelta(hours=1)):
            if step == 5:
                give(program_id, members)
            if step == 9:
                publish(document().replace('"enter": 400', '"enter": 300'))
            alone, counted = reviewed(program_id, [[m] for m in members])
            together, counts = reviewed(program_id, [members])
            assert alone == together
            assert (counted[1:], counted[0]) == (counts[1:], len(members))
            for member_id in chance.sample(members, 9):
                done = tiers.review(program_id=program_id, member_ids=[member_id], cause="order")
                moves += done.raised + done.lowered
    kinds = {body["kind"] for _, body in map(_parsed, written(program_id)[2])}
    assert kinds >= {"TierRaised", "TierLowered", "MilestoneReached", "FallAhead"}
    assert moves > 100


def _parsed(row: tuple[Any, ...]) -> tuple[Any, dict[str, Any]]:
    return row[0], json.loads(row[1]) if isinstance(row[1], str) else row[1]


def test_steps_for_one_are_planned_for_whomever():
    """What is read of one is found by her keys, also in a database that knows nothing of how many there are."""
    chance = random.Random(1)
    program_id, members = shop(chance)
    for member_id in members:
        buy(program_id, member_id, instant("2025-02-01"), 150)
    with connection.cursor() as cursor, clock.at(instant("2025-03-01")):
        cursor.execute("select relname, seq_scan from pg_stat_xact_user_tables where relname = any(%s)", [_BIG])
        before = dict(cursor.fetchall())
        for member_id in members:
            tiers.review(program_id=program_id, member_ids=[member_id])
        cursor.execute("select relname, seq_scan from pg_stat_xact_user_tables where relname = any(%s)", [_BIG])
        assert {k: n - before[k] for k, n in cursor.fetchall()} == dict.fromkeys(before, 0)


_BIG = ["ledger_journal", "ledger_lot", "ledger_allocation", "ledger_account", "tiers_standing", "tiers_given", "members_member"]  # fmt: skip

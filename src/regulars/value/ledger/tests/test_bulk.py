"""Bulk earning gives the very rows that single calls give, hashes included."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from regulars.kernel.errors import Refusal
from regulars.value.ledger.tests import world
from regulars.value.ledger.tests.world import EARN, T0, digest

COLUMNS = (
    "ord, member_id, key, kind, source_type, source_ref, rule_version, occurred_at, recorded_at, actor, reason, digest,"
    " units, amounts, activates, events, deadlines, expires, funders"
)
instants = st.none() | st.integers(-3, 40).map(lambda d: T0 + timedelta(days=d, microseconds=d))
lot = st.fixed_dictionaries(
    {
        "unit": st.sampled_from([1, 2, 3, 5]),
        "amount": st.integers(1, 1000),
        "activates": instants,
        "event": st.none() | st.sampled_from(["shipped", 'odd "{name}\\', "NULL", ""]),
        "deadline": instants,
        "expires": instants,
        "funder": st.none() | st.sampled_from(["brand", "名"]),
    }
)
line = st.fixed_dictionaries(
    {
        "member": st.integers(0, 5),  # 0–1 active, 2 owes, 3 suspended, 4 of another program, 5 unknown
        "key": st.sampled_from(["a", "b", "c,d", 'e"f', "{}"]),
        "lots": st.lists(lot, max_size=3),
        "source": st.none() | st.sampled_from(["o1", "o\\2"]),
        "at": st.integers(0, 9),
        "other": st.booleans(),  # the same key with other content
    }
)
SPENT = (
    "select * from ledger_spend(%s::uuid, ledger_entry(%s::int, 's', 'spend', null, null, null, null, %s::timestamptz,"
    " %s::timestamptz, 'system:test', null, null), 1::smallint, 60::bigint)"
)


def batch_row(order: int, member_id: UUID, line: dict[str, Any]) -> list[Any]:
    at = T0 + timedelta(hours=line["at"])
    columns = [
        [x[name] for x in line["lots"]]
        for name in ("unit", "amount", "activates", "event", "deadline", "expires", "funder")
    ]
    content = digest(line["key"], len(line["lots"]), line["other"])
    return [
        order,
        member_id,
        line["key"],
        "earn",
        "order",
        line["source"],
        None,
        at,
        at,
        "system:test",
        None,
        content,
        *columns,
    ]


def dump() -> list[list[tuple[Any, ...]]]:
    """Every row of the ledger, as text."""
    return [
        [tuple(map(str, r)) for r in world.rows(f"select * from {table} t order by t")]
        for table in ("ledger_account", "ledger_journal", "ledger_posting", "ledger_lot", "ledger_allocation")
    ]


class TestBulk(TestCase):
    @given(st.lists(line, max_size=12))
    @settings(max_examples=60, deadline=None)
    def test_bulk_gives_the_rows_that_single_calls_give(self, lines: list[dict[str, Any]]) -> None:
        shop = world.program()
        other = world.program("other")
        people = [
            world.member(shop),
            world.member(shop),
            world.member(shop),
            world.member(shop, "suspended"),
            world.member(other),
        ]
        people.append(UUID(int=7))
        world.earn(shop, people[2], "x", (1, 100))
        world.one(SPENT, people[2], shop, T0, T0)
        world.claw(shop, people[2], "y", 1, (1, 100))
        rows = [batch_row(n, people[x["member"]], x) for n, x in enumerate(lines)]
        singly, alone = self.singly(shop, rows)
        answer, outcomes, together = self.in_bulk(shop, rows)
        assert together == alone
        assert outcomes == singly
        assert sum(answer) == len(rows)

    def singly(self, shop: int, rows: list[list[Any]]) -> tuple[list[str], Any]:
        outcomes = []
        with transaction.atomic():
            for r in rows:
                try:
                    with transaction.atomic():
                        before = world.one("select version from ledger_context(%s::uuid)", r[1])
                        got = world.one(EARN, r[1], shop, None, *r[2:], None)
                        outcomes.append("inserted" if got[1] != before[0] else "repeated")
                except Refusal as no:
                    outcomes.append("mismatched" if no.code == "key_reused" else no.code)
            state = dump()
            transaction.set_rollback(True)
        return outcomes, state

    def in_bulk(self, shop: int, rows: list[list[Any]]) -> tuple[Any, list[str], Any]:
        with transaction.atomic():
            world.rows("select ledger_batch_open()")
            with connection.cursor() as cursor:
                cursor.executemany(f"insert into ledger_batch ({COLUMNS}) values ({', '.join(['%s'] * 19)})", rows)
            answer = world.one("select inserted, repeated, mismatched, refused from ledger_earn_many(%s::int)", shop)
            outcomes = [o for (o,) in world.rows("select outcome from ledger_batch order by ord")]
            state = dump()
            transaction.set_rollback(True)
        return answer, outcomes, state


@pytest.mark.django_db
def test_a_batch_told_twice_changes_nothing() -> None:
    shop = world.program()
    anna = world.member(shop)
    rows = [
        batch_row(n, anna, {"key": f"k{n}", "lots": [], "source": None, "at": n, "other": False}) for n in range(3)
    ]
    for r in rows:
        r[12:14] = [[1], [5]]
    answers = []
    for _ in range(2):
        world.rows("select ledger_batch_open()")
        with connection.cursor() as cursor:
            cursor.executemany(f"insert into ledger_batch ({COLUMNS}) values ({', '.join(['%s'] * 19)})", rows)
        answers.append(world.one("select inserted, repeated from ledger_earn_many(%s::int)", shop))
    assert answers == [(3, 0), (0, 3)]
    assert world.books(anna)[0] == [15]

"""Proving what paid membership promises, over the whole database."""

from __future__ import annotations

from regulars.kernel import postgres
from regulars.value.subscriptions.terms import Discrepancy

MOST = 1_000


def discrepancies(program_id: int | None = None) -> list[Discrepancy]:
    """What does not agree between subscriptions, periods, payments and seats: the first thousand. Should be none."""
    rows = postgres.ask("select * from subscriptions_discrepancies(%s::int, %s::int)", (program_id, MOST))
    return [
        Discrepancy(
            promise=promise, what=what, program_id=program, member_id=member_id, expected=expected, found=found
        )
        for promise, what, program, member_id, expected, found in rows
    ]

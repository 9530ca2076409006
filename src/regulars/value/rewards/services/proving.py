"""Proving what rewards promise, over the whole database."""

from __future__ import annotations

from regulars.kernel import postgres
from regulars.value.rewards.terms import Discrepancy

MOST = 1_000


def discrepancies(program_id: int | None = None) -> list[Discrepancy]:
    """What does not agree between shelves, redemptions, codes, gifts and the ledger: the first thousand."""
    rows = postgres.ask("select * from rewards_discrepancies(%s::int, %s::int)", (program_id, MOST))
    return [
        Discrepancy(promise=promise, what=what, program_id=program, expected=expected, found=found)
        for promise, what, program, expected, found in rows
    ]

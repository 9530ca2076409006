"""Proving what coupons promise, over the whole database."""

from __future__ import annotations

from regulars.kernel import postgres
from regulars.value.coupons.terms import Discrepancy

MOST = 1_000


def discrepancies(program_id: int | None = None) -> list[Discrepancy]:
    """What does not agree between coupons, uses and counts: the first thousand. Should be none."""
    rows = postgres.ask("select * from coupons_discrepancies(%s::int, %s::int)", (program_id, MOST))
    return [
        Discrepancy(promise=promise, what=what, program_id=program, expected=expected, found=found)
        for promise, what, program, expected, found in rows
    ]

"""Proving what checkout promises, over the whole database."""

from __future__ import annotations

from django.db import connection

from regulars.value.checkout.terms import Discrepancy

MOST = 1_000
_PROOFS = ("checkout_discrepancies", "checkout_usage_discrepancies")


def discrepancies(*, program_id: int | None = None) -> list[Discrepancy]:
    """What does not agree between sessions, orders and what is set aside: the first thousand. Should be none."""
    found: list[Discrepancy] = []
    with connection.cursor() as cursor:
        for proof in _PROOFS:
            cursor.execute(f"select * from {proof}(%s::int, %s::int)", [program_id, MOST - len(found)])
            found += [
                Discrepancy(promise=promise, what=what, expected=expected, found=wrong)
                for promise, what, expected, wrong in cursor.fetchall()
            ]
    return found

"""Proving what checkout promises, over the whole database."""

from __future__ import annotations

from django.db import connection

from regulars.value.checkout.terms import Discrepancy

MOST = 1_000


def discrepancies(*, program_id: int | None = None) -> list[Discrepancy]:
    """What does not agree between sessions, orders and what is set aside: the first thousand. Should be none."""
    with connection.cursor() as cursor:
        cursor.execute("select * from checkout_discrepancies(%s::int, %s::int)", [program_id, MOST])
        return [
            Discrepancy(promise=promise, what=what, expected=expected, found=found)
            for promise, what, expected, found in cursor.fetchall()
        ]

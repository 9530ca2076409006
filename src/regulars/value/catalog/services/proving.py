"""Proving what the catalog promises, over the whole database."""

from __future__ import annotations

from django.db import connection

from regulars.value.catalog.terms import Discrepancy


def discrepancies(*, program_id: int | None = None) -> list[Discrepancy]:
    """K2, K7, K11: what does not agree; the first thousand. Should be none."""
    with connection.cursor() as cursor:
        cursor.execute("select * from catalog_discrepancies(%s::int)", [program_id])
        return [
            Discrepancy(promise=promise, what=what, expected=expected, found=found)
            for promise, what, expected, found in cursor.fetchall()
        ]

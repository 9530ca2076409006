"""What prices were: the lowest of a time, as evidence that a reduction is one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection

from regulars.kernel import clock
from regulars.value.catalog.models import PastPriceRow

KEPT = timedelta(days=3 * 365)


def lowest_prices(
    *, program_id: int, skus: Iterable[str], currency: str, since: datetime, until: datetime
) -> dict[str, int]:
    """The lowest price of each product that could be charged anywhere in a time, in minor units.

    What is not in the answer had no known price then.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select sku, price_minor from catalog_lowest(%s::int, %s::text, %s::text[], %s, %s)",
            [program_id, currency, list(skus), since, until],
        )
        return dict(cursor.fetchall())


def forget_old_prices(*, program_id: int) -> int:
    """Take away what ended long ago; returns how many."""
    rows = PastPriceRow.objects.filter(program_id=program_id, charged_until__lt=clock.now() - KEPT)
    gone, _ = rows.delete()
    return gone

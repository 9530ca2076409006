"""Lists of what staff and systems look after: batches, page by page."""

from __future__ import annotations

from uuid import UUID

from regulars.value.coupons.models import BatchRow
from regulars.value.coupons.services.making import batch_of
from regulars.value.coupons.terms import Batch


def batch_page(*, program_id: int, before: UUID | None = None, limit: int = 50) -> tuple[Batch, ...]:
    """Batches of a program, newest first: their ids are in the order of their making.

    Args: before: the last batch of the page before. limit: how many at most.
    """
    rows = BatchRow.objects.select_related("series").filter(program_id=program_id)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return tuple([batch_of(row) for row in rows.order_by("-pk")[:limit]])

"""Keyset cursors: the place where the next page begins, as an opaque text."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from uuid import UUID

from regulars.kernel.errors import Invalid


def cursor(at: datetime, row_id: UUID) -> str:
    """The cursor after the row with this instant and id."""
    return urlsafe_b64encode(f"{at.isoformat()}|{row_id.hex}".encode()).decode().rstrip("=")


def place(text: str) -> tuple[datetime, UUID]:
    """Read a cursor back.

    Raises: Invalid when it is none of ours.

    >>> from datetime import UTC
    >>> at, row_id = datetime(2026, 1, 2, tzinfo=UTC), UUID(int=5)
    >>> place(cursor(at, row_id)) == (at, row_id)
    True
    """
    try:
        at, _, row_id = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition("|")
        instant = datetime.fromisoformat(at)
        if instant.tzinfo is None:
            raise ValueError(at)
        return instant, UUID(row_id)
    except ValueError as no:
        raise Invalid(errors=[("cursor", "is not a cursor of this list")]) from no

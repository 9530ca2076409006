"""Sessions of members who become one, are taken apart, ask what is known of them, or are forgotten."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from regulars.value.checkout.models import SessionRow
from regulars.value.checkout.services.reading import recent
from regulars.value.checkout.terms import SessionState

_ALIVE = (SessionState.OPEN, SessionState.TENDERING, SessionState.EXPIRED)
_MOST = 200


def absorb(*, program_id: int, from_id: UUID, into_id: UUID) -> dict[str, Any]:
    """Baskets under way go on for whom the member became; what they have set aside went over with her account."""
    rows = SessionRow.objects.filter(program_id=program_id, member_id=from_id, state__in=_ALIVE)
    moved = [str(i) for i in rows.order_by("id").values_list("id", flat=True)]
    rows.update(member_id=into_id)
    return {"moved": moved, "from": str(from_id), "into": str(into_id)}


def separate(*, program_id: int, record: dict[str, Any]) -> dict[str, Any]:
    """Undo `absorb` for baskets that are still open: what is reserved stays with whom the points are."""
    rows = SessionRow.objects.filter(
        program_id=program_id, id__in=record["moved"], member_id=record["into"], state=SessionState.OPEN
    )
    return {"moved": rows.update(member_id=record["from"])}


def dossier(*, program_id: int, member_id: UUID) -> list[dict[str, Any]]:
    """What sessions know of a member: her baskets, latest first."""
    items = recent(program_id=program_id, member_id=member_id, limit=_MOST).items
    return [
        {
            "key": one.key,
            "state": one.state.value,
            "channel": one.channel,
            "store": one.store,
            "due_minor": one.due_minor,
            "currency": one.currency,
            "changed_at": one.changed_at.isoformat(),
        }
        for one in items
    ]


def forget(*, program_id: int, member_id: UUID) -> int:
    """Take away the baskets of a member that are over; those under way end by themselves. Orders stay."""
    rows = SessionRow.objects.filter(program_id=program_id, member_id=member_id)
    gone, _ = rows.exclude(state__in=(SessionState.OPEN, SessionState.TENDERING)).delete()
    return int(gone)

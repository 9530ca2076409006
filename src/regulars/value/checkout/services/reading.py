"""Reading sessions: one, the latest ones, and why an order got what it got."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from regulars.kernel import postgres
from regulars.kernel.errors import Invalid
from regulars.value.checkout.models import SessionRow
from regulars.value.checkout.rules.answers import unpack
from regulars.value.checkout.services import kept
from regulars.value.checkout.terms import NoSession, Page, Session, SessionState, SessionSummary

_MOST = 200
_STORE = "select s.store from checkout_session s where s.program_id = %s::int and s.key = %s::text"


def get(*, program_id: int, key: str) -> Session:
    """A session as it stands, with its last answer.

    Raises: NoSession.
    """
    return kept.session_of(kept.must_find(program_id=program_id, key=key))


def store_of(*, program_id: int, key: str) -> str | None:
    """The store of a session; None where there is none, or no such session."""
    rows = postgres.ask(_STORE, (program_id, key))
    return rows[0][0] if rows else None


def must_store_of(*, program_id: int, key: str) -> str | None:
    """The store of a session; None for one beyond all stores.

    Raises: NoSession.
    """
    rows = postgres.ask(_STORE, (program_id, key))
    if not rows:
        raise NoSession
    store: str | None = rows[0][0]
    return store


def recent(
    *,
    program_id: int,
    state: SessionState | None = None,
    member_id: UUID | None = None,
    cursor: tuple[Any, ...] | None = None,
    limit: int = 50,
) -> Page:
    """Sessions, those changed last first.

    Args: member_id: only hers. cursor: as the page before answered it. limit: at most 200.
    Raises: Invalid for a cursor that is none of ours.
    """
    rows = SessionRow.objects.filter(program_id=program_id).order_by("-changed_at", "-id")
    if state is not None:
        rows = rows.filter(state=state)
    if member_id is not None:
        rows = rows.filter(member_id=member_id)
    if cursor is not None:
        at, last = _cursor(cursor)
        rows = rows.filter(changed_at__lte=at).exclude(changed_at=at, id__gte=last)
    most = max(1, min(limit, _MOST))
    found = list(rows[: most + 1])
    after = found[most - 1] if len(found) > most else None
    return Page(
        items=tuple([_summary(row) for row in found[:most]]),
        cursor=(after.changed_at.isoformat(), str(after.id)) if after is not None else None,
    )


def _cursor(cursor: tuple[Any, ...]) -> tuple[datetime, UUID]:
    try:
        at, last = cursor
        instant = datetime.fromisoformat(str(at))
        return (instant if instant.tzinfo else _no_cursor()), UUID(str(last))
    except ValueError as no:
        raise Invalid(errors=[("cursor", "is not a cursor of this list; start again without one")]) from no


def _no_cursor() -> datetime:
    raise ValueError


def _summary(row: SessionRow) -> SessionSummary:
    quote = unpack(bytes(row.answer))
    return SessionSummary(
        key=row.key,
        state=SessionState(row.state),
        member_id=row.member_id,
        store=row.store,
        channel=row.channel,
        due_minor=quote["due"],
        currency=quote["currency"],
        order_id=row.order_id,
        tender_until=row.tender_until,
        changed_at=row.changed_at,
    )

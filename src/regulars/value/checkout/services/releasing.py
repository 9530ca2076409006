"""Letting go what a session has reserved."""

from __future__ import annotations

from regulars.kernel import clock
from regulars.value.checkout.services import kept
from regulars.value.checkout.services.kept import Kept
from regulars.value.checkout.terms import SessionMoved, SessionState
from regulars.value.orders.services import asking

_END = "select checkout_end(%s::int, %s::text, %s::bigint, %s::text, %s::timestamptz, %s::text)"


def let_go(*, program_id: int, key: str, actor: str) -> None:
    """Open a tendering session again; what it has reserved is free. Nothing when it is not tendering (any more)."""
    found = kept.find(program_id=program_id, key=key)
    if found is not None and found.state == SessionState.TENDERING:
        end(program_id, found, SessionState.OPEN, actor)


def end(program_id: int, found: Kept, state: SessionState, actor: str) -> bool:
    """Bring a session that is not closed into another state, all released; False when it has moved meanwhile."""
    try:
        asking.call(_END, (program_id, found.key, found.revision, state.value, clock.now(), actor))
    except SessionMoved:
        return False
    return True

"""What this process told lately: most baskets are closed soon after they were told, and nothing of them has moved.

Nothing is believed of it before the context says that the session is still the one that was told, in that revision.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from threading import Lock
from typing import Any, NamedTuple
from uuid import UUID
from weakref import ref

from django.db import connection

from regulars.kernel import clock
from regulars.kernel.errors import Refusal
from regulars.value.checkout.rules.answers import Explained, Written
from regulars.value.checkout.services import deciding
from regulars.value.checkout.services.deciding import Asked, Decided
from regulars.value.checkout.services.kept import Kept
from regulars.value.checkout.terms import Session, SessionState
from regulars.value.promotions.terms import Snapshot, Tender

MOST = 512
_GONE: Any = None  # an old snapshot may go: what is remembered does not hold it
_told: OrderedDict[tuple[int, str], Told] = OrderedDict()
_lock = Lock()


class Told(NamedTuple):
    """A session as it was written, and the decision behind it, without its snapshot."""

    found: Kept
    decided: Decided
    snapshot: ref[Snapshot]
    explained: Explained


def remember(*, session_id: UUID, session: Session, decided: Decided, written: Written) -> None:
    """Keep what was told, for the close that mostly comes next; nothing that may still be rolled back."""
    if connection.in_atomic_block:
        return
    asked = decided.asked
    found = Kept(
        id=session_id,
        key=session.key,
        state=SessionState.OPEN,
        revision=session.revision,
        opening=decided.ctx.opening or 1,
        member_id=session.member_id,
        store=session.store,
        channel=session.channel,
        told="",
        version=session.version,
        digest=session.digest,
        answer=written.packed,
        explained=written.explained.packed,
        question=None,
        reserved=None,
        tender_until=None,
        tendered_at=None,
        expires_at=session.expires_at,
        order_id=None,
        changed_at=asked.now,
        order_state=None,
    )
    told = Told(found, decided._replace(snapshot=_GONE), ref(decided.snapshot), written.explained)
    with _lock:
        _told[asked.program_id, asked.key] = told
        if len(_told) > MOST:
            _told.popitem(last=False)


def take(*, program_id: int, key: str) -> Told | None:
    """What was told under a key, once: who needs it again reads it."""
    return _told.pop((program_id, key), None)


def forget() -> None:
    """Forget what was told; for tests."""
    _told.clear()


def decide(told: Told) -> Decided | None:
    """Decide a basket that was told a moment ago, now; None when it must be read first, for it may be another."""
    snapshot, found = told.snapshot(), told.found
    if snapshot is None:
        return None
    try:
        decided = deciding.decide(_asked(told), before=told.decided._replace(snapshot=snapshot))
    except Refusal:  # which may be of a basket that is not told so any more
        return None
    ctx = decided.ctx
    is_same = ctx.session_id == found.id and ctx.revision == found.revision and ctx.session_state == found.state
    return decided if is_same else None


def _asked(told: Told) -> Asked:
    """As the session keeps its basket: with its member's id alone, and no payment token."""
    asked = told.decided.asked
    basket = replace(
        asked.told,
        occurred_at=asked.occurred_at,
        member=None,
        identifier=None,
        keeps_member=True,
        tenders=tuple([Tender(t.type, t.amount_minor) for t in asked.told.tenders]),
    )
    return asked._replace(told=basket, member_id=told.found.member_id, now=clock.now())

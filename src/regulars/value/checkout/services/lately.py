"""What this process told lately: most baskets are closed soon after they were told, and nothing of them has moved.

Nothing is believed of it before the statement that closes has seen that the session is still the one that was told,
in that revision, and that all that the decision rests on is what it was.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any, NamedTuple
from uuid import UUID
from weakref import ref

from django.db import connection

from regulars.kernel import clock
from regulars.value.checkout.rules.answers import Lasting, Written
from regulars.value.checkout.services import deciding
from regulars.value.checkout.services.deciding import Decided
from regulars.value.checkout.services.kept import Kept
from regulars.value.checkout.terms import Session, SessionState
from regulars.value.promotions.terms import Snapshot

MOST = 512
MOST_BYTES = 32 * 2**20  # of explanations, which are most of it where a program has a thousand promotions
_GONE: Any = None  # an old snapshot may go: what is remembered does not hold it
_told: OrderedDict[tuple[int, str], Told] = OrderedDict()
_bytes = 0
_lock = Lock()


class Told(NamedTuple):
    """A session as it was written, and the decision behind it, without its snapshot."""

    found: Kept
    decided: Decided
    snapshot: ref[Snapshot]
    lasting: Lasting

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        long = self.lasting.explained
        return len(long.rejected) + len(long.hints) + len(long.packed)


class AsTold(NamedTuple):
    """What must still be so for a decision to hold: the session, what was known, and what to ask to know it now.

    `lasting`: what was said of the decision then; its long part stays where it is kept.
    """

    session_id: UUID
    known: str
    arguments: tuple[Any, ...]
    lasting: Lasting


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
        explained=written.explained,
        question=None,
        reserved=None,
        tender_until=None,
        tendered_at=None,
        expires_at=session.expires_at,
        order_id=None,
        changed_at=asked.now,
        order_state=None,
    )
    told = Told(found, decided._replace(snapshot=_GONE), ref(decided.snapshot), written.lasting)
    keep(program_id=asked.program_id, told=told)


def keep(*, program_id: int, told: Told) -> None:
    """Remember what was told as the latest; the oldest goes when it becomes too much."""
    global _bytes
    with _lock:
        before = _told.pop((program_id, told.found.key), None)  # told again it is the latest
        _told[program_id, told.found.key] = told
        _bytes += told.size - (before.size if before is not None else 0)
        while len(_told) > MOST or _bytes > MOST_BYTES:
            _bytes -= _told.popitem(last=False)[1].size


def take(*, program_id: int, key: str) -> Told | None:
    """What was told under a key, once: who needs it again reads it."""
    global _bytes
    with _lock:
        told = _told.pop((program_id, key), None)
        _bytes -= told.size if told is not None else 0
    return told


def forget() -> None:
    """Forget what was told; for tests."""
    global _bytes
    with _lock:
        _told.clear()
        _bytes = 0


def decide(told: Told) -> tuple[Decided, AsTold] | None:
    """A basket that was told a moment ago as it is decided now, if nothing has changed; None when it must be read.

    Nothing is asked of the database here but what other contexts remember of it.
    """
    snapshot = told.snapshot()
    if snapshot is None:
        return None
    decided = deciding.again(told.decided._replace(snapshot=snapshot), clock.now())
    if decided is None:
        return None
    return decided, AsTold(told.found.id, decided.ctx.known, decided.asked_of_her, told.lasting)

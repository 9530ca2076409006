"""The session as it lies in the table: reading it, and its answer as it stands now."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db import connection

from regulars.kernel import postgres
from regulars.value.checkout.rules.answers import Standing, pack, standing_json, unpack
from regulars.value.checkout.terms import NoSession, Session, SessionState
from regulars.value.orders.terms import OrderState

_COLUMNS = (
    "s.id, s.key, s.state, s.revision, s.opening, s.member_id, s.store, s.channel, s.told::text, s.version, s.digest,"
    " s.answer, s.explained, s.question, s.reserved::text, s.tender_until, s.tendered_at, s.expires_at, s.order_id,"
    " s.changed_at, (select o.state from orders_facts o where o.order_id = s.order_id)"
)
_ONE = f"select {_COLUMNS} from checkout_session s where s.program_id = %s::int and s.key = %s::text"
_LOCKED = f"{_ONE} for update of s"
_CAME_BACK = (OrderState.PARTIALLY_RETURNED, OrderState.RETURNED)


class Kept(NamedTuple):
    """A row of checkout_session, and the state of its order."""

    id: UUID
    key: str
    state: str
    revision: int
    opening: int
    member_id: UUID | None
    store: str | None
    channel: str
    told: str
    version: int
    digest: bytes
    answer: bytes
    explained: bytes | None
    question: bytes | None
    reserved: str | None
    tender_until: datetime | None
    tendered_at: datetime | None
    expires_at: datetime
    order_id: UUID | None
    changed_at: datetime
    order_state: str | None

    @property
    def quote(self) -> dict[str, Any]:
        """The last answer."""
        return unpack(bytes(self.answer), bytes(self.explained) if self.explained is not None else None)


def find(*, program_id: int, key: str, lock: bool = False) -> Kept | None:
    """A session by its key.

    Args: lock: hold its row until the transaction ends.
    """
    row = postgres.call(connection, _LOCKED if lock else _ONE, (program_id, key))
    return Kept(*row) if row is not None else None


def must_find(*, program_id: int, key: str, lock: bool = False) -> Kept:
    """A session by its key.

    Raises: NoSession.
    """
    kept = find(program_id=program_id, key=key, lock=lock)
    if kept is None:
        raise NoSession
    return kept


def packed(kept: Kept) -> bytes:
    """The short part of a session's answer, as it is kept, once more: where it stands is said anew."""
    told = unpack(bytes(kept.answer))
    told.update(standing_json(_standing(kept, SessionState(kept.state))))
    return pack(orjson.dumps(told))


def _standing(kept: Kept, state: SessionState | OrderState) -> Standing:
    return Standing(
        state=state,
        revision=kept.revision,
        expires_at=kept.expires_at,
        tender_until=kept.tender_until,
        order_id=kept.order_id,
    )


def session_of(kept: Kept, *, status: int = 200, was_done: bool = False) -> Session:
    """A session as it stands: its last answer with what became of it since."""
    state: SessionState | OrderState = SessionState(kept.state)
    if kept.order_state in _CAME_BACK:
        state = OrderState(kept.order_state)
    quote = kept.quote
    quote.update(standing_json(_standing(kept, state)))
    return Session(
        key=kept.key,
        state=state,
        revision=kept.revision,
        member_id=kept.member_id,
        store=kept.store,
        channel=kept.channel,
        version=kept.version,
        digest=bytes(kept.digest),
        due_minor=quote["due"],
        order_id=kept.order_id,
        expires_at=kept.expires_at,
        tender_until=kept.tender_until,
        json=orjson.dumps(quote),
        status=status,
        was_done=was_done,
    )

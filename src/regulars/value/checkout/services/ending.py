"""Sessions that do not become orders, and those that are opened again: whatever was reserved goes back, once."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction

from regulars.kernel import clock, ids, postgres
from regulars.kernel.errors import Busy
from regulars.kernel.nights import Work
from regulars.value.checkout.services import kept, putting, releasing
from regulars.value.checkout.services.tendering import TRIES, asked_again
from regulars.value.checkout.terms import (
    KEPT_DAYS,
    KEPT_OPEN,
    PartlyReturned,
    Session,
    SessionClosed,
    SessionNotClosed,
    SessionState,
)
from regulars.value.orders import services as orders
from regulars.value.orders.services import asking
from regulars.value.orders.terms import OrderState

_REOPEN = "select checkout_reopen(%s::int, %s::text, %s::bigint, %s::timestamptz, %s::timestamptz, %s::text)"
_SWEEP_TENDER = "select checkout_sweep_tender(%s::int, %s::timestamptz)::int"
_SWEEP_OPEN = "select checkout_sweep_open(%s::int, %s::timestamptz, %s::int)"
_BATCH = 500


def cancel(*, program_id: int, key: str, actor: str) -> Session:
    """End a session for good; everything it has reserved is free. Called again it is the same answer.

    Raises: NoSession; SessionClosed (reopen it, or take its order back); Busy.
    """
    for _ in range(TRIES):
        found = kept.must_find(program_id=program_id, key=key)
        if found.state == SessionState.CANCELLED:
            return kept.session_of(found, was_done=True)
        if found.state == SessionState.CLOSED:
            raise SessionClosed(order=ids.encode("ord", found.order_id) if found.order_id else None)
        if releasing.end(program_id, found, SessionState.CANCELLED, actor):
            return kept.session_of(kept.must_find(program_id=program_id, key=key))
    raise Busy("Somebody else is changing the same thing. Nothing was changed; try again.")


def reopen(*, program_id: int, key: str, actor: str, reason: str = "reopened") -> Session:
    """Undo a closed session's order whole and decide its basket again, in one transaction; the session is open.

    A session that is open again already answers as it stands. The next close makes another order, `<key>~2`. Who has
    claimed the receipt of a guest keeps it: the basket is hers from then on.

    Raises: NoSession; SessionNotClosed; PartlyReturned; Busy; whatever the deciding raises.
    """
    with transaction.atomic():
        found = kept.must_find(program_id=program_id, key=key, lock=True)
        if found.state == SessionState.OPEN and found.opening > 1:
            return kept.session_of(found, was_done=True)
        if found.state != SessionState.CLOSED or found.order_id is None:
            raise SessionNotClosed
        if found.order_state in (OrderState.PARTIALLY_RETURNED, OrderState.RETURNED):
            raise PartlyReturned(order=ids.encode("ord", found.order_id))
        if found.order_state != OrderState.CANCELLED:
            orders.undo_order(program_id=program_id, order=found.order_id, reason=reason, actor=actor)
        now = clock.now()
        asking.call(_REOPEN, (program_id, key, found.revision, now + KEPT_OPEN, now, actor))
        again = asked_again(program_id, kept.must_find(program_id=program_id, key=key))
        if again.member_id is None:
            again = again._replace(member_id=_claimed_by(found.order_id))
        return putting.put_again(asked=again, actor=actor)


def _claimed_by(order_id: UUID) -> UUID | None:
    """Who has claimed the order of a guest's session; None: nobody."""
    sql = "select member_id from orders_facts where order_id = %s::uuid and claimed_at is not null"
    row = postgres.call(connection, sql, (order_id,))
    return row[0] if row is not None else None


def sweep(*, program_id: int | None = None) -> int:
    """Open again every session whose tender has run out, and end those that nobody came back for; returns how many.

    Each tender is a transaction of its own, so that it never waits for two accounts. Safe to run anywhere, any time.
    """
    now, count = clock.now(), 0
    while _swept(_SWEEP_TENDER, (program_id, now)):
        count += 1
    return count + expire(program_id=program_id)


def expire(*, program_id: int | None = None) -> int:
    """End the open sessions that nobody came back for; returns how many. They hold nothing."""
    now, count = clock.now(), 0
    while True:
        went = _swept(_SWEEP_OPEN, (program_id, now, _BATCH))
        count += went
        if went < _BATCH:
            return count


def _swept(sql: str, params: tuple[object, ...]) -> int:
    row = postgres.call(connection, sql, params)
    return int(row[0]) if row else 0


def prune_at_night(work: Work) -> str | None:
    """A step of the night: one batch of sessions that were over long ago. Their orders keep all that counts."""
    with connection.cursor() as cursor:
        cursor.execute(
            "delete from checkout_session where id in (select id from checkout_session where program_id = %s"
            " and state in ('closed', 'cancelled', 'expired') and changed_at < %s limit %s for update skip locked)",
            [work.program_id, work.at - timedelta(days=KEPT_DAYS), work.limit],
        )
        gone = int(cursor.rowcount)
    return str(int(work.cursor or 0) + gone) if gone else None

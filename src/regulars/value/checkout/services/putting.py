"""Telling a basket: what it costs, saves and earns now. Nothing is reserved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import orjson
import psycopg
from django.db import transaction

from regulars.kernel import clock, ids, secrets
from regulars.kernel.errors import Busy, Invalid
from regulars.value.checkout.rules import answers, telling
from regulars.value.checkout.rules.answers import Lasting, Quoted, Standing, Written
from regulars.value.checkout.services import deciding, kept, lately, releasing
from regulars.value.checkout.services.deciding import Asked, Decided
from regulars.value.checkout.services.places import member_of, place_of
from regulars.value.checkout.terms import (
    KEPT_OPEN,
    Session,
    SessionCancelled,
    SessionClosed,
    SessionMoved,
    SessionState,
    SessionTold,
)
from regulars.value.orders.services import asking
from regulars.value.orders.services.closing import basket_faults, prepare
from regulars.value.orders.terms import OrderTold
from regulars.value.orders.terms.closing import Closed
from regulars.value.promotions import services as promotions
from regulars.value.promotions.terms import Line

_TRIES = 5
_IDENTIFIER = "checkout.identifier"
_PUT = (
    "select checkout_put(%s::uuid, %s::int, %s::text, %s::bigint, %s::uuid, %s::text, %s::text, %s::jsonb, %s::int,"
    " %s::bytea, %s::bytea, %s::bytea, %s::timestamptz, %s::timestamptz, %s::text)"
)


class Answered(NamedTuple):
    """A session as it answers a call, and the answer as it is kept."""

    session: Session
    written: Written


def put(
    *,
    program_id: int,
    key: str,
    told: SessionTold,
    actor: str,
    dry: bool = False,
    only: Iterable[str] | None = None,
) -> Session:
    """Decide about a basket and keep it under its key; told again (from any till or channel) it is decided again.

    A session that was tendering is open again, and all that it had reserved is free before it is decided. An
    abandoned one is resumed. With no member said, the session's own stays.

    Args: dry: decide only, keep nothing. only: look at these promotions alone (a preview; dry).
    Raises: Invalid with every fault; UnknownMember; SessionClosed; SessionCancelled; NoSuchVersion; Busy.
    """
    asked = ask(program_id=program_id, key=key, told=told, only=only)
    return put_again(asked=asked, actor=actor, dry=dry)


def put_again(*, asked: Asked, actor: str, dry: bool = False) -> Session:
    """As `put`, for a basket that was checked before. Raises: as `put`."""
    for _ in range(_TRIES):
        session = _try(asked, actor, dry)
        if session is not None:
            return session
    with transaction.atomic():  # the last try holds the session: nobody can be faster
        kept.find(program_id=asked.program_id, key=asked.key, lock=True)
        session = _try(asked, actor, dry)
    if session is None:
        raise Busy("Somebody else is changing the same thing. Nothing was changed; try again.")
    return session


def _try(asked: Asked, actor: str, dry: bool) -> Session | None:
    """One try; None when somebody else was faster, or what was reserved had to be let go first."""
    decided = deciding.decide(asked)
    state, order = decided.ctx.session_state, decided.ctx.session_order
    if dry:
        return quoted_session(decided, standing_of(decided, expires_at=asked.now + KEPT_OPEN)).session
    if state == SessionState.CLOSED:
        raise SessionClosed(order=ids.encode("ord", order) if order else None)
    if state == SessionState.CANCELLED:
        raise SessionCancelled
    if state == SessionState.TENDERING:
        releasing.let_go(program_id=asked.program_id, key=asked.key, actor=actor)
        decided = deciding.decide(asked)
    return _write(decided, actor)


def ask(*, program_id: int, key: str, told: SessionTold, only: Iterable[str] | None = None) -> Asked:
    """A basket checked, with its store, its member and its moment.

    Raises: Invalid with every fault; UnknownMember.
    """
    now = clock.now()
    occurred_at = told.occurred_at or now
    faults = telling.key_fault(key) + telling.told_faults(told) + _faults(program_id, key, told, occurred_at, now)
    if faults:
        raise Invalid(errors=faults)
    place = place_of(program_id=program_id, told=told)
    member_id = member_of(program_id=program_id, told=told)
    hashed = tuple([secrets.blind(program_id, _IDENTIFIER, x).hex() for x in told.identifiers])
    object.__setattr__(told, "identifiers", hashed) if hashed else None
    return Asked(
        program_id=program_id,
        key=key,
        told=told,
        place=place,
        member_id=member_id,
        occurred_at=occurred_at,
        now=now,
        only=frozenset(only) if only is not None else None,
    )


def _faults(
    program_id: int, key: str, told: SessionTold, occurred_at: datetime, now: datetime
) -> list[tuple[str, str]]:
    """What an order of this basket would be refused for."""
    lines = tuple(
        [
            Line(
                x.id,
                n,
                x.sku,
                x.quantity,
                x.amount_minor or 0,
                "",
                None,
                True,
                x.kind,
                None,
                None,
                x.attributes or {},
            )
            for n, x in enumerate(told.lines, 1)
        ]
    )
    order = OrderTold(
        ref=key or "-",
        channel=told.channel,
        currency=told.currency,
        occurred_at=occurred_at,
        lines=lines,
        tenders=told.tenders,
        attributes=told.attributes,
    )
    tolerance = promotions.snapshot(program_id=program_id).policies.future_tolerance_minutes
    return basket_faults(told=order, now=now, tolerance_minutes=tolerance)


def quoted_of(decided: Decided, closed: Closed) -> Quoted:
    """What the answer to a decision is made of."""
    return Quoted(
        key=decided.asked.key,
        question=decided.question,
        verdict=decided.verdict,
        version=decided.snapshot.version,
        terms=decided.snapshot.terms,
        digest=decided.verdict.digest,
        barred=decided.barred,
        earned=closed.earned,
        by_line=closed.by_line,
        balances=closed.balances,
    )


def quoted_session(decided: Decided, standing: Standing, status: int = 200) -> Answered:
    """A decision as the session that it makes: what it costs now, and what she holds now."""
    closed = prepare(
        verdict=decided.verdict,
        snapshot=decided.snapshot,
        account=decided.ctx.account if decided.question.member else None,
        now=decided.asked.now,
        is_kept=False,
    )
    return session_with(quoted_of(decided, closed), standing, status)


def session_with(quoted: Quoted, standing: Standing, status: int, lasting: Lasting | None = None) -> Answered:
    """The session that answers a call. Args: lasting: of the very same decision, as it was told before."""
    member, written = quoted.question.member, answers.write(quoted, standing, lasting)
    session = Session(
        key=quoted.key,
        state=standing.state,
        revision=standing.revision,
        member_id=member.member_id if member else None,
        store=quoted.question.basket.store,
        channel=quoted.question.basket.channel,
        version=quoted.version,
        digest=quoted.digest,
        due_minor=quoted.verdict.due_minor,
        order_id=standing.order_id,
        expires_at=standing.expires_at,
        tender_until=standing.tender_until,
        json=written.json,
        status=status,
    )
    return Answered(session, written)


def standing_of(decided: Decided, *, expires_at: datetime) -> Standing:
    """An open session, one revision further than it was read."""
    return Standing(state=SessionState.OPEN, revision=(decided.ctx.revision or 0) + 1, expires_at=expires_at)


def _write(decided: Decided, actor: str) -> Session | None:
    """The session written; None when somebody else was faster and it has to be decided again."""
    asked, is_new = decided.asked, decided.ctx.revision is None
    standing = standing_of(decided, expires_at=asked.now + KEPT_OPEN)
    session, written = quoted_session(decided, standing, status=201 if is_new else 200)
    session_id = decided.ctx.session_id or ids.new_id()
    basket = telling.told_to_json(asked.told, asked.occurred_at)
    params = (
        session_id,
        asked.program_id,
        asked.key,
        decided.ctx.revision,
        session.member_id,
        asked.told.store,
        asked.told.channel,
        orjson.dumps(basket).decode(),
        decided.snapshot.version,
        session.digest,
        *written.kept,
        standing.expires_at,
        asked.now,
        actor,
    )
    try:
        asking.call(_PUT, params)
    except SessionMoved:
        return None
    except psycopg.errors.UniqueViolation as taken:
        if taken.diag.constraint_name == "S1_a_key_names_one_session":
            return None
        raise
    lately.remember(session_id=session_id, session=session, decided=decided, written=written)
    return session

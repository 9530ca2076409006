"""Before the card is charged: everything that the basket uses is reserved, and the decision is frozen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction

from regulars.kernel import clock, ids
from regulars.kernel.errors import Busy, Invalid, Refusal
from regulars.value.benefits.terms import (
    BenefitForbidden,
    BenefitNotNow,
    NotYourBenefit,
    QuotaUsedUp,
    UnknownBenefit,
)
from regulars.value.catalog.terms import NotEntitled
from regulars.value.checkout.rules import answers, reserving, telling
from regulars.value.checkout.rules.answers import Standing
from regulars.value.checkout.rules.differing import differences
from regulars.value.checkout.services import deciding, engine, kept
from regulars.value.checkout.services.deciding import Asked, Decided
from regulars.value.checkout.services.giving import given
from regulars.value.checkout.services.kept import Kept
from regulars.value.checkout.services.places import place_of
from regulars.value.checkout.services.putting import Answered, quoted_of, session_with
from regulars.value.checkout.terms import (
    LONGEST_TENDERING,
    MOST_TENDER_MINUTES,
    TENDER_MINUTES,
    QuoteChanged,
    Session,
    SessionCancelled,
    SessionClosed,
    SessionExpired,
    SessionMoved,
    SessionState,
)
from regulars.value.coupons import terms as coupons
from regulars.value.ledger.terms import KeyReused, MemberClosed, MemberMerged, MemberSuspended, NotEnoughPoints, Stale
from regulars.value.orders.services import asking
from regulars.value.orders.services.closing import prepare
from regulars.value.orders.terms.closing import SESSION_SOURCE
from regulars.value.promotions.terms.usage import LimitReached

TRIES = 5
MOVED: tuple[type[Refusal], ...] = (SessionMoved, Stale, MemberMerged)
# somebody else was faster: what was read is not true any more, so it is read and decided again. Of these, all but the
# first three say why; one that still stands with everything locked is the answer
FASTER: tuple[type[Refusal], ...] = (
    *MOVED,
    KeyReused,
    MemberSuspended,
    MemberClosed,
    NotEnoughPoints,
    LimitReached,
    QuotaUsedUp,
    NotYourBenefit,
    BenefitNotNow,
    BenefitForbidden,
    UnknownBenefit,
    coupons.UnknownCode,
    coupons.AlreadyUsed,
    coupons.Expired,
    coupons.NotYet,
    coupons.NotYours,
    coupons.ReservedElsewhere,
    coupons.Voided,
    coupons.CouponLimit,
)
_HOLDS_LONGER = timedelta(days=1)  # than the tender: what lets holds go by night never meets one that is in use
_TENDER = (
    "select checkout_tender(%s::int, %s::text, %s::bigint, %s::uuid, %s::bigint, %s::int, %s::bytea, %s::bytea,"
    " %s::bytea, %s::bytea, %s::jsonb, %s::timestamptz, %s::timestamptz, %s::timestamptz, %s::text)"
)
_EXTEND = (
    "select checkout_extend(%s::int, %s::text, %s::bigint, %s::timestamptz, %s::timestamptz, %s::bytea,"
    " %s::timestamptz)"
)


def tender(
    *, program_id: int, key: str, actor: str, digest: bytes | None = None, minutes: int = TENDER_MINUTES
) -> Session:
    """Freeze version and prices, and reserve points, coupons, limits, budgets and stock for some minutes.

    Until then, and until somebody tells the basket anew or cancels it, `close` cannot be refused for price or limit.
    Told again, the time is longer. When it is over everything goes back and the session is open again.

    Args: digest: what the customer was told; other numbers are refused. minutes: 1 to 60.
    Raises: NoSession; SessionClosed; SessionCancelled; SessionExpired; QuoteChanged with the differences;
    NotEntitled; OutOfStock; Invalid; Busy.
    """
    if not 1 <= minutes <= MOST_TENDER_MINUTES:
        raise Invalid(errors=[("minutes", f"must be 1 to {MOST_TENDER_MINUTES}")])
    for number in range(TRIES + 1):
        found = kept.must_find(program_id=program_id, key=key)
        refuse_ended(found)
        if found.state == SessionState.TENDERING and number < TRIES:
            session = _extend(program_id, found, digest, minutes)
        elif number < TRIES:
            session = _try(program_id, found, digest, minutes, actor, FASTER)
        else:
            session = _locked(program_id, found, digest, minutes, actor)
        if session is not None:
            return session
    raise Busy("Somebody else is changing the same thing. Nothing was changed; try again.")


def refuse_ended(found: Kept) -> None:
    """Stop unless a session can still be tendered or closed.

    Raises: SessionClosed; SessionCancelled; SessionExpired.
    """
    if found.state == SessionState.CLOSED:
        raise SessionClosed(order=ids.encode("ord", found.order_id) if found.order_id else None)
    if found.state == SessionState.CANCELLED:
        raise SessionCancelled
    if found.state == SessionState.EXPIRED:
        raise SessionExpired


def asked_again(program_id: int, found: Kept) -> Asked:
    """A kept basket, to be decided again now."""
    told = telling.told_from_json(orjson.loads(found.told))
    now = clock.now()
    return Asked(
        program_id=program_id,
        key=found.key,
        told=told,
        place=place_of(program_id=program_id, told=told),
        member_id=found.member_id,
        occurred_at=told.occurred_at or now,
        now=now,
    )


def refuse_changed(found: Kept, decided: Decided, digest: bytes | None) -> None:
    """Stop when a basket is not worth what the customer was told, or holds what she may not buy.

    Raises: QuoteChanged; NotEntitled.
    """
    if decided.barred:
        lines = [b._asdict() | {"unlock": b.unlock.text if b.unlock else None} for b in decided.barred]
        raise NotEntitled(decided.barred[0].detail, lines=lines)
    if digest is None or digest == decided.verdict.digest:
        return
    closed = prepare(verdict=decided.verdict, snapshot=decided.snapshot, account=None, now=decided.asked.now)
    now = answers.answer(quoted_of(decided, closed), _standing(found))
    was = found.quote if digest == bytes(found.digest) else {}
    changed = [d._asdict() for d in differences(was, now)] if was else []
    raise QuoteChanged(digest=decided.verdict.digest.hex(), due=now["due"], total=now["total"], differences=changed)


def _standing(found: Kept) -> Standing:
    return Standing(state=SessionState(found.state), revision=found.revision, expires_at=found.expires_at)


def _locked(program_id: int, found: Kept, digest: bytes | None, minutes: int, actor: str) -> Session | None:
    """The last try, with the session and the account locked: nobody can be faster."""
    with transaction.atomic():
        held = kept.must_find(program_id=program_id, key=found.key, lock=True)
        refuse_ended(held)
        if held.state == SessionState.TENDERING:
            return _extend(program_id, held, digest, minutes)
        if held.member_id is not None:
            asking.lock(program_id=program_id, member_id=held.member_id)
        return _try(program_id, held, digest, minutes, actor, MOVED)


def _try(
    program_id: int, found: Kept, digest: bytes | None, minutes: int, actor: str, again: tuple[type[Refusal], ...]
) -> Session | None:
    """One try; None when a refusal of `again` says that it has to be read and decided again."""
    asked = asked_again(program_id, found)
    decided = deciding.decide(asked)
    refuse_changed(found, decided, digest)
    member = decided.question.member
    away = given(decided)
    benefits = reserving.benefits_of(
        decided.verdict.pricing,
        decided.snapshot.uses if member else {},
        prefix=f"session/{found.key}/{found.opening}.{found.revision}",
        new_id=ids.new_id,
    )
    reserve = reserving.reservation(
        key=found.key,
        opening=found.opening,
        revision=found.revision,
        spend=decided.verdict.spend,
        counters=deciding.counted_of(decided),
        coupons=decided.coupons,
        stock=away.stock,
        gifts=away.gifts,
        store_id=asked.place.store_id,
        takes=decided.verdict.pricing.takes,
        benefits=reserving.benefits_reserved(
            benefits,
            store=asked.told.store,
            at=asked.occurred_at,
            ref=f"{SESSION_SOURCE}/{reserving.ref_of(found.key, found.opening)}",
        ),
        new_id=ids.new_id,
        terms=decided.snapshot.terms,
    )
    until = asked.now + timedelta(minutes=minutes)
    standing = Standing(SessionState.TENDERING, found.revision + 1, found.expires_at, tender_until=until)
    session, written = _answered(decided, standing)
    params = (
        program_id,
        found.key,
        found.revision,
        member.member_id if member else None,
        decided.ctx.version if member else None,
        decided.snapshot.version,
        session.digest,
        *written.kept,
        engine.question_body(decided.json),
        orjson.dumps(reserve).decode(),
        until,
        until + _HOLDS_LONGER,
        asked.now,
        actor,
    )
    try:
        asking.call(_TENDER, params)
    except again:
        return None
    return session


def _answered(decided: Decided, standing: Standing) -> Answered:
    """What she holds once the points that pay are set aside."""
    closed = prepare(
        verdict=decided.verdict,
        snapshot=decided.snapshot,
        account=decided.ctx.account if decided.question.member else None,
        now=decided.asked.now,
        is_kept=False,
    )
    balances = dict(closed.balances)
    for paid in decided.verdict.spend:
        had = balances[paid.unit]
        balances[paid.unit] = had._replace(active=had.active - paid.amount, held=had.held + paid.amount)
    return session_with(quoted_of(decided, closed._replace(balances=balances)), standing, 200)


def _extend(program_id: int, found: Kept, digest: bytes | None, minutes: int) -> Session | None:
    if digest is not None and digest != bytes(found.digest):
        quote = found.quote
        raise QuoteChanged(digest=bytes(found.digest).hex(), due=quote["due"], total=quote["total"], differences=[])
    now = clock.now()
    latest = (found.tendered_at or now) + LONGEST_TENDERING
    until = max(found.tender_until or now, min(now + timedelta(minutes=minutes), latest))
    longer = found._replace(tender_until=until, revision=found.revision + 1)
    session = kept.session_of(longer)
    params: tuple[Any, ...] = (
        program_id,
        found.key,
        found.revision,
        until,
        until + _HOLDS_LONGER,
        kept.packed(longer),
        now,
    )
    try:
        asking.call(_EXTEND, params)
    except SessionMoved:
        return None
    return session


def reserved_of(found: Kept) -> dict[str, Any]:
    """What a session has reserved."""
    told: dict[str, Any] = orjson.loads(found.reserved) if found.reserved else {}
    return told


def holds_of(found: Kept) -> dict[str, UUID]:
    """The points that a session has set aside, by unit."""
    return reserving.holds_of(reserved_of(found))

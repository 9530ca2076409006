"""The end of a sale: the basket becomes an order, with all that it brings, in one statement."""

from __future__ import annotations

import psycopg
from django.db import transaction

from regulars.kernel import clock, idempotency, ids
from regulars.kernel.errors import Busy, Refusal
from regulars.value.catalog.terms import Entitlement
from regulars.value.checkout.rules import reserving
from regulars.value.checkout.rules.answers import Standing
from regulars.value.checkout.services import deciding, engine, kept, lately
from regulars.value.checkout.services.deciding import Decided
from regulars.value.checkout.services.following import brought
from regulars.value.checkout.services.giving import Given, given
from regulars.value.checkout.services.kept import Kept
from regulars.value.checkout.services.lately import AsTold, Told
from regulars.value.checkout.services.putting import quoted_of, session_with
from regulars.value.checkout.services.tendering import (
    FASTER,
    MOVED,
    TRIES,
    asked_again,
    refuse_changed,
    refuse_ended,
    reserved_of,
)
from regulars.value.checkout.terms import QuoteChanged, Session, SessionState
from regulars.value.coupons import services as coupons
from regulars.value.coupons.terms import Expired, TooFewCodes
from regulars.value.ledger.terms import MemberClosed, MemberSuspended
from regulars.value.orders.services import asking
from regulars.value.orders.services import closing as orders
from regulars.value.orders.terms import Repeat
from regulars.value.orders.terms.closing import SESSION_SOURCE, Before, BenefitTake, Closing, Issue
from regulars.value.promotions import services as promotions
from regulars.value.promotions.terms import Decision, Question, Rejected, Verdict

_CLOSE = (
    "checkout_close(%s::int, %s::text, %s::bigint, %s::uuid, %s::uuid, %s::int, %s::bytea, %s::bytea,"
    " %s::bytea, %s::timestamptz, %s::text)"
)
_CLOSE_AS_TOLD = (
    "checkout_close_as_told(%s::uuid, %s::text, %s::int, %s::text, %s::bigint, %s::uuid, %s::uuid, %s::int,"
    " %s::bytea, %s::bytea, %s::timestamptz, %s::text, %s::uuid, %s::boolean, %s::bigint, %s::text, %s::text,"
    " %s::text[], %s::text, %s::text[], %s::text[], %s::bigint[], %s::text[], %s::timestamptz)"
)


def close(
    *, program_id: int, key: str, actor: str, digest: bytes | None = None, repeat: Repeat | None = None
) -> Session:
    """Make an order of a session, at once and whole; called again it is the same answer.

    A tendering session closes by what was frozen, whatever has changed since. An open one is decided again, under the
    version of the member's account: `digest` says what the customer was told, and other numbers are refused.

    Args: repeat: the caller's idempotency key, kept with the answer.
    Raises: NoSession; SessionCancelled; SessionExpired; QuoteChanged with the differences; NotEntitled; OutOfStock;
    IdempotencyMismatch; Busy.
    """
    told = lately.take(program_id=program_id, key=key)
    if told is not None:
        session = _as_told(program_id, told, digest, actor, repeat)
        if session is not None:
            return session
    for number in range(TRIES + 1):
        found = kept.must_find(program_id=program_id, key=key)
        if found.state == SessionState.CLOSED:
            return _closed_before(program_id, found, repeat)
        refuse_ended(found)
        if number < TRIES:
            session = _try(program_id, found, digest, actor, repeat, FASTER)
        else:
            session = _locked(program_id, found, digest, actor, repeat)
        if session is not None:
            return session
    raise Busy("Somebody else is changing the same thing. Nothing was changed; try again.")


def _closed_before(program_id: int, found: Kept, repeat: Repeat | None) -> Session:
    """The answer again; kept under this caller's key too, so that it is the same once the session is open again."""
    session = kept.session_of(found, was_done=True)
    if repeat is not None:
        idempotency.keep(program_id, repeat.key, repeat.request_hash, session.status, session.json)
    return session


def _locked(program_id: int, found: Kept, digest: bytes | None, actor: str, repeat: Repeat | None) -> Session | None:
    """The last try, with the session and the account locked: nobody can be faster."""
    with transaction.atomic():
        held = kept.must_find(program_id=program_id, key=found.key, lock=True)
        if held.state == SessionState.CLOSED:
            return _closed_before(program_id, held, repeat)
        refuse_ended(held)
        if held.member_id is not None:
            asking.lock(program_id=program_id, member_id=held.member_id)
        return _try(program_id, held, digest, actor, repeat, MOVED)


def _as_told(program_id: int, told: Told, digest: bytes | None, actor: str, repeat: Repeat | None) -> Session | None:
    """A close by what was told a moment ago, if all is as it was; None when it has to be read and decided again.

    Nothing that stands in its way is believed, for it may be of a basket that is not told so any more.
    """
    found = told.found
    try:
        known = lately.decide(told)
        if known is None:
            return None
        decided, as_told = known
        if decided.barred or digest not in (None, decided.verdict.digest):
            return None
        return _write(found, decided, _closing(found, decided, actor, repeat), as_told)
    except Refusal:
        return None
    except psycopg.errors.UniqueViolation as taken:
        _must_be_meanwhile(taken, program_id, repeat)
        return None


def _must_be_meanwhile(taken: psycopg.errors.UniqueViolation, program_id: int, repeat: Repeat | None) -> None:
    """Go on if somebody told the same at this moment, so that it has to be decided again.

    Raises: IdempotencyMismatch; what was taken, if it is anything else.
    """
    if not (asking.told_meanwhile(taken) or coupons.is_twin(taken)):  # of a twin, other codes are drawn
        raise taken
    if repeat is not None:  # the same call, faster; or another one under the same key, which is refused
        idempotency.answered(program_id, repeat.key, repeat.request_hash)


def _try(
    program_id: int,
    found: Kept,
    digest: bytes | None,
    actor: str,
    repeat: Repeat | None,
    again: tuple[type[Refusal], ...],
) -> Session | None:
    """One try; None when somebody else was faster (a refusal of `again` says so) and it has to be decided again."""
    try:
        if found.state == SessionState.TENDERING:
            return _of_tender(program_id, found, digest, actor, repeat)
        decided = deciding.decide(asked_again(program_id, found))
        refuse_changed(found, decided, digest)
        return _write(found, decided, _closing(found, decided, actor, repeat))
    except again:
        return None
    except psycopg.errors.UniqueViolation as taken:
        _must_be_meanwhile(taken, program_id, repeat)
        return None


def _of_tender(
    program_id: int, found: Kept, digest: bytes | None, actor: str, repeat: Repeat | None
) -> Session | None:
    """Close by the frozen decision. What the member may do has changed since: it costs earnings, never the sale."""
    if digest is not None and digest != bytes(found.digest):
        quote = found.quote
        raise QuoteChanged(digest=bytes(found.digest).hex(), due=quote["due"], total=quote["total"], differences=[])
    decided = frozen(program_id, found)
    try:
        return _write(found, decided, _closing(found, decided, actor, repeat))
    except (MemberSuspended, MemberClosed) as no:
        bare = Decision(rejected=(Rejected("*", no.code, no.detail),))
        decided = decided._replace(verdict=_without_earnings(decided, bare))
        return _write(found, decided, _closing(found, decided, actor, repeat))


def _without_earnings(decided: Decided, bare: Decision) -> Verdict:
    verdict = decided.verdict
    return Verdict(pricing=verdict.pricing, earning=bare, spend=verdict.spend, counters=None)


def frozen(program_id: int, found: Kept) -> Decided:
    """The decision that a tendering session was frozen with, made again from its question."""
    question: Question = engine.question_of(bytes(found.question or b""))
    asked = asked_again(program_id, found)
    ctx = deciding.context_of(program_id=program_id, key=found.key, now=asked.now)
    if question.member is not None and ctx.member_id is not None:
        question = question._replace(member=question.member._replace(member_id=ctx.member_id))
    snapshot = promotions.snapshot(
        program_id=program_id, version=found.version, terms=reserved_of(found).get("terms")
    )
    verdict = engine.decide(question, snapshot)
    return Decided(
        asked=asked,
        ctx=ctx,
        snapshot=snapshot,
        question=question,
        verdict=verdict,
        entitlement=Entitlement(),
        coupons=deciding.used_of(question, verdict),
        stock=reserving.stock_of(reserved_of(found)),
        counters=None,
    )


def _closing(found: Kept, decided: Decided, actor: str, repeat: Repeat | None) -> Closing:
    is_reserved = found.state == SessionState.TENDERING
    reserved = reserved_of(found)
    away = Given(reserving.gifts_of(reserved), decided.stock) if is_reserved else given(decided)
    told = decided.asked.told
    described = any(line.description for line in told.lines)
    ref = reserving.ref_of(found.key, found.opening)
    return Closing(
        order_id=ids.new_id(),
        ref=ref,
        session=found.key,
        store_id=decided.asked.place.store_id,
        question=decided.question,
        question_body=bytes(found.question or b"") if is_reserved else engine.question_body(decided.json),
        verdict=decided.verdict,
        snapshot=decided.snapshot,
        account=decided.ctx.account,
        holds=reserving.holds_of(reserved),
        is_reserved=is_reserved,
        owner=reserving.owner_of(found.key),
        counters=decided.counters,
        counted=reserving.counted_of(reserved) if is_reserved else deciding.counted_of(decided),
        coupons=decided.coupons,
        issues=_issues(decided, ref),
        stock=away.stock,
        gifts=away.gifts,
        benefits=_benefits(decided, ref) if not is_reserved else reserving.benefits_kept(reserved),
        attributes=told.attributes,
        descriptions=tuple([line.description for line in told.lines]) if described else (),
        actor=actor,
        recorded_at=clock.now(),
        repeat=repeat,
    )


def _benefits(decided: Decided, ref: str) -> tuple[BenefitTake, ...]:
    uses = decided.snapshot.uses if decided.question.member is not None else {}
    prefix = f"order/{SESSION_SOURCE}/{ref}"
    return reserving.benefits_of(decided.verdict.pricing, uses, prefix=prefix, new_id=ids.new_id)


def _issues(decided: Decided, ref: str) -> tuple[Issue, ...]:
    """The coupons that the basket brings its member, coined."""
    if decided.question.member is None:
        return ()
    program_id = decided.asked.program_id
    issues: list[Issue] = []
    for promotion, kind, body in brought(decided.verdict.pricing.outcomes):
        if kind != "issue_coupon":
            continue
        try:
            coined = coupons.coin(
                program_id=program_id,
                template=body["template"],
                n=body.get("count", 1),
                at=decided.asked.now,
            )
        except (Expired, TooFewCodes):  # its season is over, or its codes are used up: that does not stop a sale
            continue
        issues += [
            Issue(promotion, f"order/{ref}/{promotion}/{len(issues) + n}", one) for n, one in enumerate(coined, 1)
        ]
    return tuple(issues)


def _write(found: Kept, decided: Decided, closing: Closing, as_told: AsTold | None = None) -> Session:
    """The order and the closed session, in one statement. Args: as_told: what it must see before it does anything."""
    program_id = decided.asked.program_id
    member = decided.question.member
    closed = orders.prepare(
        verdict=decided.verdict,
        snapshot=decided.snapshot,
        account=decided.ctx.account if member else None,
        now=closing.recorded_at,
        holds=closing.holds,
    )
    standing = Standing(
        state=SessionState.CLOSED,
        revision=found.revision + 1,
        expires_at=found.expires_at,
        order_id=closing.order_id,
    )
    lasting = as_told.lasting if as_told is not None else None
    session, written = session_with(quoted_of(decided, closed), standing, 201, lasting)
    head = (
        program_id,
        found.key,
        found.revision,
        closing.order_id,
        member.member_id if member else None,
        decided.snapshot.version,
        session.digest,
        written.packed,
    )
    tail = (closing.recorded_at, closing.actor)
    if as_told is None:
        before = Before(_CLOSE, (*head, written.explained, *tail))
    else:
        before = Before(_CLOSE_AS_TOLD, (as_told.session_id, as_told.known, *head, *tail, *as_told.arguments))
    orders.close(program_id=program_id, closing=closing, closed=closed, before=before, status=201, body=session.json)
    return session

"""Coupons in members' hands: issued, shared, given away, withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import psycopg
from django.db import IntegrityError, transaction

from regulars.kernel import clock, ids, postgres
from regulars.kernel.errors import Invalid
from regulars.kernel.outbox import announce
from regulars.people.members import services as members
from regulars.people.members.terms import MemberStatus
from regulars.people.programs import services as programs
from regulars.value.coupons.models import CouponRow, EventRow
from regulars.value.coupons.rules import codes as spelling
from regulars.value.coupons.rules import validity
from regulars.value.coupons.services import coining, document, looking
from regulars.value.coupons.terms import (
    AlreadyUsed,
    CodeTaken,
    Coined,
    Coupon,
    CouponGifted,
    CouponLimit,
    EventKind,
    NoOffer,
    NotEntitled,
    NotGiftable,
    NotYours,
    ReservedElsewhere,
    State,
    UnknownCode,
    Voided,
)

MOST_AT_ONCE = 100
_LEAST_SHARED = 4
_DRAWS = 5  # one in a million codes of a pattern is ever drawn: to meet a foreign one twice is no accident


@transaction.atomic
def issue(
    *,
    program_id: int,
    template: str,
    member_id: UUID,
    n: int = 1,
    key: str,
    actor: str,
    source: str = "issue",
    at: datetime | None = None,
) -> tuple[Coupon, ...]:
    """Give a member coupons of a template, once by `key`; told again it answers the first ones.

    Args: key: makes it repeatable, e.g. `order/…/promotion`. source: what led to it, for the story.
    Raises: UnknownTemplate; UnknownMember; NotEntitled for a closed member; CouponLimit with none issued; Invalid.
    """
    if not 1 <= n <= MOST_AT_ONCE:
        raise Invalid(errors=[("count", f"must be between 1 and {MOST_AT_ONCE}")])
    found = document.template(program_id=program_id, key=template)
    must_live(program_id=program_id, member_id=member_id)
    instant = at or clock.now()
    keys = [f"{key}/{i}" for i in range(n)]
    first = CouponRow.objects.filter(program_id=program_id, issue_key=keys[0]).first()
    if first is not None and first.template != template:
        raise Invalid(errors=[("key", "has issued coupons of another template")])
    rows = store(
        program_id=program_id,
        member_id=member_id,
        template=template,
        keys=keys,
        hold=found.limits.hold,
        at=instant,
        actor=actor,
        source=source,
    )
    if any(what == "limit_reached" for _, what in rows):
        raise CouponLimit(f"The member may hold {found.limits.hold} of these.", reason="limit_reached")
    return looking.by_ids(program_id=program_id, coupon_ids=[i for i, _ in rows if i is not None])


def store(
    *,
    program_id: int,
    member_id: UUID,
    template: str,
    keys: Sequence[str],
    hold: int | None,
    at: datetime,
    actor: str,
    source: str,
    kind: EventKind = EventKind.ISSUED,
) -> list[tuple[UUID | None, str]]:
    """Make a coupon of a template for each key and store it by `coupons_issue`; returns (id, what became of it).

    A code that somebody else's pool has already is drawn anew.
    """
    for draw in range(1, _DRAWS + 1):
        coins = coining.coin(program_id=program_id, template=template, n=len(keys), at=at)
        try:
            with transaction.atomic():
                return _stored(program_id, member_id, coins, keys, hold, at, actor, source, kind)
        except psycopg.errors.UniqueViolation as taken:
            if draw == _DRAWS or not coining.is_twin(taken):
                raise
    return []


def _stored(
    program_id: int,
    member_id: UUID,
    coins: Sequence[Coined],
    keys: Sequence[str],
    hold: int | None,
    at: datetime,
    actor: str,
    source: str,
    kind: EventKind,
) -> list[tuple[UUID | None, str]]:
    rows = postgres.ask(
        "select coupon_id, what from coupons_issue(%s::int, %s::uuid, %s::uuid[], %s::text[], %s::text[], %s::int[],"
        " %s::timestamptz[], %s::timestamptz[], %s::text[], %s::int[], %s::timestamptz, %s::text, %s::text,"
        " %s::text)",
        (
            program_id,
            member_id,
            [c.id for c in coins],
            [c.code for c in coins],
            [c.template for c in coins],
            [c.version for c in coins],
            [c.starts_at for c in coins],
            [c.ends_at for c in coins],
            list(keys),
            [hold] * len(coins),
            at,
            actor,
            source,
            kind.value,
        ),
    )
    return [(coupon_id, what) for coupon_id, what in rows]


def must_live(*, program_id: int, member_id: UUID) -> None:
    """Only a member who has not left holds coupons.

    Raises: UnknownMember; NotEntitled.
    """
    fact = members.fact(program_id=program_id, member_id=member_id)
    if fact.status is MemberStatus.CLOSED or fact.merged_into is not None:
        raise NotEntitled("This membership is closed.", reason="not_entitled")


@transaction.atomic
def share(*, program_id: int, template: str, code: str, most: int | None = None, actor: str) -> Coupon:
    """Make a shared code, e.g. SPRING20: anybody may use it, each order once, `most` times in all (None: no limit).

    Raises: UnknownTemplate; CodeTaken; Invalid.
    """
    found = document.template(program_id=program_id, key=template)
    text = spelling.canonical(code)
    if len(text) < _LEAST_SHARED or not text.isascii() or not text.isalnum():
        raise Invalid(errors=[("code", f"must have {_LEAST_SHARED} to {spelling.LONGEST} letters and digits")])
    if most is not None and most < 1:
        raise Invalid(errors=[("most", "must be at least 1")])
    now = clock.now()
    program = programs.by_id(program_id=program_id)
    starts, ends = validity.span(found.validity, issued_at=now, zone=program.zone)
    if ends is not None and ends <= starts:
        raise Invalid(errors=[("template", "has ended")])
    shown = code.strip()
    row = CouponRow(
        id=ids.new_id(),
        program_id=program_id,
        code=text,
        shown=shown if shown != text else None,
        template=template,
        version=found.version,
        state=State.OPEN,
        starts_at=starts,
        ends_at=ends,
        issued_at=now,
        is_shared=True,
        most=most,
        used=0,
    )
    postgres.ask("select coupons_one_at_a_time(%s::int)", (program_id,))
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise CodeTaken from None
    tell(row, EventKind.ISSUED, actor=actor, ref="shared")
    return looking.by_ids(program_id=program_id, coupon_ids=[row.id])[0]


@transaction.atomic
def give(*, program_id: int, code: str, from_id: UUID, to_id: UUID, actor: str, accept: bool = True) -> Coupon:
    """Give a coupon to another member: at once, or (`accept`) when she has accepted.

    Raises: UnknownCode; NotYours; NotGiftable when the template forbids it or the coupon is taken, ended or offered;
    UnknownMember; NotEntitled when the other may not hold it; Invalid for oneself.
    """
    if from_id == to_id:
        raise Invalid(errors=[("to", "must be another member")])
    row = _locked(program_id, code)
    if row.member_id != from_id:
        raise NotYours if row.member_id else UnknownCode
    found = document.template_or_none(program_id=program_id, key=row.template, version=row.version)
    now = clock.now()
    is_usable = row.state == State.OPEN and (row.ends_at is None or row.ends_at > now) and row.offered_to is None
    if found is None or not found.giftable or not is_usable or row.is_shared:
        raise NotGiftable
    must_live(program_id=program_id, member_id=to_id)
    if accept:
        row.offered_to = to_id
        row.save(update_fields=["offered_to"])
        tell(row, EventKind.OFFERED, actor=actor, other_id=to_id)
        _announce_gift(row, from_id, to_id, is_offer=True)
    else:
        _hand_over(row, to_id, actor)
    return looking.by_ids(program_id=program_id, coupon_ids=[row.id])[0]


@transaction.atomic
def accept(*, program_id: int, code: str, member_id: UUID, actor: str) -> Coupon:
    """Take a coupon that is offered.

    Raises: UnknownCode; NoOffer; NotGiftable when it has ended meanwhile; CouponLimit.
    """
    row = _locked(program_id, code)
    if row.offered_to != member_id:
        raise NoOffer
    if row.ends_at is not None and row.ends_at <= clock.now():
        raise NotGiftable("This coupon has ended.")
    _hand_over(row, member_id, actor)
    return looking.by_ids(program_id=program_id, coupon_ids=[row.id])[0]


@transaction.atomic
def decline(*, program_id: int, code: str, member_id: UUID, actor: str) -> Coupon:
    """Refuse an offered coupon, or (as the giver) take the offer back; the giver keeps it.

    Raises: UnknownCode; NoOffer.
    """
    row = _locked(program_id, code)
    if row.offered_to is None or member_id not in (row.offered_to, row.member_id):
        raise NoOffer
    kind = EventKind.WITHDRAWN if member_id == row.member_id else EventKind.DECLINED
    other, row.offered_to = row.offered_to, None
    row.save(update_fields=["offered_to"])
    tell(row, kind, actor=actor, other_id=other)
    return looking.by_ids(program_id=program_id, coupon_ids=[row.id])[0]


def _locked(program_id: int, code: str) -> CouponRow:
    rows = CouponRow.objects.select_for_update().filter(program_id=program_id, code=spelling.canonical(code))
    row = rows.first()  # who holds a coupon has a row: what lies on a sheet is in nobody's hands
    if row is None:
        raise UnknownCode
    return row


def _hand_over(row: CouponRow, to_id: UUID, actor: str) -> None:
    found = document.template_or_none(program_id=row.program_id, key=row.template, version=row.version)
    limit = found.limits.hold if found else None
    if limit is not None:
        postgres.ask(
            "insert into coupons_tally (program_id, member_id, template, claimed, redeemed)"
            " values (%s::int, %s::uuid, %s::text, 0, 0) on conflict (member_id, template) do update set claimed ="
            " coupons_tally.claimed",  # the row is the lock of "how many does she hold?"
            (row.program_id, to_id, row.template),
        )
        if looking.held(program_id=row.program_id, member_id=to_id, template=row.template) >= limit:
            raise CouponLimit(f"The member holds {limit} of these already.", reason="limit_reached")
    giver = row.member_id
    row.member_id, row.offered_to, row.reminded = to_id, None, None
    row.save(update_fields=["member_id", "offered_to", "reminded"])
    tell(row, EventKind.GIFTED, actor=actor, member_id=giver, other_id=to_id)
    if giver is not None:
        _announce_gift(row, giver, to_id, is_offer=False)


def _announce_gift(row: CouponRow, from_id: UUID, to_id: UUID, *, is_offer: bool) -> None:
    news = CouponGifted(
        coupon_id=row.id, member_id=from_id, to_member_id=to_id, template=row.template, is_offer=is_offer
    )
    announce(news, program_id=row.program_id, member_id=to_id)


def tell(
    row: CouponRow,
    kind: EventKind,
    *,
    actor: str,
    member_id: UUID | None = None,
    other_id: UUID | None = None,
    ref: str | None = None,
) -> None:
    """Write one more chapter of a coupon's story."""
    EventRow.objects.create(
        program_id=row.program_id,
        coupon_id=row.id,
        kind=kind,
        at=clock.now(),
        actor=actor,
        member_id=member_id or row.member_id,
        other_id=other_id,
        ref=ref,
    )


@transaction.atomic
def void(
    *, program_id: int, coupon_ids: Sequence[UUID], actor: str, reason: str
) -> list[tuple[UUID, str, bool, str]]:
    """Withdraw coupons that nobody has used: (id, code, withdrawn, why not) of each that exists.

    Raises: Invalid without a reason.
    """
    if not reason.strip() or len(reason) > 200:
        raise Invalid(errors=[("reason", "must be 1 to 200 characters")])
    rows = postgres.ask(
        "select * from coupons_void(%s::int, %s::uuid[], %s::timestamptz, %s::text, %s::text)",
        (program_id, list(coupon_ids), clock.now(), actor, reason.strip()),
    )
    return [(i, code, voided, why) for i, code, voided, why in rows]


@transaction.atomic
def withdraw(*, program_id: int, coupon_id: UUID, actor: str, reason: str) -> None:
    """Withdraw one coupon.

    Raises: UnknownCode; AlreadyUsed; ReservedElsewhere; Voided when it was withdrawn before; Invalid.
    """
    found = void(program_id=program_id, coupon_ids=[coupon_id], actor=actor, reason=reason)
    if not found:
        raise UnknownCode
    why = found[0][3]
    if why:
        raise {"already_used": AlreadyUsed, "reserved_elsewhere": ReservedElsewhere}.get(why, Voided)

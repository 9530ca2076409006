"""A membership that one pays and another redeems by a code."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from django.db import transaction

from regulars.kernel import clock, ids, postgres, secrets
from regulars.kernel.outbox import announce
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.value.coupons import services as coupons
from regulars.value.subscriptions.models import GiftRow, PaymentRow, SubscriptionRow
from regulars.value.subscriptions.rules import calendar, codes
from regulars.value.subscriptions.services import base, beginning, document, looking, providers, running
from regulars.value.subscriptions.terms import (
    EventKind,
    Gift,
    GiftExpired,
    GiftNotReady,
    GiftState,
    PaymentKind,
    PaymentState,
    PeriodKind,
    Plan,
    PlanNotGiftable,
    State,
    Subscription,
    SubscriptionKeyReused,
    SubscriptionStarted,
    UnknownGiftCode,
)


@transaction.atomic
def buy_gift(
    *,
    program_id: int,
    plan: str,
    method: str,
    key: str,
    actor: str,
    periods: int = 1,
    payer_id: UUID | None = None,
    provider: str | None = None,
) -> tuple[Gift, UUID]:
    """Ask for a gift of so many periods: it can be redeemed when its payment is settled (`pursue` it).

    Args: payer_id: None: somebody who is no member. key: the same one names the same gift.
    Returns: the gift, and the id of its payment.
    Raises: UnknownPlan; PlanNotGiftable; UnknownProvider; UnknownMember; MemberMerged …; SubscriptionKeyReused.
    """
    provider = providers.usual(provider)
    asked = [plan, method, periods, str(payer_id), provider]
    digest = hashlib.sha256(orjson.dumps(asked)).digest()
    with_lock(f"gift/{program_id}/{key}")
    told = GiftRow.objects.filter(program_id=program_id, key=key).first()
    if told is not None:
        if bytes(told.digest) != digest:
            raise SubscriptionKeyReused(errors=[("key", "named another gift")])
        return gift_of(told), PaymentRow.objects.get(gift_id=told.id).id
    wanted = document.plan(program_id=program_id, key=plan)
    if not wanted.giftable:
        raise PlanNotGiftable
    if payer_id is not None:
        base.living(program_id=program_id, member_id=payer_id)
    now, amount = clock.now(), wanted.price_minor * periods
    row = GiftRow.objects.create(
        id=ids.new_id(),
        program_id=program_id,
        code=_new_code(program_id),
        plan=wanted.key,
        version=wanted.version,
        periods=periods,
        amount_minor=amount,
        currency=programs.by_id(program_id=program_id).currency,
        state=GiftState.WAITING if amount else GiftState.READY,
        key=key,
        digest=digest,
        payer_id=payer_id,
        created_at=now,
        expires_at=_end_of(program_id, wanted),
        actor=actor,
    )
    return gift_of(row), _payment(row, provider, method).id


def _end_of(program_id: int, plan: Plan) -> datetime | None:
    """The instant after the last day on which a gift that is bought today can be redeemed; None: for ever."""
    if not plan.gift_claim_days:
        return None
    return base.midnight(program_id, base.today(program_id) + timedelta(days=plan.gift_claim_days + 1))


def _payment(gift: GiftRow, provider: str, method: str) -> PaymentRow:
    """What is meant to be taken for a gift; nothing for one that costs nothing."""
    is_free = gift.amount_minor == 0
    return PaymentRow.objects.create(
        id=ids.new_id(),
        program_id=gift.program_id,
        gift=gift,
        kind=PaymentKind.GIFT,
        state=PaymentState.PAID if is_free else PaymentState.INTENDED,
        n=1,
        amount_minor=gift.amount_minor,
        currency=gift.currency,
        provider=provider,
        method=method,
        terms={"plan": gift.plan, "version": gift.version, "periods": gift.periods},
        created_at=gift.created_at,
        settled_at=gift.created_at if is_free else None,
        settled_on=base.today(gift.program_id) if is_free else None,
    )


def with_lock(name: str) -> None:
    """The same call twice at once: the second waits, and is told."""
    postgres.ask("select pg_advisory_xact_lock(hashtextextended(%s::text, 0))", (name,))


def _new_code(program_id: int) -> str:
    """A code that nobody has had: the next number, permuted by a key of this program that survives every rotation."""
    key = b"".join([secrets.blind(program_id, "gift codes", half) for half in ("1", "2")])
    return codes.spell(key, int(postgres.ask("select nextval('subscriptions_gift_number')")[0][0]))


@transaction.atomic
def redeem(*, program_id: int, code: str, member_id: UUID, actor: str, who: Sequence[str] = ()) -> Subscription:
    """Make a gift somebody's membership, from today. The same member may say it again.

    Args: who: who is asking, for slowing down guesses.
    Raises: UnknownGiftCode; GiftNotReady; AlreadySubscribed; UnknownMember; MemberMerged …; Busy; TooManyRequests.
    """
    coupons.must_not_guess(program_id=program_id, who=who)
    members.hold(program_id=program_id, member_ids=[member_id])
    text = codes.canonical(code)
    row = GiftRow.objects.select_for_update().filter(program_id=program_id, code=text).first()
    if row is None or row.state in (GiftState.WAITING, GiftState.FAILED):
        raise UnknownGiftCode
    if row.state == GiftState.REDEEMED and row.redeemed_by == member_id:
        found = SubscriptionRow.objects.get(gift_id=row.id)
        return looking.subscription(program_id=program_id, subscription_id=found.id)
    if row.state != GiftState.READY:
        raise GiftNotReady(state=row.state)
    if row.expires_at is not None and row.expires_at <= clock.now():
        raise GiftNotReady(state="expired")
    base.able(program_id=program_id, member_id=member_id)
    begun = _begin(row, member_id, actor)
    row.state, row.redeemed_by, row.redeemed_at = GiftState.REDEEMED, member_id, clock.now()
    row.save(update_fields=["state", "redeemed_by", "redeemed_at"])
    return looking.subscription(program_id=program_id, subscription_id=begun.id)


def _begin(gift: GiftRow, member_id: UUID, actor: str) -> SubscriptionRow:
    program_id, day = gift.program_id, base.today(gift.program_id)
    plan = document.plan(program_id=program_id, key=gift.plan, version=gift.version)
    beginning.must_be_free(program_id=program_id, member_id=member_id, family=plan.family)
    payment = PaymentRow.objects.get(gift_id=gift.id)
    row = beginning.begin(
        program_id,
        member_id,
        plan,
        key=f"gift/{gift.id}",
        digest=b"",
        currency=gift.currency,
        provider=payment.provider,
        started_at=clock.now(),
        renews=False,
        gift=gift,
        anchor_on=day,
        anchor_n=gift.periods,
        most_seats=plan.guests,
    )
    period = running.open_period(
        row,
        kind=PeriodKind.GIFT,
        plan=plan,
        starts_on=day,
        ends_on=calendar.period_end(day, gift.periods, plan.every),
        charged=gift.amount_minor,
        payment=payment,
    )
    running.set_running(row, State.ACTIVE, period, actor=actor)
    row.save()
    base.tell(row, EventKind.STARTED, actor, plan=plan.key, until=period.ends_on, gift=str(gift.id))
    news = SubscriptionStarted(
        subscription_id=row.id, member_id=member_id, plan=plan.key, until=period.ends_on, is_trial=False
    )
    running.told(row, news)
    return row


@transaction.atomic
def refund_gift(*, program_id: int, code: str, reason: str, actor: str) -> tuple[Gift, UUID | None]:
    """Give back what was paid for a gift that nobody has redeemed; its code is worth nothing then.

    Returns: the gift, and the id of the refund to `pursue` (None: it had cost nothing).
    Raises: UnknownGiftCode; GiftNotReady.
    """
    row = GiftRow.objects.select_for_update().filter(program_id=program_id, code=codes.canonical(code)).first()
    if row is None:
        raise UnknownGiftCode
    if row.state != GiftState.READY:
        raise GiftNotReady(state=row.state)
    return gift_of(row), _give_back(row, reason, actor)


def _give_back(row: GiftRow, reason: str, actor: str) -> UUID | None:
    row.state = GiftState.REFUNDED
    row.save(update_fields=["state"])
    payment = PaymentRow.objects.get(gift_id=row.id)
    made = running.refund_of(payment, row.amount_minor, reason=reason, actor=actor) if row.amount_minor else None
    return made.id if made else None


@transaction.atomic
def expire_one(*, program_id: int, gift_id: UUID) -> int:
    """End a gift whose time is over: its code is worth nothing, the money goes back. Returns: 1, or 0 if not so."""
    row = GiftRow.objects.select_for_update().filter(program_id=program_id, pk=gift_id).first()
    if row is None or row.state != GiftState.READY or row.expires_at is None or row.expires_at > clock.now():
        return 0
    _give_back(row, "expired", running.SYSTEM)
    news = GiftExpired(gift_id=row.id, payer_id=row.payer_id, plan=row.plan, refund_minor=row.amount_minor)
    announce(news, program_id=program_id, member_id=row.payer_id)
    return 1


def expired(*, limit: int, program_id: int | None = None) -> list[tuple[int, UUID]]:
    """Gifts that nobody redeemed in their time, longest first: (program, id)."""
    rows = GiftRow.objects.filter(state=GiftState.READY, expires_at__lte=clock.now())
    if program_id is not None:
        rows = rows.filter(program_id=program_id)
    return list(rows.order_by("expires_at", "id").values_list("program_id", "id")[:limit])


def gift(*, program_id: int, code: str, who: Sequence[str] = ()) -> Gift:
    """A gift by its code.

    Raises: UnknownGiftCode; TooManyRequests.
    """
    coupons.must_not_guess(program_id=program_id, who=who)
    row = GiftRow.objects.filter(program_id=program_id, code=codes.canonical(code)).first()
    if row is None:
        raise UnknownGiftCode
    return gift_of(row)


def gifts(*, program_id: int, payer_id: UUID | None = None, limit: int = 50) -> tuple[Gift, ...]:
    """Gifts of a program, or of a payer, latest first."""
    rows = GiftRow.objects.filter(program_id=program_id)
    if payer_id is not None:
        rows = rows.filter(payer_id=payer_id)
    return tuple([gift_of(r) for r in rows.order_by("-id")[:limit]])


def gift_of(row: GiftRow) -> Gift:
    """A gift as a value."""
    begun = SubscriptionRow.objects.filter(gift_id=row.id).values_list("id", flat=True).first()
    return Gift(
        gift_id=row.id,
        code=codes.shown(row.code),
        plan=row.plan,
        version=row.version,
        periods=row.periods,
        amount_minor=row.amount_minor,
        state=GiftState(row.state),
        payer_id=row.payer_id,
        redeemed_by=row.redeemed_by,
        subscription_id=begun,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )

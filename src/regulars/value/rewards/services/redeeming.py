"""Rewards had for value, or given: everything in one transaction, once by its key."""

from __future__ import annotations

import hashlib
import secrets as dice
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import IntegrityError, transaction

from regulars.kernel import clock, ids, postgres
from regulars.kernel.errors import Invalid
from regulars.kernel.outbox import announce
from regulars.people.audiences import services as audiences
from regulars.people.members import services as members
from regulars.people.members.terms import MemberFacts, MemberStatus
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Program
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import MemberClosed, MemberEarnOnly, MemberMerged, MemberSuspended
from regulars.value.rewards.models import QUEUED, RedemptionRow, WaitRow
from regulars.value.rewards.rules import judging
from regulars.value.rewards.services import base, delivering, document
from regulars.value.rewards.terms import (
    By,
    NotEligible,
    NotOpen,
    NotPriced,
    Price,
    Redemption,
    RedemptionKeyReused,
    Reward,
    RewardRedeemed,
    SessionGone,
    Spend,
    State,
    WaitState,
)
from regulars.value.tiers import services as tiers

MOST_COUNT = 100
LONGEST_DELIVERY = 2_000
_SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_CODE_LENGTH = 10


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked for, before anything is looked up. `price` is the key of an alternative, empty for the first."""

    program_id: int
    member_id: UUID
    reward: str
    key: str
    actor: str
    price: str = ""
    session: str = ""
    count: int = 1
    store: str = ""
    delivery: str = ""
    source: str = ""
    is_given: bool = False

    @property
    def digest(self) -> bytes:
        """What the key stands for: the same key with something else is refused."""
        told = [self.reward, self.price, self.session, self.count, self.store, self.delivery, self.source]
        return hashlib.sha256(orjson.dumps([*told, self.is_given])).digest()[:16]


def redeem(
    *,
    program_id: int,
    member_id: UUID,
    reward: str,
    key: str,
    actor: str,
    price: str = "",
    session: str = "",
    count: int = 1,
    store: str = "",
    delivery: str = "",
    source: str = "",
) -> Redemption:
    """Have a reward for value, once by `key`; told again it answers the first one as it stands.

    Value, stock, seat and limit are taken together or not at all. Where money is due too, the value is set aside and
    the redemption waits for `pay`; until then nothing is handed over.

    Args: price: the key of one of the alternatives; empty: the first. session: the date of an experience. count:
    pieces, 1 to 100. store: where she fetches it. delivery: where to send it, kept sealed.
    Raises: UnknownReward; NotOpen; NotEligible; NotPriced; SoldOut; LimitReached; SessionGone; NoStore; Invalid;
    NotEnoughPoints and the Member… refusals of the ledger; RedemptionKeyReused; Busy.
    """
    return _once(
        Asked(
            program_id=program_id,
            member_id=member_id,
            reward=reward,
            key=key,
            actor=actor,
            price=price,
            session=session,
            count=count,
            store=store,
            delivery=delivery,
            source=source,
        )
    )


def grant(
    *,
    program_id: int,
    member_id: UUID,
    reward: str,
    source: str,
    key: str,
    actor: str,
    session: str = "",
    count: int = 1,
    store: str = "",
) -> Redemption:
    """Give a member a reward without a price, once by `key`: stock and seats are taken, limits do not count.

    Args: source: what gives it, e.g. `benefit/birthday`, for its story.
    Raises: UnknownReward; SoldOut; SessionGone; NoStore; Invalid; MemberClosed; MemberMerged; RedemptionKeyReused;
    Busy.
    """
    if not source:
        raise Invalid(errors=[("source", "is missing: what gives it")])
    return _once(
        Asked(
            program_id=program_id,
            member_id=member_id,
            reward=reward,
            key=key,
            actor=actor,
            session=session,
            count=count,
            store=store,
            source=source,
            is_given=True,
        )
    )


def _once(asked: Asked) -> Redemption:
    if not 1 <= len(asked.key) <= 300:
        raise Invalid(errors=[("key", "has 1 to 300 characters")])
    if not 1 <= asked.count <= MOST_COUNT:
        raise Invalid(errors=[("count", f"must be between 1 and {MOST_COUNT}")])
    if len(asked.delivery) > LONGEST_DELIVERY:
        raise Invalid(errors=[("delivery", f"is longer than {LONGEST_DELIVERY} characters")])
    try:
        with transaction.atomic():
            row = _told(asked) or _made(asked)
    except IntegrityError as twin:  # the same key at the same time, for another member
        if "R2_a_redemption_happens_once" not in str(twin):
            raise
        raise RedemptionKeyReused from None
    return base.redemption(row, dict(document.reward_of(row).names))


def _told(asked: Asked) -> RedemptionRow | None:
    """What the key made before. The member is held first: of two calls at once the second is told."""
    fact = members.hold(program_id=asked.program_id, member_ids=[asked.member_id])[asked.member_id]
    row = RedemptionRow.objects.filter(program_id=asked.program_id, key=asked.key).first()
    if row is None:
        _must_live(fact, is_given=asked.is_given)
        return None
    if bytes(row.digest) != asked.digest or row.member_id not in (asked.member_id, fact.merged_into):
        raise RedemptionKeyReused
    return row


def _must_live(fact: MemberFacts, *, is_given: bool) -> None:
    if fact.merged_into is not None:
        raise MemberMerged
    if fact.status is MemberStatus.CLOSED:
        raise MemberClosed
    if fact.status is MemberStatus.SUSPENDED and not is_given:
        raise MemberSuspended
    if fact.status is MemberStatus.EARN_ONLY and not is_given:
        raise MemberEarnOnly


def _made(asked: Asked) -> RedemptionRow:
    program = programs.by_id(program_id=asked.program_id)
    reward = document.reward_for(program_id=asked.program_id, key=asked.reward, member_id=asked.member_id)
    price = Price(key="") if asked.is_given else _priced(asked, reward, program)
    store = _where(asked, reward, program)
    row = _row(asked, reward, program, price, store)
    row.spends = base.stored(_paid(asked, row, reward, price))
    offer = _offered(asked)
    _count(row, reward)
    if row.due_minor == 0 and reward.is_at_once:
        delivering.before_stock(row, reward, actor=asked.actor)
    _take(row, offer)
    row.state = State.REQUESTED
    row.save(force_insert=True)
    base.tell(row, State.REQUESTED.value, actor=asked.actor, reason=asked.source, price=price.key)
    if offer is not None:
        offer.state, offer.ended_at, offer.redemption_id = WaitState.TAKEN, row.requested_at, row.id
        offer.save(update_fields=["state", "ended_at", "redemption_id"])
    announce(
        RewardRedeemed(
            redemption_id=row.id,
            member_id=row.member_id,
            reward=row.reward,
            kind=row.kind,
            count=row.count,
            source=row.source,
        ),
        program_id=row.program_id,
        member_id=row.member_id,
    )
    if row.due_minor == 0 and reward.is_at_once:
        delivering.after_stock(row, reward)
        base.moved(row, State.FULFILLED, actor=asked.actor)
    return row


def _priced(asked: Asked, reward: Reward, program: Program) -> Price:
    """The alternative that she chose, once it is clear that she may have it at all.

    Raises: NotOpen; NotEligible; NotPriced.
    """
    levels: tuple[str, ...] = ()
    if reward.levels or reward.by_level:
        levels = levels_of(program_id=asked.program_id, member_id=asked.member_id)
    hers = audiences.of(asked.member_id) if reward.audiences else frozenset()
    no = judging.why_not(reward, at=clock.now(), zone=program.zone, levels=levels, audiences=hers)
    if no in ("not_yet", "ended"):
        raise NotOpen(reason=no)
    if no:
        raise NotEligible(reason=no)
    options = judging.prices(reward, levels)
    found = next((p for p in options if asked.price in ("", p.key)), None)
    if found is None:
        raise NotPriced(prices=[p.key for p in options])
    return found


def levels_of(*, program_id: int, member_id: UUID) -> tuple[str, ...]:
    """Where a member stands on each ladder, as ladder/level."""
    return tuple([f"{s.ladder}/{s.level}" for s in tiers.progress(program_id=program_id, member_id=member_id)])


def _where(asked: Asked, reward: Reward, program: Program) -> str:
    """The store where it is fetched or takes place; checked.

    Raises: SessionGone; NoStore; Invalid.
    """
    store = asked.store
    if reward.sessions or asked.session:
        session = judging.session_of(reward, asked.session)
        if session is None or judging.starts_at(session, program.zone) <= clock.now():
            raise SessionGone(sessions=[s.key for s in reward.sessions])
        store = store or session.store
    if asked.delivery and reward.fulfilment.by is not By.SHIP:
        raise Invalid(errors=[("delivery", "has no place here: this reward is not sent")])
    if store:
        found = programs.store(program_id=asked.program_id, key=store)
        if reward.stores and not any(f"/{key}/" in found.path for key in reward.stores):
            raise Invalid(errors=[("store", "is none of the stores that have this reward")])
    return store


def _row(asked: Asked, reward: Reward, program: Program, price: Price, store: str) -> RedemptionRow:
    now, due = clock.now(), price.minor * asked.count
    days = reward.fulfilment.within_days
    return RedemptionRow(
        id=ids.new_id(),
        program_id=asked.program_id,
        member_id=asked.member_id,
        reward=reward.key,
        version=reward.version,
        kind=reward.kind,
        session=asked.session,
        count=asked.count,
        key=asked.key,
        digest=asked.digest,
        code="".join(dice.choice(_SIGNS) for _ in range(_CODE_LENGTH)),
        store=store,
        source=asked.source,
        spends=[],
        due_minor=due,
        currency=program.currency if due else "",
        payment_ref="",
        pay_until=now + timedelta(hours=reward.pay_hours) if due else None,
        due_at=_in_days(now, days, program.zone),
        tracking="",
        delivery=_sealed(asked),
        requested_at=now,
        changed_at=now,
        period=None if asked.is_given else judging.period(reward, at=now, zone=program.zone),
        holds_stock=False,
        gave=[],
        gave_back=False,
    )


def _in_days(now: datetime, days: int | None, zone: str) -> datetime | None:
    return clock.day_ends(clock.local_day(now, zone) + timedelta(days=days), zone) if days else None


def _sealed(asked: Asked) -> bytes | None:
    if not asked.delivery:
        return None
    return members.seal_words(
        program_id=asked.program_id, member_id=asked.member_id, words=asked.delivery, purpose=base.DELIVERY
    )


def _paid(asked: Asked, row: RedemptionRow, reward: Reward, price: Price) -> list[Spend]:
    """Take the value from the member, or set it aside while money is due."""
    found: list[Spend] = []
    for unit, each in sorted(price.units.items()):
        common: dict[str, Any] = {
            "program_id": row.program_id,
            "member_id": row.member_id,
            "unit": unit,
            "amount": each * row.count,
            "source": base.source_of(row),
            "actor": asked.actor,
        }
        paid = Spend(unit=unit, amount=each * row.count, member_id=row.member_id)
        if row.pay_until is not None:
            held = ledger.hold(key=f"reward/{row.id}/hold/{unit}", expires_at=row.pay_until, **common)
            found.append(replace(paid, hold_id=held.id))
        else:
            kind, party = ("donate", reward.cause.key) if reward.cause else ("spend", None)
            spent = ledger.spend(key=f"reward/{row.id}/spend/{unit}", kind=kind, party=party, **common)
            found.append(replace(paid, seq=spent.seq))
    return found


def _offered(asked: Asked) -> WaitRow | None:
    """What is kept for her because she waited; while she waits and finds one herself, she leaves the list."""
    rows = WaitRow.objects.filter(
        program_id=asked.program_id, member_id=asked.member_id, reward=asked.reward, session=asked.session
    )
    found = rows.filter(state__in=QUEUED).select_for_update().first()
    if found is None or (found.state == WaitState.OFFERED and found.until and found.until <= clock.now()):
        return None
    if found.state == WaitState.WAITING:
        rows.filter(pk=found.pk).update(state=WaitState.LEFT, ended_at=clock.now())
        return None
    return found


def _count(row: RedemptionRow, reward: Reward) -> None:
    """Count it towards the member's limit. Raises: LimitReached."""
    if row.period is not None and reward.per_member is not None:
        postgres.ask(
            "select rewards_count(%s::int, %s::uuid, %s::text, %s::text, %s::int, %s::bigint)",
            (row.program_id, row.member_id, row.reward, row.period, row.count, reward.per_member.times),
        )


def _take(row: RedemptionRow, offer: WaitRow | None) -> None:
    """Take the pieces off the shelf; what was offered to her is off it already. Raises: SoldOut."""
    wanted = row.count - (offer is not None)
    is_taken = False
    if wanted:
        is_taken = postgres.ask(
            "select rewards_take(%s::int, %s::text, %s::text, %s::bigint, %s::bool)",
            (row.program_id, row.reward, row.session, wanted, offer is not None),
        )[0][0]
    row.holds_stock = is_taken or offer is not None

"""Finding coupons by code, and taking, redeeming, letting go and giving them back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock, postgres
from regulars.value.coupons.rules import codes as spelling
from regulars.value.coupons.rules import judging
from regulars.value.coupons.services import base, document
from regulars.value.coupons.terms import Held, Restored

RESERVED_FOR = timedelta(minutes=15)


def canonical(code: str) -> str:
    """A code as it is stored and compared: upper case, without spaces and hyphens."""
    return spelling.canonical(code)


def find(
    *,
    program_id: int,
    codes: Sequence[str],
    member_id: UUID | None = None,
    store: str | None = None,
    channel: str | None = None,
    at: datetime | None = None,
    tier: str | None = None,
    audiences: frozenset[str] = frozenset(),
    owner: str | None = None,
) -> tuple[Held, ...]:
    """What these codes are worth to this member, here and now; one answer per different code, in their order.

    Args: store: its key. at: the instant that counts (None: now). owner: the basket or order that asks, whose own
    reservations are no obstacle.
    """
    instant = at or clock.now()
    wanted = list(dict.fromkeys([c for c in map(spelling.canonical, codes) if c]))
    rows = postgres.ask(
        "select * from coupons_context(%s::int, %s::text[], %s::uuid, %s::timestamptz, %s::text)",
        (program_id, wanted, member_id, instant, owner),
    )
    return judge(
        program_id=program_id,
        codes=wanted,
        rows=rows,
        member_id=member_id,
        store=store,
        channel=channel,
        at=instant,
        tier=tier,
        audiences=audiences,
    )


def judge(
    *,
    program_id: int,
    codes: Sequence[str],
    rows: Iterable[Sequence[Any]],
    at: datetime,
    member_id: UUID | None = None,
    store: str | None = None,
    channel: str | None = None,
    tier: str | None = None,
    audiences: frozenset[str] = frozenset(),
) -> tuple[Held, ...]:
    """As `find`, for rows that a caller has read from `coupons_context` by itself. `codes` are canonical."""
    where = judging.Where(member_id, base.lineage(program_id=program_id, store=store), channel, at, tier, audiences)
    found = {r.code: r for r in [judging.Known(*row) for row in rows]}
    templates = {
        r.code: document.template_or_none(program_id=program_id, key=r.template, version=r.version)
        for r in found.values()
    }
    return judging.judge_all(codes, found, templates, where)


@transaction.atomic
def reserve(
    *,
    program_id: int,
    held: Sequence[Held],
    owner: str,
    member_id: UUID | None = None,
    until: datetime | None = None,
    at: datetime | None = None,
    actor: str,
) -> int:
    """Set coupons aside for a basket; again prolongs. All of them or none.

    Args: owner: the basket. until: None: a quarter of an hour.
    Raises: UnknownCode, AlreadyUsed, Expired, NotYet, NotYours, ReservedElsewhere, Voided, CouponLimit, Busy.
    """
    instant = at or clock.now()
    unique, shared = _told(held)
    return int(
        postgres.ask(
            "select coupons_reserve(%s::int, %s::uuid[], %s::text[], %s::text, %s::timestamptz, %s::timestamptz,"
            " %s::uuid, %s::text)",
            (program_id, unique, shared, owner, instant, until or instant + RESERVED_FOR, member_id, actor),
        )[0][0]
    )


@transaction.atomic
def redeem(
    *,
    program_id: int,
    held: Sequence[Held],
    order: str,
    member_id: UUID | None = None,
    owner: str | None = None,
    at: datetime | None = None,
    actor: str,
) -> int:
    """Redeem coupons by an order, once for all. All of them or none; the same order may say it again.

    Raises: as `reserve`.
    """
    unique, shared = _told(held)
    return int(
        postgres.ask(
            "select coupons_redeem(%s::int, %s::uuid[], %s::text[], %s::text, %s::timestamptz, %s::uuid, %s::text,"
            " %s::text)",
            (program_id, unique, shared, order, at or clock.now(), member_id, owner, actor),
        )[0][0]
    )


def _told(held: Sequence[Held]) -> tuple[list[UUID], list[str]]:
    return [h.coupon_id for h in held if h.coupon_id is not None], [h.code for h in held if h.coupon_id is None]


@transaction.atomic
def settle(*, program_id: int, owner: str, order: str, at: datetime | None = None, actor: str) -> int:
    """Redeem all that a basket has reserved, although its time may have passed; returns how many."""
    return int(
        postgres.ask(
            "select coupons_settle(%s::int, %s::text, %s::text, %s::timestamptz, %s::text)",
            (program_id, owner, order, at or clock.now(), actor),
        )[0][0]
    )


@transaction.atomic
def release(*, program_id: int, owner: str, at: datetime | None = None, actor: str) -> int:
    """Let go what a basket has reserved, and nothing else; returns how many."""
    return int(
        postgres.ask(
            "select coupons_release(%s::int, %s::text, %s::timestamptz, %s::text)",
            (program_id, owner, at or clock.now(), actor),
        )[0][0]
    )


@transaction.atomic
def restore(
    *,
    program_id: int,
    order: str,
    codes: Sequence[str] | None = None,
    at: datetime | None = None,
    actor: str,
    always: bool = False,
    reason: str | None = None,
) -> tuple[Restored, ...]:
    """Give back what an order redeemed, as far as policy and end allow; answers for each what became of it.

    Args: codes: only these (None: all). always: as if the order had never been, whatever policy and end say.
    """
    told = None if codes is None else [spelling.canonical(c) for c in codes]
    rows = postgres.ask(
        "select * from coupons_restore(%s::int, %s::text, %s::text[], %s::timestamptz, %s::text, %s::boolean,"
        " %s::text)",
        (program_id, order, told, at or clock.now(), actor, always, reason),
    )
    return tuple(
        [Restored(coupon_id=i, code=code, template=t, restored=done, why=why) for i, code, t, done, why in rows]
    )

"""What a tender sets aside, and what a close finds set aside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from regulars.value.catalog.terms import Take as RightTaken
from regulars.value.orders.services.closing import benefits_told, coupons_told, stock_told, takes_told
from regulars.value.orders.terms import Counted
from regulars.value.orders.terms.closing import BenefitTake, GiftGiven
from regulars.value.promotions.terms import CouponHeld, Pricing, SpendPlan, Take


def owner_of(key: str) -> str:
    """The name under which a session's coupons are reserved."""
    return f"session/{key}"


def ref_of(key: str, opening: int) -> str:
    """The reference of a session's order: its key; a reopened one counts."""
    return key if opening == 1 else f"{key}~{opening}"


def counted(
    before: Mapping[str, int], after: Mapping[str, int] | None, rights: Iterable[RightTaken]
) -> tuple[Counted, ...]:
    """How far the member's own counters are raised, and by which lines where that is known.

    >>> counted({"a": 1}, {"a": 3, "b": 1}, ())
    (Counted(key='a', amount=2, lines=()), Counted(key='b', amount=1, lines=()))
    """
    lines: dict[str, list[int]] = {}
    for right in rights:
        lines.setdefault(right.key, []).append(right.n)
    raised = ((key, value - before.get(key, 0)) for key, value in sorted((after or {}).items()))
    return tuple([Counted(key, n, tuple(lines.get(key, ()))) for key, n in raised if n > 0])


def benefits_of(
    pricing: Pricing, uses: Mapping[str, str], *, prefix: str, new_id: Callable[[], UUID]
) -> tuple[BenefitTake, ...]:
    """The benefits of which a decision uses one: one each, however many of its promotions rest on it.

    Args: uses: the benefit of each promotion that uses one. prefix: of the keys by which they are used once.
    """
    if not uses:
        return ()
    cost: dict[str, int] = {}
    resting: dict[str, list[str]] = {}
    acting = [(a.key, a.discount_minor) for a in pricing.applied] + [(o.promotion, 0) for o in pricing.outcomes]
    for promotion, minor in acting:
        benefit = uses.get(promotion)
        if benefit is not None:
            cost[benefit] = cost.get(benefit, 0) + minor
            resting.setdefault(benefit, []).append(promotion)
    return tuple(
        [
            BenefitTake(key, new_id(), f"{prefix}/{key}", cost[key] or None, tuple(dict.fromkeys(resting[key])))
            for key in sorted(resting)
        ]
    )


def reservation(
    *,
    key: str,
    opening: int,
    revision: int,
    spend: Iterable[SpendPlan],
    counters: tuple[Counted, ...],
    coupons: tuple[CouponHeld, ...],
    stock: tuple[tuple[str, Decimal], ...],
    store_id: int | None,
    takes: tuple[Take, ...],
    gifts: tuple[GiftGiven, ...] = (),
    benefits: Mapping[str, Any] | None = None,
    new_id: Callable[[], UUID],
    terms: int | None = None,
) -> dict[str, Any]:
    """All that a tender takes, with exact amounts; what there is none of is left out.

    Args: terms: the older version whose terms decide, where the member keeps them.
    """
    reserve: dict[str, Any] = {"terms": terms} if terms is not None else {}
    holds = [
        {
            "id": str(new_id()),
            "unit": s.unit,
            "slot": s.slot,
            "amount": s.amount,
            "key": f"session/{key}/{opening}.{revision}/{s.unit}",
        }
        for s in spend
    ]
    if holds:
        reserve["holds"] = holds
    if counters:
        reserve["counters"] = {c.key: c.amount for c in counters}
        reserve["counted"] = [[c.key, c.amount, list(c.lines)] for c in counters]
    if coupons:
        reserve["coupons"] = {**coupons_told(coupons), "owner": owner_of(key)}
    if stock:
        reserve["stock"] = {**stock_told(stock), "store": store_id}
    if takes:
        reserve["takes"] = takes_told(takes)
    if benefits:
        reserve["benefits"] = dict(benefits)
    if gifts:
        reserve["gifts"] = [list(gift) for gift in gifts]
    return reserve


def holds_of(reserved: Mapping[str, Any]) -> dict[str, UUID]:
    """The holds of a reservation, by unit."""
    return {h["unit"]: UUID(h["id"]) for h in reserved.get("holds", ())}


def counted_of(reserved: Mapping[str, Any]) -> tuple[Counted, ...]:
    """How far a reservation raised the member's own counters."""
    return tuple([Counted(key, amount, tuple(lines)) for key, amount, lines in reserved.get("counted", ())])


def gifts_of(reserved: Mapping[str, Any]) -> tuple[GiftGiven, ...]:
    """The gifts that go with a reservation."""
    return tuple([GiftGiven(*gift) for gift in reserved.get("gifts", ())])


def benefits_reserved(
    benefits: tuple[BenefitTake, ...], *, store: str | None, at: datetime, ref: str
) -> dict[str, Any]:
    """Uses of benefits as a tender takes them; nothing for none."""
    if not benefits:
        return {}
    promotions = [list(b.promotions) for b in benefits]
    return {**benefits_told(benefits, store), "at": at, "ref": ref, "promotions": promotions}


def benefits_kept(reserved: Mapping[str, Any]) -> tuple[BenefitTake, ...]:
    """The uses of benefits that a reservation took."""
    told = reserved.get("benefits")
    if not told:
        return ()
    rows = zip(told["keys"], told["ids"], told["uses"], told["costs"], told["promotions"], strict=True)
    return tuple([BenefitTake(key, UUID(use), name, cost, tuple(by)) for key, use, name, cost, by in rows])


def stock_of(reserved: Mapping[str, Any]) -> tuple[tuple[str, Decimal], ...]:
    """The goods that a reservation took."""
    stock = reserved.get("stock", {})
    return tuple(zip(stock.get("skus", ()), map(Decimal, stock.get("quantities", ())), strict=True))

"""Extras as JSON and back, and what a verdict adds to them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from regulars.value.orders.rules.answers import plain
from regulars.value.orders.terms import (
    AppliedHere,
    Applying,
    BenefitUsed,
    Counted,
    CouponUsed,
    Extras,
    Issued,
    SpentHere,
    StockTaken,
    Undone,
)
from regulars.value.promotions.terms import OnReturn, Outcome


def counted(before: Mapping[str, int], after: Mapping[str, int] | None) -> tuple[Counted, ...]:
    """How far a decision raised the member's counters (those it forgot, or left, are not in it).

    >>> counted({"earn/a/day/2026-01-01": 2, "x": 1}, {"earn/a/day/2026-01-01": 5, "x": 1})
    (Counted(key='earn/a/day/2026-01-01', amount=3, lines=()),)
    """
    raised = ((key, value - before.get(key, 0)) for key, value in sorted((after or {}).items()))
    return tuple(Counted(key, amount) for key, amount in raised if amount > 0)


def extras_to_json(extras: Extras) -> dict[str, Any]:
    """The form that orders keep; ready for orjson."""
    return {
        "session": extras.session,
        "promotions": [[a.key, a.coupon, a.minor, a.on_return.value] for a in extras.promotions],
        "coupons": [
            {"id": str(c.coupon_id) if c.coupon_id else None, "code": c.code, "template": c.template}
            | {"shared": c.is_shared}
            for c in extras.coupons
        ],
        "spent": [s._asdict() for s in extras.spent],
        "takes": [[key, amount] for key, amount in extras.takes],
        "counted": [[c.key, c.amount, list(c.lines)] for c in extras.counted],
        "issued": [[str(i.coupon_id), i.promotion] for i in extras.issued],
        "outcomes": [[o.promotion, o.kind, dict(o.body)] for o in extras.outcomes],
        "stock": [[s.store, s.sku, plain(s.quantity)] for s in extras.stock],
        **_benefits_to_json(extras),
    }


def _benefits_to_json(extras: Extras) -> dict[str, Any]:
    used = [[str(b.use_id), b.benefit, list(b.promotions)] for b in extras.benefits]
    return {"benefits": used} if used else {}


def extras_from_json(kept: Mapping[str, Any]) -> Extras:
    """What `extras_to_json` wrote."""
    return Extras(
        session=kept.get("session"),
        promotions=tuple(AppliedHere(k, c, m, OnReturn(r)) for k, c, m, r in kept.get("promotions", ())),
        coupons=tuple(
            CouponUsed(UUID(c["id"]) if c["id"] else None, c["code"], c["template"], c.get("shared", False))
            for c in kept.get("coupons", ())
        ),
        spent=tuple(SpentHere(**s) for s in kept.get("spent", ())),
        takes=tuple((key, amount) for key, amount in kept.get("takes", ())),
        counted=tuple(Counted(key, amount, tuple(lines)) for key, amount, lines in kept.get("counted", ())),
        issued=tuple(Issued(UUID(i), promotion) for i, promotion in kept.get("issued", ())),
        outcomes=tuple(Outcome(p, kind, body) for p, kind, body in kept.get("outcomes", ())),
        stock=tuple(StockTaken(store, sku, Decimal(q)) for store, sku, q in kept.get("stock", ())),
        benefits=tuple(BenefitUsed(UUID(u), key, tuple(by)) for u, key, by in kept.get("benefits", ())),
    )


def undone_to_json(undone: Undone) -> dict[str, Any]:
    """The form that orders keep; ready for orjson."""
    return {
        "money_minor": undone.money_minor,
        "points_minor": undone.points_minor,
        "charged_minor": undone.charged_minor,
        "units": dict(undone.units),
        "takes": dict(undone.takes),
        "counted": dict(undone.counted),
        "stock": {key: plain(quantity) for key, quantity in undone.stock.items()},
        "coupons": sorted(undone.coupons),
        "issued": sorted(undone.issued),
        "promotions": sorted(([a.key, a.coupon] for a in undone.promotions), key=lambda a: (a[0], a[1] or "")),
        **({"benefits": sorted(undone.benefits)} if undone.benefits else {}),
    }


def undone_from_json(kept: Mapping[str, Any] | None) -> Undone:
    """What `undone_to_json` wrote; nothing undone for None."""
    if kept is None:
        return Undone()
    return Undone(
        money_minor=kept["money_minor"],
        points_minor=kept["points_minor"],
        charged_minor=kept["charged_minor"],
        units=kept["units"],
        takes=kept["takes"],
        counted=kept["counted"],
        stock={key: Decimal(quantity) for key, quantity in kept["stock"].items()},
        coupons=frozenset(kept["coupons"]),
        issued=frozenset(kept["issued"]),
        promotions=frozenset(Applying(key, coupon) for key, coupon in kept["promotions"]),
        benefits=frozenset(kept.get("benefits", ())),
    )

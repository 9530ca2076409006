"""Promotions written as a program document, in one canonical way: what is usual is not said, goods are sorted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from regulars.value.promotions.rules.parts import DAYS, amount_text, percent_text
from regulars.value.promotions.rules.writing import factor, rate
from regulars.value.promotions.terms import (
    WHOLE_PPM,
    Act,
    Action,
    AmountOff,
    Basis,
    Bundle,
    BuyGet,
    CheapestFree,
    Earn,
    Effect,
    FixedPrice,
    Gift,
    Goods,
    GoodsList,
    Limit,
    MemberPrice,
    Min,
    Multiplier,
    NthItem,
    OnExcess,
    OnReturn,
    PercentOf,
    PercentOff,
    Promotion,
    RandomReward,
    Schedule,
    Thresholds,
    Zone,
)


def write_promotion(one: Promotion, currency: str) -> dict[str, Any]:
    """One promotion as the document says it; what coupons give is written without a key."""
    audiences = {"any": sorted(one.audiences.any), "none": sorted(one.audiences.none)}
    fields: dict[str, Any] = {
        "key": one.key if one.coupon is None else None,
        "name": dict(one.name),
        "note": one.note or None,
        "state": "paused" if one.is_paused else None,
        "priority": one.priority or None,
        "group": one.group,
        "exclusive": one.is_exclusive or None,
        "with": _said({"always": sorted(one.always), "never": sorted(one.never)}),
        "when": one.when,
        "lines": one.lines,
        "schedule": write_schedule(one.schedule) if one.schedule is not None else None,
        "stores": list(one.stores),
        "channels": list(one.channels),
        "brands": list(one.brands),
        "tiers": list(one.tiers),
        "audiences": _said(audiences),
        "plans": list(one.plans),
        "benefits": list(one.benefits),
        "uses_benefit": one.uses_benefit,
        "tenders": list(one.tenders),
        "members_only": one.members_only or None,
        "goods": write_goods(one.goods),
        "min": _min(one.min, currency),
        "effects": [write_effect(e, currency) for e in one.effects],
        "percent_of": one.percent_of.value if one.percent_of is not PercentOf.RUNNING else None,
        "cap": _money(one.cap_minor, currency),
        "limits": [_limit(x, currency) for x in one.limits],
        "budget": None,
        "funder": one.funder,
        "on_return": one.on_return.value if one.on_return is not OnReturn.KEEP else None,
        "was": {sku: amount_text(minor, currency) for sku, minor in sorted(one.was.items())},
    }
    if one.budget is not None:
        fields["budget"] = _said(
            {"amount": amount_text(one.budget.minor, currency), "hot": one.budget.is_hot or None}
        )
    return _said(fields)


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and value != [] and value != {}}


def _money(minor: int | None, currency: str) -> Decimal | None:
    return None if minor is None else amount_text(minor, currency)


def write_goods(goods: Goods) -> dict[str, Any]:
    """Goods as `include` and `exclude`."""
    return _said({"include": _goods_list(goods.include), "exclude": _goods_list(goods.exclude)})


def _goods_list(goods: GoodsList) -> dict[str, Any]:
    attributes = {name: sorted(goods.attributes[name]) for name in sorted(goods.attributes)}
    told = {"skus": sorted(goods.skus), "categories": sorted(goods.categories), "brands": sorted(goods.brands)}
    return _said({**told, "attributes": attributes})


def write_schedule(schedule: Schedule) -> dict[str, Any]:
    """A schedule as the document says it."""
    birthday = schedule.birthday
    around: Any = None
    if birthday is not None:
        around = "month" if birthday.is_month else {"before": birthday.before, "after": birthday.after}
    return _said(
        {
            "starts": _bound(schedule.starts),
            "ends": _bound(schedule.ends),
            "weekdays": [DAYS[d - 1] for d in schedule.weekdays],
            "hours": [{"from": _clock(h.start), "to": _clock(h.to)} for h in schedule.hours],
            "rrule": schedule.rrule,
            "member_day": schedule.member_day,
            "birthday": around,
            "zone": schedule.zone.value if schedule.zone is not Zone.STORE else None,
        }
    )


def _bound(bound: date | datetime | None) -> str | None:
    if isinstance(bound, datetime):
        return bound.isoformat(timespec="minutes")
    return bound.isoformat() if bound is not None else None


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _min(least: Min, currency: str) -> dict[str, Any]:
    told = {
        "amount": _money(least.minor or None, currency),
        "quantity": least.quantity or None,
        "of": None if least.of_goods else "basket",
    }
    return _said(told) if least.minor or least.quantity else {}


def _limit(limit: Limit, currency: str) -> dict[str, Any]:
    is_money = limit.action is Action.MINOR
    return _said(
        {
            "action": limit.action.value if is_money else None,
            "per": limit.per.value,
            "period": limit.period.value,
            "limit": amount_text(limit.limit, currency) if is_money else limit.limit,
            "on_excess": limit.on_excess.value if limit.on_excess is not OnExcess.CAP else None,
        }
    )


def write_effect(effect: Effect, currency: str) -> dict[str, Any]:
    """One effect as the document says it."""
    match effect:
        case PercentOff(ppm=ppm, target=target):
            return {"kind": f"{target.value}_percent", "percent": percent_text(ppm)}
        case AmountOff(minor=minor, target=target):
            return {"kind": f"{target.value}_amount", "amount": amount_text(minor, currency)}
        case FixedPrice(minor=minor):
            return {"kind": "fixed_price", "price": amount_text(minor, currency)}
        case MemberPrice():
            return {"kind": "member_price"}
        case BuyGet():
            return _buy_get(effect)
        case NthItem(n=n, ppm=ppm):
            return {"kind": "nth_item", "n": n, "percent": percent_text(ppm)}
        case CheapestFree(of=of):
            return {"kind": "cheapest_free", "of": of}
        case Bundle():
            return _bundle(effect, currency)
        case Thresholds():
            return _thresholds(effect, currency)
        case Gift() | RandomReward() | Act():
            return _outcome(effect)
        case Earn():
            return _earn(effect, currency)


def _buy_get(effect: BuyGet) -> dict[str, Any]:
    goods = write_goods(effect.goods) if effect.goods is not None else None
    return {
        "kind": "buy_x_get_y",
        "buy": effect.buy,
        "get": effect.get,
        **({"percent": percent_text(effect.ppm)} if effect.ppm != WHOLE_PPM else {}),
        **({"goods": goods} if goods is not None else {}),
        **({} if effect.is_cheapest_first else {"first": "dearest"}),
    }


def _bundle(effect: Bundle, currency: str) -> dict[str, Any]:
    told = [
        {"goods": write_goods(p.goods), **({"quantity": p.quantity} if p.quantity != 1 else {})} for p in effect.parts
    ]
    return {"kind": "bundle", "parts": told, "price": amount_text(effect.minor, currency)}


def _thresholds(effect: Thresholds, currency: str) -> dict[str, Any]:
    steps = [
        {
            "from": amount_text(s.from_minor, currency),
            **({"percent": percent_text(s.ppm)} if s.ppm else {"off": amount_text(s.minor, currency)}),
        }
        for s in effect.steps
    ]
    return {"kind": "thresholds", "steps": steps, **({"repeat": True} if effect.is_repeated else {})}


def _outcome(effect: Gift | RandomReward | Act) -> dict[str, Any]:
    if isinstance(effect, Act):
        return {"kind": effect.kind.value, **effect.body}
    if isinstance(effect, Gift):
        quantity = {"quantity": effect.quantity} if effect.quantity != 1 else {}
        return _said({"kind": "gift", "sku": effect.sku or None, **quantity, "choose_from": list(effect.choose_from)})
    prizes = [
        _said(
            {
                "key": p.key,
                "weight": p.weight,
                "stock": p.stock,
                "gives": {"kind": p.kind, **p.body} if p.kind else None,
            }
        )
        for p in effect.prizes
    ]
    return _said({"kind": "random_reward", "prizes": prizes, "cap": effect.cap})


def _earn(effect: Earn, currency: str) -> dict[str, Any]:
    return _said(
        {
            "kind": "earn",
            "unit": effect.unit,
            "fixed": effect.fixed,
            "rate": rate(dict(effect.rates), currency) if effect.rates else None,
            "per_unit": effect.per_unit,
            "times": factor(Multiplier(num=effect.times[0], den=effect.times[1])) if effect.times else None,
            "basis": effect.basis.value if effect.basis is not Basis.AFTER_DISCOUNT else None,
        }
    )


def write_promotions(promotions: Iterable[Promotion], currency: str) -> list[dict[str, Any]]:
    """The section `promotions`."""
    return [write_promotion(p, currency) for p in promotions]

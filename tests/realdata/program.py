"""A program of fifty promotions of every kind, made for a shop's own goods; all amounts are invented."""

from __future__ import annotations

import json
import zlib
from typing import Any

from tests.realdata.shops import CouponKind, Shop

LONGEST_LIST = 100  # a coupon for more goods than this names a mark that its goods carry: documents have an end
SHAPES: tuple[dict[str, Any], ...] = (
    {"kind": "line_percent", "percent": "20"},
    {"kind": "order_amount", "amount": "1.00"},
    {"kind": "unit_amount", "amount": "0.25"},
    {"kind": "order_percent", "percent": "30"},
)
BASKET, SHELF = {"group": "basket"}, {"group": "shelf"}


def mark_of(coupon: CouponKind) -> str:
    """The mark that the goods of a coupon with a long list carry."""
    return f"list-{coupon.template}"


def document(shop: Shop) -> str:
    """The whole program as one document."""
    regions = [{"key": f"region-{n}", "name": f"Region {n}", "kind": "region"} for n in range(2)]
    stores = [
        {"key": key, "name": key, "kind": "store", "parent": f"region-{zlib.crc32(key.encode()) % 2}"}
        for key in shop.stores
    ]
    told = {
        "program": {
            "key": shop.key, "name": shop.key, "zone": shop.zone, "currency": shop.currency, "locale": "en",
        },
        "stores": regions + stores,
        "channels": [{"key": shop.channel, "name": "Shop", "kind": "store"}, {"key": "app", "name": "App", "kind": "app"}],
        "audiences": [{"key": "big-baskets", "name": {"en": "Bought a lot"}}, {"key": "insiders", "name": {"en": "Insiders"}}]
        + [{"key": c.key, "name": {"en": c.key}} for c in shop.campaigns],
        "units": [
            {"key": "points", "kind": "spendable", "expiry": {"kind": "rolling", "months": 13}, "debt": "owe"},
            {"key": "growth", "kind": "measure"},
        ],
        "earn_rules": [
            {"key": "base", "unit": "points", "rate": {"points": 1, "per": 1.00}},
            {"key": "growth", "unit": "growth", "rate": {"points": 1, "per": 1.00}},
        ],
        "ladders": [{"key": "main", "measure": "growth", "levels": [
            {"key": "member", "enter": 0}, {"key": "silver", "enter": 500}, {"key": "gold", "enter": 2000}]}],
        "policies": {
            "stacking": {"objective": "best_for_member", "cap_percent": 70,
                         "groups": [{"key": "basket", "most": 1}, {"key": "shelf", "most": 3}]},
            "points_tender": [{"unit": "points", "points": 100, "amount": "1.00", "min": 100, "step": 10, "most_percent": 50}],
        },
        "promotions": fifty(shop),
        "coupon_templates": [*_own_templates(), *[_template(shop, c) for c in shop.coupons]],
    }  # fmt: skip
    return json.dumps(told)


def _own_templates() -> list[dict[str, Any]]:
    five = {"effects": [{"kind": "order_amount", "amount": "5.00"}], "min": {"amount": "20.00"}}
    tenth = {"effects": [{"kind": "order_percent", "percent": 10}], "cap": "10.00"}
    return [
        {"key": "come-back", "validity": {"days": 60}, "gives": five, "limits": {"hold": 5}},
        {"key": "tenth", "validity": {"months": 2}, "gives": tenth, "returns": "keep"},
    ]


def _template(shop: Shop, coupon: CouponKind) -> dict[str, Any]:
    campaign = shop.campaign(coupon.campaign)
    if len(coupon.goods) <= LONGEST_LIST:
        include: dict[str, Any] = {"skus": sorted(coupon.goods)}
    else:
        include = {"attributes": {mark_of(coupon): ["yes"]}}
    return {
        "key": coupon.template,
        "note": "Campaign, window and goods are the file's; what it gives is invented.",
        "validity": {"starts": campaign.starts.isoformat(), "ends": campaign.ends.isoformat()},
        "who": {"audiences": [campaign.key]},
        "limits": {"redeem": 1},
        "gives": {
            "effects": [SHAPES[zlib.crc32(coupon.template.encode()) % len(SHAPES)]],
            "goods": {"include": include},
        },
    }


def fifty(shop: Shop) -> list[dict[str, Any]]:
    """Fifty promotions: on shelves, on whole baskets, by the calendar, counted, and those that bring no money."""
    found = [*_shelves(shop), *_pieces(shop), *_baskets(shop), *_calendar(shop), *_counted(shop), *_brings(shop)]
    assert len({p["key"] for p in found}) == 50
    return found


def _cat(shop: Shop, *numbers: int) -> dict[str, Any]:
    return {"include": {"categories": [shop.categories[n % len(shop.categories)] for n in numbers]}}


def _skus(shop: Shop, first: int, count: int = 6) -> dict[str, Any]:
    return {"include": {"skus": sorted(shop.favourites[first : first + count])}}


def _one(key: str, *effects: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"key": key, "name": {"en": key}, "effects": list(effects), **fields}


def _off(kind: str, percent: Any) -> dict[str, Any]:
    return {"kind": kind, "percent": percent}


def _less(kind: str, amount: str) -> dict[str, Any]:
    return {"kind": kind, "amount": amount}


def _limit(per: str, period: str, limit: Any, action: str = "times", excess: str = "reject") -> list[dict[str, Any]]:
    return [{"action": action, "per": per, "period": period, "limit": limit, "on_excess": excess}]


def _shelves(shop: Shop) -> list[dict[str, Any]]:
    return [
        _one("shelf-ten", _off("line_percent", 10), goods=_cat(shop, 0), **SHELF),
        _one("shelf-odd", _off("unit_percent", "7.5"), goods=_cat(shop, 1), **SHELF),
        _one("shelf-pennies", _less("unit_amount", "0.05"), goods=_cat(shop, 2), min={"quantity": 3}, **SHELF),
        _one("favourites-off", _less("line_amount", "0.30"), goods=_skus(shop, 0), priority=5),
        _one("fixed", {"kind": "fixed_price", "price": "0.95"}, goods=_skus(shop, 6), on_return="keep"),
        _one("member-price", {"kind": "member_price"}, members_only=True, goods=_skus(shop, 12)),
        _one("clearance", _off("line_percent", 40), goods=_skus(shop, 18, 3), exclusive=False, priority=20),
        _one("brand-week", _off("line_percent", 5), goods={"include": {"brands": [shop.brand]}}, members_only=True, **SHELF),
        _one("all-but", _off("order_percent", 2), goods={"exclude": {"categories": shop.categories[:6]}}, min={"amount": "30.00"}, **BASKET),
        _one("dear-lines", _off("line_percent", 3), lines="line.amount_minor >= 2500", priority=-5),
    ]  # fmt: skip


def _pieces(shop: Shop) -> list[dict[str, Any]]:
    bundle = {
        "kind": "bundle",
        "price": "2.50",
        "parts": [{"goods": _cat(shop, 3)}, {"goods": _cat(shop, 4), "quantity": 1}],
    }
    pair = {"kind": "bundle", "price": "1.75", "parts": [{"goods": _skus(shop, 20, 4), "quantity": 2}]}
    return [
        _one("second-half", {"kind": "buy_x_get_y", "buy": 1, "get": 1, "percent": 50}, goods=_cat(shop, 5), cap="8.00", on_return="reprice"),
        _one("three-for-two", {"kind": "buy_x_get_y", "buy": 2, "get": 1, "percent": 100}, goods=_skus(shop, 24), on_return="all_or_nothing"),
        _one("buy-a-get-b", {"kind": "buy_x_get_y", "buy": 1, "get": 1, "percent": 25, "goods": _cat(shop, 7)}, goods=_cat(shop, 6), cap="5.00"),
        _one("dearest-first", {"kind": "buy_x_get_y", "buy": 3, "get": 1, "percent": 30, "first": "dearest"}, goods=_cat(shop, 8), limits=_limit("member", "day", 2)),
        _one("third-item", {"kind": "nth_item", "n": 3, "percent": 30}, goods=_cat(shop, 9), cap="6.00", **SHELF),
        _one("fifth-free", {"kind": "cheapest_free", "of": 5}, goods=_skus(shop, 30), on_return="reprice"),
        _one("set-of-two", bundle, priority=8, cap="10.00", on_return="all_or_nothing"),
        _one("pair", pair, priority=7),
    ]  # fmt: skip


def _baskets(shop: Shop) -> list[dict[str, Any]]:
    every = {"kind": "thresholds", "steps": [{"from": "100.00", "off": "10.00"}], "repeat": True}
    steps = {
        "kind": "thresholds",
        "steps": [
            {"from": "40.00", "off": "2.00"},
            {"from": "80.00", "off": "6.00"},
            {"from": "200.00", "percent": 9},
        ],
    }
    return [
        _one("every-hundred", every, cap="50.00", on_return="reprice", **BASKET),
        _one("steps", steps, on_return="reprice", **BASKET),
        _one("two-off", _less("order_amount", "2.00"), min={"amount": "35.00"}, members_only=True, limits=_limit("member", "month", 1), **BASKET),
        _one("gold-five", _off("order_percent", 5), tiers=["gold"], cap="30.00", priority=3),
        _one("silver-two", _off("order_percent", 2), tiers=["silver", "gold"], percent_of="original", **BASKET),
        _one("first-order", _off("order_percent", 15), when="member.orders == 0", members_only=True, exclusive=True, cap="20.00"),
        _one("by-card", _off("order_percent", 1), tenders=["card"]),
        _one("postage-free", _off("shipping_percent", 100), min={"amount": "150.00", "of": "goods"}),
        _one("postage-less", _less("shipping_amount", "3.00"), members_only=True),
        _one("north", _off("order_percent", "1.5"), stores=["region-0"], min={"amount": "60.00", "of": "basket"}, **BASKET),
    ]  # fmt: skip


def _calendar(shop: Shop) -> list[dict[str, Any]]:
    year = shop.year
    early, season = (
        {"hours": [{"from": "07:00", "to": "10:00"}]},
        {"starts": f"{year}-06-01", "ends": f"{year}-08-31"},
    )
    return [
        _one("tuesday", _off("order_percent", 3), schedule={"weekdays": ["tue"]}, cap="15.00", **BASKET),
        _one("early", _off("order_percent", 2), schedule=early, cap="9.00", priority=2),
        _one("late", _less("order_amount", "0.50"), schedule={"hours": [{"from": "20:00", "to": "02:00"}]}, min={"amount": "10.00"}),
        _one("first-friday", _off("line_percent", 12), schedule={"rrule": "FREQ=MONTHLY;BYDAY=1FR"}, goods=_cat(shop, 10, 11), **SHELF),
        _one("member-day", _less("order_amount", "1.00"), schedule={"member_day": 8}, members_only=True, min={"amount": "15.00"}),
        _one("birthday", _off("order_percent", 10), schedule={"birthday": {"before": 3, "after": 3}}, members_only=True, limits=_limit("member", "year", 1), cap="12.00"),
        _one("summer", _off("line_percent", 8), schedule=season, goods=_cat(shop, 12, 13), **SHELF),
    ]  # fmt: skip


def _counted(shop: Shop) -> list[dict[str, Any]]:
    return [
        _one("purse", _off("order_percent", 3), budget={"amount": shop.budget}, min={"amount": "25.00"}, priority=1),
        _one("rush", _less("order_amount", "1.50"), budget={"amount": shop.budget, "hot": True}, min={"amount": "45.00"}),
        _one("fifty-a-day", _less("order_amount", "0.75"), limits=_limit("program", "day", shop.per_day), min={"amount": "20.00"}),
        _one("store-week", _less("order_amount", "0.60"), limits=_limit("store", "week", 3), min={"amount": "18.00"}),
        _one("five-a-month", _off("order_percent", 4), members_only=True, limits=_limit("member", "month", "5.00", "minor", "cap")),
        _one("device", _less("order_amount", "0.40"), limits=_limit("identifier", "week", 1), min={"amount": "12.00"}),
    ]  # fmt: skip


def _brings(shop: Shop) -> list[dict[str, Any]]:
    prizes = [{"key": "mug", "weight": 1, "stock": 20, "gives": {"kind": "gift", "sku": "mug"}},
              {"key": "points", "weight": 5, "gives": {"kind": "earn", "unit": "points", "fixed": 50}},
              {"key": "coupon", "weight": 1, "stock": 50, "gives": {"kind": "issue_coupon", "template": "tenth"}}]  # fmt: skip
    return [
        _one("double", {"kind": "earn", "unit": "points", "times": 2}, goods=_cat(shop, 0, 2, 4), members_only=True),
        _one("per-piece", {"kind": "earn", "unit": "points", "per_unit": 2}, goods=_skus(shop, 0, 12), members_only=True),
        _one("welcome", {"kind": "earn", "unit": "points", "fixed": 100}, when="member.orders == 0", members_only=True),
        _one("gift", {"kind": "gift", "sku": "tote-bag"}, min={"amount": "90.00"}, limits=_limit("member", "month", 1), members_only=True),
        _one("gift-of-choice", {"kind": "gift", "choose_from": ["cup", "card"]}, min={"amount": "140.00"}, limits=_limit("program", "month", 40)),
        _one("draw", {"kind": "random_reward", "prizes": prizes, "cap": 200}, min={"amount": "50.00"}, members_only=True, limits=_limit("member", "week", 1)),
        _one("come-back", {"kind": "issue_coupon", "template": "come-back"}, min={"amount": "60.00"}, members_only=True, limits=_limit("member", "month", 1)),
        _one("list", {"kind": "audience", "key": "big-baskets", "action": "add"}, min={"amount": "120.00"}, members_only=True, audiences={"none": ["big-baskets"]}),
        _one("insiders", _off("order_percent", 1), _less("shipping_amount", "1.00"), audiences={"any": ["insiders"]}),
    ]  # fmt: skip

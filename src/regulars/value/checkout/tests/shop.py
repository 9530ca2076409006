"""A shop with everything that a basket can use: promotions, coupons, limits, a budget, points that pay, counted stock."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any
from uuid import UUID

from regulars.people.programs import services as programs
from regulars.value.catalog import services as catalog
from regulars.value.catalog.terms import Count, Price, ProductTold
from regulars.value.checkout.tests import house
from regulars.value.coupons import services as coupons
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Parcel
from regulars.value.orders.tests import house as orders_house
from regulars.value.promotions import services as promotions

_numbers = itertools.count(1)

# 10 % off tea, three times for all; 1.00 off anything of coffee, once a member; cake while 5.00 of budget lasts
TEA = {
    "key": "tea-week",
    "priority": 10,
    "goods": {"include": {"skus": ["tea"]}},
    "effects": [{"kind": "line_percent", "percent": "10"}],
    "limits": [{"action": "times", "per": "program", "period": "lifetime", "limit": 3, "on_excess": "reject"}],
}
COFFEE = {
    "key": "coffee-once",
    "goods": {"include": {"skus": ["coffee"]}},
    "effects": [{"kind": "line_amount", "amount": "1.00"}],
    "members_only": True,
    "limits": [{"action": "times", "per": "member", "period": "lifetime", "limit": 1, "on_excess": "reject"}],
}
CAKE = {
    "key": "cake-budget",
    "goods": {"include": {"skus": ["cake"]}},
    "effects": [{"kind": "line_amount", "amount": "2.00"}],
    "budget": {"amount": "5.00"},
}
FIVE = {"key": "five", "gives": {"effects": [{"kind": "order_amount", "amount": "5.00"}]}}
TENTH = {"key": "tenth", "gives": {"effects": [{"kind": "order_percent", "percent": "10"}]}}
TENDER = [{"unit": "points", "points": 100, "amount": "1.00"}]


def publish(
    program_id: int,
    *listed: dict[str, Any],
    templates: tuple[dict[str, Any], ...] = (FIVE, TENTH),
    rules: tuple[dict[str, Any], ...] = (orders_house.POINTS, orders_house.GROWTH),
    **policies: Any,
) -> int:
    version = programs.by_id(program_id=program_id).current_version + 1
    document = {
        **orders_house.document(*rules, points_tender=TENDER, **policies),
        "promotions": list(listed),
        "coupon_templates": list(templates),
    }
    coupons.apply(program_id, version, document, house.ACTOR)
    promotions.apply(program_id, version, document, house.ACTOR)
    programs.set_current_version(program_id=program_id, version=version)
    return version


def program(*listed: dict[str, Any], **more: Any) -> int:
    coupons.forget_versions()
    coupons.forget_numbers()
    shop = house.program()
    publish(shop, *(listed or (TEA, COFFEE, CAKE)), **more)
    return shop


def product(program_id: int, sku: str, price: int, *, stock: str | None = None, member: int | None = None) -> None:
    catalog.put(
        program_id=program_id,
        told=ProductTold(sku=sku, name=sku, prices=(Price(price_minor=price, member_minor=member),)),
    )
    if stock is not None:
        catalog.count_stock(program_id=program_id, batch=[Count(sku=sku, store=None, quantity=Decimal(stock))])


def coupon(program_id: int, member_id: UUID, template: str = "five") -> str:
    issued = coupons.issue(
        program_id=program_id, template=template, member_id=member_id, key=f"k{next(_numbers)}", actor=house.ACTOR
    )
    return str(issued[0].code)


def give(program_id: int, member_id: UUID, points: int) -> None:
    ledger.earn(
        program_id=program_id,
        member_id=member_id,
        key=f"gift/{next(_numbers)}",
        parcels=[Parcel(slot=1, amount=points)],
        actor=house.ACTOR,
    )


def used(key: str) -> int:
    return int(house.one("select coalesce(sum(used), 0) from promotions_usage where key like %s", f"{key}/%"))


def stock(sku: str) -> Decimal:
    return Decimal(
        house.one(
            "select s.quantity from catalog_stock s join catalog_product p on p.id = s.product_id where p.sku = %s",
            sku,
        )
    )


def coupon_state(code: str) -> str:
    return str(house.one("select state from coupons_coupon where code = %s", code.replace("-", "").upper()))

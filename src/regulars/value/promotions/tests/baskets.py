"""Short ways to write baskets, members and rules in tests."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from regulars.value.promotions.rules import compile_rules, document, evaluate
from regulars.value.promotions.terms import (
    Basket,
    Decision,
    Line,
    LotTimes,
    MemberFacts,
    Policies,
    Snapshot,
    Tender,
    UnitPlan,
)

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
ALWAYS = LotTimes()
UNITS = {
    key: UnitPlan(key, slot, lambda at, tier: ALWAYS) for slot, key in enumerate(("points", "growth", "stars"), 1)
}


def line(n: int, amount: int, **more: Any) -> Line:
    """Line n over an amount in minor units; a quantity of one unless said."""
    quantity = Decimal(more.pop("quantity", "1"))
    return Line(id=f"l{n}", n=n, sku=more.pop("sku", f"sku{n}"), quantity=quantity, amount_minor=amount, **more)


def basket(*amounts: Any, **more: Any) -> Basket:
    """A basket of amounts (or lines), bought on the web on a Wednesday noon."""
    lines = tuple(a if isinstance(a, Line) else line(n, a) for n, a in enumerate(amounts, 1))
    said = {
        "currency": "GBP",
        "occurred_at": NOON,
        "channel": "web",
        "store": None,
        "store_zone": "Europe/London",
        "lines": lines,
        **more,
    }
    return Basket(**{**said, "tenders": tuple(Tender(*t) for t in more.get("tenders", ()))})


def member(**more: Any) -> MemberFacts:
    """An active member without anything, joined in 2020."""
    said = {
        "member_id": UUID(int=1),
        "status": "active",
        "tier": None,
        "active": {},
        "attributes": {},
        "joined_at": datetime(2020, 1, 1, tzinfo=UTC),
        "birth_month": None,
        "birth_day": None,
        "zone": "Europe/London",
        "locale": "en",
        "counters": {},
    }
    return MemberFacts(**{**said, **more})


def snapshot(
    *rules: dict[str, Any], zone: str = "Europe/London", parents: dict[str, str | None] | None = None
) -> Snapshot:
    """Rules as a document says them (unit points unless said), compiled."""
    told = [{"unit": "points", **r} for r in rules]
    read, policies, faults = document.read({"program": {"currency": "GBP"}, "earn_rules": told})
    assert faults == []
    return Snapshot(
        program_id=1,
        version=1,
        zone=zone,
        currency="GBP",
        units=UNITS,
        rules=read,
        policies=policies or Policies(),
        base_tier="member",
        plan=compile_rules(rules=read, units=UNITS, parents=parents or {}),
    )


def decide(rules: list[dict[str, Any]], bought: Basket, who: MemberFacts | None = None, **more: Any) -> Decision:
    """The decision of some rules over a basket."""
    return evaluate(basket=bought, member=who or member(), snapshot=snapshot(*rules, **more), now=bought.occurred_at)

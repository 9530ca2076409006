"""The terms of one version beside the offers of another."""

from __future__ import annotations

from typing import Any

from regulars.value.promotions.rules import document, keeping
from regulars.value.promotions.rules.document import Whole

CUT = [{"kind": "order_percent", "percent": 10}]


def whole(**told: Any) -> Whole:
    known = {
        "program": {"currency": "EUR"},
        "units": [{"key": "points"}],
        "benefits": [{"key": "cake", "kind": "service"}],
    }
    found = document.read_whole({**known, **told})
    assert found.faults == []
    return found


def rule(per: str) -> dict[str, Any]:
    return {"key": "base", "unit": "points", "rate": {"points": 1, "per": per}}


def test_rules_and_what_points_pay_are_kept_and_offers_are_those_of_today() -> None:
    tender = {"unit": "points", "points": 100, "amount": "1.00"}
    old = whole(
        earn_rules=[rule("1.00")],
        promotions=[{"key": "spring", "effects": CUT}, {"key": "both", "effects": CUT, "priority": 1}],
        policies={"claims_within_days": 60, "points_tender": [tender], "notice_days": 30},
        coupon_templates=[{"key": "hello", "gives": {"effects": CUT}}],
    )
    new = whole(
        earn_rules=[rule("2.00")],
        promotions=[{"key": "both", "effects": CUT, "priority": 2}, {"key": "summer", "effects": CUT}],
        policies={"claims_within_days": 10, "points_tender": [{**tender, "points": 200}], "stacking": {"most": 1}},
        coupon_templates=[{"key": "bye", "gives": {"effects": CUT}}],
    )
    found = keeping.joined(old=old, new=new)
    assert found.rules == old.rules
    assert (found.policies.claims_within_days, found.policies.points_tender[0].points) == (60, 100)
    assert (found.policies.stacking.most, found.policies.notice_days) == (1, 0)
    assert [(p.key, p.priority) for p in found.promotions] == [("both", 2), ("summer", 0)]
    assert found.gives == new.gives


def test_a_promotion_that_uses_a_benefit_stays_with_the_terms_unless_there_is_another_one() -> None:
    cake = {"key": "cake", "effects": CUT, "uses_benefit": "cake"}
    kept = keeping.joined(old=whole(promotions=[cake]), new=whole(promotions=[{"key": "summer", "effects": CUT}]))
    assert [p.key for p in kept.promotions] == ["summer", "cake"]
    paused = keeping.joined(old=whole(promotions=[cake]), new=whole(promotions=[{**cake, "state": "paused"}]))
    assert [(p.key, p.is_paused) for p in paused.promotions] == [("cake", True)]

"""Benefits at the till: conditions see them, a sale uses one, and what undoes the sale gives it back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from regulars.governance.assurance import services as assurance
from regulars.people.programs import services as programs
from regulars.value.benefits import services as benefits
from regulars.value.checkout.terms import QuoteChanged
from regulars.value.checkout.tests import house, shop

pytestmark = pytest.mark.django_db
FREE = {
    "key": "free-tea",
    "uses_benefit": "tea",
    "goods": {"include": {"skus": ["tea"]}},
    "effects": [{"kind": "line_percent", "percent": "100"}],
}
TEA = {
    "key": "tea",
    "kind": "discount",
    "for": {"plans": ["prime"]},
    "quota": {"times": 2, "period": "month"},
    "cost": "1.00",
}


def program(*listed: dict[str, Any], entries: tuple[dict[str, Any], ...] = (TEA,)) -> int:
    benefits.forget_versions()
    made = shop.program(*listed)
    version = programs.by_id(program_id=made).current_version
    document = {"program": {"currency": "GBP"}, "benefits": list(entries)}
    benefits.apply(made, version, document, house.ACTOR)
    return made


def member(p: int, *plans: str) -> UUID:
    found = house.member(p)
    for plan in plans:
        benefits.note_plan(program_id=p, member_id=found, plan=plan, until=None, source="test")
    return found


def total(p: int, key: str, m: UUID | None, sku: str = "tea") -> int:
    return int(house.body(house.put(p, house.line("a", 1000, sku=sku), key=key, member_id=m))["total"])


def left(p: int, m: UUID) -> int | None:
    return benefits.of(program_id=p, member_id=m, benefit="tea")[0].left


def test_a_sale_uses_one_of_the_quota_and_without_quota_there_is_no_promotion() -> None:
    p = program(FREE)
    m = member(p, "prime")
    assert [total(p, "x", None), total(p, "y", member(p))] == [1000, 1000]
    for key in ("a", "b"):
        assert total(p, key, m) == 0
        house.close(p, key)
    assert left(p, m) == 0
    assert total(p, "c", m) == 1000
    (one, _) = benefits.uses(program_id=p, member_id=m)
    assert (one.ref, one.by, one.cost_minor) == ("session/b", "plan prime", 1000)
    assert house.one("select jsonb_array_length(extras->'benefits') from orders_order limit 1") == 1


def test_other_goods_use_nothing() -> None:
    p = program(FREE)
    m = member(p, "prime")
    assert total(p, "a", m, sku="coffee") == 1000
    house.close(p, "a")
    assert left(p, m) == 2


def test_a_tender_reserves_the_use_and_lets_it_go() -> None:
    p = program(FREE)
    m = member(p, "prime")
    total(p, "a", m)
    house.tender(p, "a")
    assert left(p, m) == 1
    house.cancel(p, "a")
    assert left(p, m) == 2
    total(p, "b", m)
    house.tender(p, "b")
    house.close(p, "b")
    assert left(p, m) == 1
    assert [u.state for u in benefits.uses(program_id=p, member_id=m)] == ["used", "undone"]
    assert assurance.discrepancies(program_id=p) == []


def test_a_quota_that_somebody_else_took_changes_the_quote_and_nothing_is_sold_for_it() -> None:
    p = program(FREE)
    m = member(p, "prime")
    told = house.put(p, house.line("a", 1000, sku="tea"), key="a", member_id=m)
    for n in range(2):
        benefits.use(program_id=p, member_id=m, benefit="tea", key=f"k{n}", actor=house.ACTOR)
    with pytest.raises(QuoteChanged):
        house.close(p, "a", digest=told.digest)


def test_refund_does_not_keep_the_free_tea() -> None:
    p = program(FREE)
    m = member(p, "prime")
    house.put(p, house.line("a", 1000, sku="tea"), house.line("b", 500, sku="coffee"), key="a", member_id=m)
    house.close(p, "a")
    house.give_back(p, "a", ("b", "1"), ref="r1")
    assert left(p, m) == 1
    house.give_back(p, "a", ("a", "1"), ref="r2")
    assert left(p, m) == 2
    assert assurance.discrepancies(program_id=p) == []


def test_an_undone_order_gives_the_use_back_and_the_next_one_takes_it_again() -> None:
    p = program(FREE)
    m = member(p, "prime")
    total(p, "a", m)
    house.close(p, "a")
    house.reopen(p, "a")
    assert left(p, m) == 2
    house.close(p, "a")
    assert left(p, m) == 1


@pytest.mark.parametrize(
    "asks",
    [
        {"plans": ["prime"]},
        {"benefits": ["tea"]},
        {"when": "'tea' in member.benefits && 'prime' in member.plans"},
    ],
)
def test_plans_and_benefits_are_seen_by_lists_and_by_conditions(asks: dict[str, Any]) -> None:
    p = program({"key": "prime-day", "effects": [{"kind": "order_percent", "percent": "10"}], **asks})
    assert (total(p, "a", member(p, "prime")), total(p, "b", member(p)), total(p, "c", None)) == (900, 1000, 1000)


def test_what_nobody_asks_is_not_loaded() -> None:
    p = program(shop.TEA)
    m = member(p, "prime")
    total(p, "a", m)
    house.close(p, "a")
    body = house.one("select extras::text from orders_order")
    assert "benefits" not in body

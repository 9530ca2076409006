"""What a change of the program would have cost, asked over HTTP: a sample, an interval, and an end in time."""

from __future__ import annotations

import pytest

from regulars.governance.publishing.services import costing
from tests.stories import cast

pytestmark = pytest.mark.django_db


def test_a_system_asks_what_a_discount_would_have_cost() -> None:
    program_id = cast.a_program()
    shop = cast.a_caller(program_id)
    ann = cast.a_member(program_id, "ann")
    for n in range(4):
        assert shop.post("/orders", cast.an_order(f"A-{n}", ann, (10_000,)))[0] == 201
    document = shop.get("/program")[1]["document"]
    document["promotions"] = [{"key": "ten", "effects": [{"kind": "order_percent", "percent": 10}]}]
    status, told = shop.post("/program/cost", {"document": document, "seconds": 20})
    assert status == 200, told
    assert (told["baskets"], told["population"], told["is_cut"], told["currency"]) == (4, 4, False, "CNY")
    assert told["cost_minor"] == {"estimate": 4_000, "low": 4_000, "high": 4_000}
    assert {p["key"]: p["minor"] for p in told["promotions"]} == {"ten": 4_000}
    assert told["id"].startswith("est_")
    few = shop.post("/program/cost", {"document": document, "baskets": 2})[1]
    assert (few["baskets"], few["cost_minor"]["estimate"]) == (2, 4_000)
    assert shop.get("/program")[1]["version"] == 1


def test_when_time_is_over_the_part_that_was_decided_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costing, "SMALL_PART", 1)
    program_id = cast.a_program()
    shop = cast.a_caller(program_id)
    ann = cast.a_member(program_id, "ann")
    for n in range(5):
        shop.post("/orders", cast.an_order(f"A-{n}", ann, (10_000,)))
    document = shop.get("/program")[1]["document"]
    begun = costing.begin(program_id=program_id, document=document, actor="staff:1")
    report = costing.work(estimate_id=begun.estimate_id, seconds=0).report
    assert (report["baskets"], report["population"], report["is_cut"]) == (1, 5, True)


@pytest.mark.parametrize(("told", "path"), [({"baskets": 2_001}, "baskets"), ({"seconds": 21}, "seconds")])
def test_a_sample_and_its_time_have_bounds(told: dict[str, int], path: str) -> None:
    program_id = cast.a_program()
    shop = cast.a_caller(program_id)
    document = shop.get("/program")[1]["document"]
    status, no = shop.post("/program/cost", {"document": document, **told})
    assert (status, [e["path"] for e in no["errors"]]) == (422, [path])
    wrong = {**document, "promotions": [{"key": "x", "effects": [{"kind": "no"}]}]}
    assert shop.post("/program/cost", {"document": wrong})[0] == 422

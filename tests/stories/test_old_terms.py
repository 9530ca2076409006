"""A program gets harder: who has not confirmed keeps her terms, and gets the offers of today like everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from regulars.governance.assurance import services as assurance
from regulars.governance.publishing.services import scheduling
from regulars.kernel import clock, ids, nights, outbox
from regulars.people.agreements import services as agreements
from regulars.people.members import services as members
from regulars.people.members.terms import Birthday
from regulars.people.programs import services as programs
from regulars.value.benefits import services as benefits
from regulars.value.checkout import services as checkout
from regulars.value.tiers import services as tiers
from regulars.wiring import WIRING
from tests.stories import cast

POLICIES = (
    "notice_days: 30, old_terms: {{keep: until_confirmed, most_days: 60}},"
    " points_tender: [{{unit: points, points: 100, amount: 1.00}}]"
)
OFFERS = """
promotions:
  - {{key: spring, effects: [{{kind: order_percent, percent: 10}}], channels: [web]}}
rewards:
  - {{key: mug, price: {{units: {{points: 300}}}}}}
benefits:
  - {{key: lounge, kind: lounge, for: {{levels: [main/gold+]}}}}
  - {{key: cheers, kind: upgrade, for: {{levels: [main/gold]}}, gives: [{{points: {{unit: points, amount: 77}}}}]}}
  - {{key: cake, kind: birthday, for: {{everyone: true}}, gives: [{{points: {{unit: points, amount: 11}}}}]}}
"""
DOCUMENT = (
    cast.DOCUMENT.replace("future_tolerance_minutes: 10}}", f"future_tolerance_minutes: 10, {POLICIES}}}}}")
    .replace("expiry: {{kind: never}}", "expiry: {{kind: rolling, months: 24}}")
    .replace("    measure: growth\n", "    measure: growth\n    window: {{kind: rolling, months: 12}}\n")
) + OFFERS


@pytest.fixture
def house(db: None) -> cast.Caller:
    agreements.forget()
    return cast.a_caller(cast.a_program(document=DOCUMENT))


@pytest.fixture
def later() -> Iterator[Callable[..., None]]:
    """Lets days go by; the clock is put right after the test."""
    with ExitStack() as stack:

        def go(days: int, minutes: int = 0) -> None:
            stack.enter_context(clock.at(clock.now() + timedelta(days=days, minutes=minutes)))

        yield go


def program_id() -> int:
    return int(programs.get(key="corner").id)


def harder(house: cast.Caller) -> dict[str, Any]:
    """Half the points, which last six months and buy half as much; gold is twice as far, and has no lounge.

    The offers are other ones.
    """
    _, now = house.get("/program")
    document: dict[str, Any] = now["document"]
    document["units"][0]["expiry"] = {"kind": "rolling", "months": 6}
    document["earn_rules"][0]["rate"]["per"] = "2.00"
    document["ladders"][0]["levels"][1]["enter"] = 2000
    document["policies"]["points_tender"] = [{"unit": "points", "points": 200, "amount": "1.00"}]
    document["rewards"][0]["price"] = {"units": {"points": 600}}
    document["benefits"] = []
    document["promotions"] = [
        {"key": "summer", "effects": [{"kind": "order_percent", "percent": 20}], "channels": ["web"]}
    ]
    return document


def news() -> None:
    while outbox.deliver_batch(WIRING):
        pass


def ordered(house: cast.Caller, ref: str, member: str, fen: int = 10_000) -> dict[str, Any]:
    told = cast.an_order(ref, member, (fen,), occurred_at=clock.now().isoformat())
    status, answer = house.post("/orders", told)
    assert status == 201, answer
    news()
    return dict(answer)


def basket(house: cast.Caller, key: str, member: str, **more: Any) -> dict[str, Any]:
    line = {"id": "1", "sku": "tea", "quantity": "1", "amount_minor": 10_000}
    told = {"member": member, "channel": "web", "store": "web", "currency": "CNY", "lines": [line], **more}
    status, answer = house.send("PUT", f"/sessions/{key}", told)
    assert status == 201, answer
    return dict(answer)


def level(house: cast.Caller, member: str) -> str:
    return str(house.get(f"/members/{member}/tier")[1]["items"][0]["level"])


def lasts_months(house: cast.Caller, member: str, amount: int) -> int:
    """How many months so many points last that she earned today."""
    _, found = house.get(f"/members/{member}/lots?unit=points")
    ends = next(x["expires_at"] for x in found["items"] if x["amount"] == amount)
    return round((datetime.fromisoformat(ends) - clock.now()).days / 30.5)


def gifts(house: cast.Caller, member: str) -> list[str]:
    """The occasions of which something has come by itself."""
    _, found = house.get(f"/benefit-gifts?member={member}")
    return sorted(g["occasion"] for g in found["items"] if g["state"] == "given")


def changed(house: cast.Caller, later: Callable[..., None], *, who: str) -> str:
    """The change was told, confirmed by one member, and has taken effect; answers the telling."""
    at = (clock.now() + timedelta(days=31)).isoformat()
    status, made = house.post("/program/schedules", {"document": harder(house), "at": at})
    assert status == 201, made
    status, _ = house.post(f"/members/{who}/acknowledgements", {"telling": made["telling"], "source": "app"})
    assert status == 201
    later(31, 5)
    assert scheduling.apply_due() == 1
    agreements.forget()
    news()
    return str(made["telling"])


def test_who_has_not_confirmed_keeps_her_terms_and_gets_the_offers_of_today(
    house: cast.Caller, later: Callable[..., None]
) -> None:
    ann, bea = (cast.a_member(program_id(), name) for name in ("ann", "bea"))
    for n, member in enumerate((ann, bea)):
        ordered(house, f"first-{n}", member, 150_000)
    assert [level(house, m) for m in (ann, bea)] == ["gold", "gold"]
    changed(house, later, who=bea)

    told = [ordered(house, f"second-{n}", m) for n, m in enumerate((ann, bea))]
    assert [o["earned"]["points"] for o in told] == [100, 50]
    assert [(o["rule_version"], o.get("terms_version")) for o in told] == [(2, 1), (2, None)]
    assert [house.get(f"/orders/{o['id']}")[1]["terms_version"] for o in told] == [1, None]
    assert [lasts_months(house, m, amount) for m, amount in ((ann, 100), (bea, 50))] == [24, 6]
    assert [level(house, m) for m in (ann, bea)] == ["gold", "green"]

    quotes = [basket(house, name, m) for name, m in (("a", ann), ("b", bea))]
    assert [q["applied"][0]["key"] for q in quotes] == ["summer", "summer"], "not spring any more"
    assert [q["total"] for q in quotes] == [8_000, 8_000]
    assert [q["earn"]["points"] for q in quotes] == [80, 40]
    spent = basket(house, "a2", ann, spend_points=[{"unit": "points", "amount": 200}])
    assert spent["spend"] == [{"unit": "points", "amount": 200, "minor": 200}], "her points pay what they paid"
    assert house.post("/sessions/a/tender", {})[0] == 200
    agreements.acknowledge(
        program_id=program_id(), member_id=ids.decode("mem", ann), version=2, source="letter", actor="key:1"
    )
    news()
    for key in ("a", "b"):
        assert house.post(f"/sessions/{key}/close", {})[0] == 201
        order = house.get(f"/sessions/{key}")[1]["order"]
        assert checkout.replay(program_id=program_id(), order=order).differences == ()
        _, kept = house.get(f"/orders/{order}")
        assert (kept["rule_version"], kept["terms_version"]) == (2, 1 if key == "a" else None), "as it was tendered"
    assert level(house, ann) == "green", "she has confirmed by now"
    assert ordered(house, "third", ann)["earned"]["points"] == 50
    assert assurance.discrepancies(program_id=program_id()) == []


def test_rewards_cost_what_they_cost_and_benefits_stay_for_who_has_not_confirmed(
    house: cast.Caller, later: Callable[..., None]
) -> None:
    ann, bea = (cast.a_member(program_id(), name) for name in ("ann", "bea"))
    for n, member in enumerate((ann, bea)):
        ordered(house, f"first-{n}", member, 250_000)
    changed(house, later, who=bea)
    assert [level(house, m) for m in (ann, bea)] == ["gold", "gold"], "2,500 are enough for both"
    paid = [house.post("/rewards/mug/redemptions", {"member": m}) for m in (ann, bea)]
    assert [(status, r["paid"][0]["amount"]) for status, r in paid] == [(201, 300), (201, 600)]
    used = [house.post(f"/members/{m}/benefits/lounge/uses", {}) for m in (ann, bea)]
    assert [status for status, _ in used] == [201, 404]
    news()
    assert assurance.discrepancies(program_id=program_id()) == []


def test_what_comes_by_itself_comes_by_the_terms_that_are_hers(
    house: cast.Caller, later: Callable[..., None]
) -> None:
    ann, bea = (cast.a_member(program_id(), name) for name in ("ann", "bea"))
    changed(house, later, who=bea)
    for n, member in enumerate((ann, bea)):
        ordered(house, f"rise-{n}", member, 210_000)
    assert [level(house, m) for m in (ann, bea)] == ["gold", "gold"]
    assert [gifts(house, m) for m in (ann, bea)] == [["upgrade/main/gold"], []]
    assert lasts_months(house, ann, 77) == 24
    day = clock.local_day(clock.now(), "Asia/Shanghai") + timedelta(days=3)
    for member in (ann, bea):
        born = Birthday(month=day.month, day=day.day)
        members.update(
            program_id=program_id(), member_id=ids.decode("mem", member), birthday=born, actor="system:test"
        )
    benefits.give_due(program_id=program_id(), at=clock.now())
    later(4)
    while benefits.give_due(program_id=program_id(), at=clock.now()):
        pass
    birthday = f"birthday/{day.year}"
    assert [gifts(house, m) for m in (ann, bea)] == [[birthday, "upgrade/main/gold"], []]
    assert assurance.discrepancies(program_id=program_id()) == []


def test_old_terms_end_with_their_days_and_the_level_with_them(
    house: cast.Caller, later: Callable[..., None]
) -> None:
    ann, bea = (cast.a_member(program_id(), name) for name in ("ann", "bea"))
    ordered(house, "first", ann, 150_000)
    changed(house, later, who=bea)
    later(61)
    with clock.at(
        clock.day_starts(clock.local_day(clock.now(), "Asia/Shanghai") + timedelta(days=1), "Asia/Shanghai")
    ):
        step = nights.Step("review levels", tiers.review_at_night, only_latest=True)
        day: date = clock.local_day(clock.now(), "Asia/Shanghai")
        nights.run_due([step], program_id=program_id(), zone="Asia/Shanghai", upto=clock.now(), first_day=day)
        agreements.forget()
        assert level(house, ann) == "green"
        answer = ordered(house, "late", ann)
        assert (answer["earned"]["points"], answer.get("terms_version")) == (50, None)
        assert assurance.discrepancies(program_id=program_id()) == []


def test_what_comes_back_of_an_order_goes_by_the_terms_that_decided_it(
    house: cast.Caller, later: Callable[..., None]
) -> None:
    ann, bea = (cast.a_member(program_id(), name) for name in ("ann", "bea"))
    changed(house, later, who=bea)
    answer = ordered(house, "mine", ann)
    agreements.acknowledge(
        program_id=program_id(), member_id=ids.decode("mem", ann), version=2, source="app", actor="key:1"
    )
    assert house.post("/orders", cast.an_order("mine", ann, occurred_at=answer["occurred_at"]))[1] == answer
    back = {"ref": "R1", "occurred_at": clock.now().isoformat(), "lines": [{"id": "1", "quantity": "1"}]}
    status, returned = house.post(f"/orders/{answer['id']}/returns", back)
    assert (status, returned["clawed"]) == (201, {"points": 100, "growth": 100})
    news()
    assert assurance.discrepancies(program_id=program_id()) == []

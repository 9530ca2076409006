"""The console's pages of rewards: list, reward, redemption, the desk of a store, a member's own; and who may what."""

from __future__ import annotations

from typing import Any

import pytest

from regulars.governance.publishing import services as publishing
from regulars.interfaces.console.tests.conftest import SYSTEM, Desk, as_person
from regulars.kernel import ids
from regulars.people.programs import services as programs
from regulars.people.staff import services as staff
from regulars.value.rewards import services as rewards

REWARDS: list[dict[str, Any]] = [
    {
        "key": "mug",
        "name": {"en": "A mug", "zh-Hans": "马克杯"},
        "price": {"units": {"points": 100}},
        "stock": 1,
        "waiting_list": True,
        "fulfilment": {"by": "store"},
        "note": "ask Lin",
    },
    {"key": "lamp", "name": "A lamp", "price": {"amount": "9.90"}, "fulfilment": {"by": "ship"}},
    {"key": "film", "name": "A film", "kind": "digital_code", "price": {"units": {"points": 50}}},
    {
        "key": "trees",
        "name": "Trees",
        "kind": "donation",
        "price": {"units": {"points": 10}},
        "cause": {"name": "Trees", "target": 500},
    },
    {
        "key": "tasting",
        "name": "A tasting",
        "kind": "experience",
        "price": {"units": {"points": 10}},
        "sessions": [{"key": "may", "starts": "2099-05-01T18:30", "seats": 3}],
    },
]


@pytest.fixture
def shop(desk: Desk) -> Desk:
    rewards.forget_versions()
    publishing.apply(document={"rewards": REWARDS}, program_id=desk.program_id, actor="system:test")
    return desk


def had(shop: Desk, reward: str = "mug", **more: Any) -> str:
    made = rewards.redeem(
        program_id=shop.program_id,
        member_id=ids.decode("mem", shop.ann),
        reward=reward,
        key=f"k-{reward}-{len(more)}",
        actor="key:1",
        **more,
    )
    return ids.encode("rdm", made.redemption_id)


def read(person: Any, path: str) -> str:
    answer = person.get(path)
    assert answer.status_code == 200, path
    return str(answer.content.decode())


def test_a_program_without_rewards_says_where_they_are_written(desk: Desk) -> None:
    text = read(desk.sits("owner"), "/console/rewards/")
    assert "No reward yet" in text
    assert "h-rewards" not in read(desk.sits("owner"), f"/console/member/{desk.ann}/")


def test_every_reward_has_its_line_and_its_page(shop: Desk) -> None:
    had(shop)
    had(shop, "trees", count=3)
    person = shop.sits("owner")
    text = read(person, "/console/rewards/")
    assert all(word in text for word in ("A mug", "Sold out", "A lamp", "¥9.90", "30 "))
    for key in ("mug", "lamp", "film", "trees", "tasting"):
        read(person, f"/console/reward/{key}/")
    assert "ask Lin" in read(person, "/console/reward/mug/")
    assert person.get("/console/reward/nothing/").status_code == 404


def test_a_redemption_goes_from_the_desk_to_the_member_and_its_story_says_who(shop: Desk) -> None:
    ref = had(shop)
    person = shop.sits("cashier")
    assert ref in read(person, "/console/rewards/desk/")
    assert ref in read(person, f"/console/member/{shop.ann}/")
    code = rewards.find(program_id=shop.program_id, redemption_id=ids.decode("rdm", ref)).code
    assert (
        person.get("/console/rewards/", {"code": code.lower()}).headers["Location"] == f"/console/redemption/{ref}/"
    )
    assert person.get("/console/rewards/", {"code": "NOPE"}).status_code == 404
    for act, told in (("accept", {}), ("ready", {"store": "bund"}), ("fulfil", {})):
        assert person.post(f"/console/redemption/{ref}/do/{act}/", told).status_code == 302
    text = read(person, f"/console/redemption/{ref}/")
    assert all(word in text for word in ("Requested", "Accepted", "Waits to be fetched", "Handed over", "cashier"))
    assert "Nothing is to be handed over" in read(person, "/console/rewards/desk/?store=bund")
    person.post(f"/console/redemption/{ref}/do/accept/", {})
    assert "not in a state" in read(person, f"/console/redemption/{ref}/")


def test_a_redemption_is_cancelled_for_a_reason_and_the_value_comes_back(shop: Desk) -> None:
    ref = had(shop)
    person = shop.sits("service")
    person.post(f"/console/redemption/{ref}/do/cancel/", {"reason": "", "restock": "1"})
    assert "is needed" in read(person, f"/console/redemption/{ref}/")
    person.post(f"/console/redemption/{ref}/do/cancel/", {"reason": "changed her mind", "restock": "1"})
    assert shop.last_act() == ("rewards.cancel", {"reason": "changed her mind"})
    text = read(person, f"/console/redemption/{ref}/")
    assert "came back" in text
    assert "changed her mind" in text
    assert rewards.discrepancies() == []


def test_money_is_told_and_an_address_is_shown_for_a_reason_that_is_recorded(shop: Desk) -> None:
    ref = had(shop, "lamp", delivery="1 Nanjing Road")
    person = shop.sits("owner")
    text = read(person, f"/console/redemption/{ref}/")
    assert "Nanjing" not in text
    shown = person.post(f"/console/redemption/{ref}/reveal/", {"reason": "to send it"})
    assert "1 Nanjing Road" in shown.content.decode()
    assert shop.last_act() == ("rewards.delivery", {"reason": "to send it"})
    person.post(f"/console/redemption/{ref}/do/pay/", {"payment_ref": "till 7"})
    person.post(f"/console/redemption/{ref}/do/ship/", {"tracking": "SF1"})
    text = read(person, f"/console/redemption/{ref}/")
    assert "till 7" in text
    assert "SF1" in text
    assert shop.sits("cashier").post(f"/console/redemption/{ref}/reveal/", {"reason": "x"}).status_code == 403


def test_codes_are_imported_from_a_file_and_shown_once_asked(shop: Desk) -> None:
    person = shop.sits("owner")
    told = {"text": "code\nAAA-1\nAAA-1\nBBB-2", "key": "k1"}
    assert person.post("/console/reward/film/", told).status_code == 302
    text = read(person, "/console/reward/film/")
    assert "2 codes are new, 1 were rejected." in text
    assert "AAA-1" not in text
    ref = had(shop, "film")
    assert "AAA-1" not in read(person, f"/console/redemption/{ref}/")
    shown = person.post(f"/console/redemption/{ref}/do/codes/")
    assert "AAA-1" in shown.content.decode()
    assert shop.last_act()[0] == "rewards.codes_shown"


def test_free_codes_are_withdrawn_for_a_reason_and_the_desk_says_how_many(shop: Desk) -> None:
    person, page = shop.sits("owner"), "/console/reward/film/"
    person.post(page, {"text": "AAA-1\nBBB-2\nCCC-3", "key": "k1"})
    had(shop, "film")
    assert "2 free" in read(person, page)
    (pool,) = rewards.pools(program_id=shop.program_id, reward="film")
    told = {"pool": ids.encode("rcp", pool.pool_id), "reason": "wrong batch"}
    assert person.post(page, {**told, "reason": ""}).status_code == 200
    assert "2 free" in read(person, page)
    assert person.post(page, told).status_code == 302
    assert shop.last_act() == ("rewards.codes_withdrawn", {"reason": "wrong batch", "withdrawn": 2})
    assert "2 codes are withdrawn" in read(person, page)
    assert "0 free" in read(person, page)
    assert shop.sits("analyst").post(page, told).status_code == 403


def test_the_desk_shows_the_stores_where_she_works(shop: Desk) -> None:
    here, there = had(shop, store="bund"), had(shop, "trees", count=1)
    other = had(shop, "lamp", store="web")
    rewards.pay(program_id=shop.program_id, redemption_id=ids.decode("rdm", other), payment_ref="p", actor="key:1")
    person = staff.add_person(email="bo@shop.example", name="Bo", actor=SYSTEM)
    bund = programs.store(program_id=shop.program_id, key="bund")
    staff.grant(user_id=person.id, role="cashier", program_id=shop.program_id, store_id=bund.id, actor=SYSTEM)
    text = read(as_person(person.id), "/console/rewards/desk/")
    assert (here in text, other in text, there in text) == (True, False, False)
    assert "All my stores" in text
    assert "Web store" not in text
    assert other not in read(as_person(person.id), "/console/rewards/desk/?store=web")
    whole = read(shop.sits("cashier"), "/console/rewards/desk/")
    assert (here in whole, other in whole, "All stores" in whole) == (True, True, True)


def test_who_works_in_one_store_does_nothing_with_what_is_fetched_in_another(shop: Desk) -> None:
    other = had(shop, store="bund")
    person = staff.add_person(email="bo@shop.example", name="Bo", actor=SYSTEM)
    web = programs.store(program_id=shop.program_id, key="web")
    staff.grant(user_id=person.id, role="cashier", program_id=shop.program_id, store_id=web.id, actor=SYSTEM)
    page = f"/console/redemption/{other}/"
    bo = as_person(person.id)
    assert "do/accept" not in read(bo, page)
    for act in ("accept", "ready", "fulfil", "cancel", "fail", "pay"):
        assert bo.post(f"{page}do/{act}/", {"reason": "x", "store": "web"}).status_code == 403
    found = rewards.find(program_id=shop.program_id, redemption_id=ids.decode("rdm", other))
    assert found.state == "requested"


def test_stock_is_changed_by_who_may_and_the_waiting_list_moves(shop: Desk) -> None:
    had(shop)
    person = shop.sits("owner")
    person.post(f"/console/member/{shop.ann}/rewards/", {"act": "wait", "reward": "mug"})
    assert "on the waiting list" in read(person, f"/console/member/{shop.ann}/rewards/")
    assert person.post("/console/reward/mug/", {"count": "1", "reason": "delivery"}).status_code == 302
    assert "Kept for her" in read(person, "/console/reward/mug/")
    assert "is kept for her" in read(person, f"/console/member/{shop.ann}/")
    text = person.post("/console/reward/mug/", {"count": "-2", "reason": "broken"}).content.decode()
    assert "taken already" in text
    assert "Nothing was changed." in text
    assert shop.sits("cashier").post("/console/reward/mug/", {"count": "1", "reason": "x"}).status_code in (302, 403)


def test_a_reward_is_redeemed_for_a_member_once_however_often_the_form_is_sent(shop: Desk) -> None:
    person = shop.sits("cashier")
    text = read(person, f"/console/member/{shop.ann}/rewards/")
    assert "A tasting" in text
    told = {"reward": "tasting", "session": "may", "key": "f-1"}
    for _ in range(2):
        assert person.post(f"/console/member/{shop.ann}/rewards/", told).status_code == 302
    assert len(rewards.redemptions(program_id=shop.program_id).items) == 1
    told = {"reward": "film", "key": "f-2"}
    assert person.post(f"/console/member/{shop.ann}/rewards/", told).status_code == 302
    assert "not so many left" in read(person, f"/console/member/{shop.ann}/rewards/")


def test_an_analyst_looks_and_changes_nothing(shop: Desk) -> None:
    ref = had(shop)
    person = shop.sits("analyst")
    assert "Cancel it" not in read(person, f"/console/redemption/{ref}/")
    assert person.post(f"/console/redemption/{ref}/do/accept/").status_code == 403
    assert person.post("/console/reward/mug/", {"count": "1", "reason": "x"}).status_code == 403
    assert person.post(f"/console/member/{shop.ann}/rewards/", {"reward": "mug", "key": "x"}).status_code == 403

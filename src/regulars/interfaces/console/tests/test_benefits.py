"""The console's pages of benefits: what is offered, what it costs, and a member's, used and undone for a reason."""

from __future__ import annotations

import pytest

from regulars.governance.publishing import services as publishing
from regulars.interfaces.console.tests.conftest import Desk
from regulars.kernel import ids
from regulars.value.benefits import services as benefits

OFFER = {
    "benefits": [
        {"key": "lounge", "name": {"en": "The lounge", "zh-Hans": "贵宾室"}, "kind": "lounge", "cost": "30.00",
         "for": {"packs": ["vip"]}, "quota": {"times": 2, "period": "month"}, "note": "ask Lin"},
        {"key": "pick", "kind": "choice", "for": {"everyone": True}, "choose": {"pick": 1, "of": ["spa", "tea"]}},
        {"key": "spa", "kind": "service"},
        {"key": "tea", "kind": "service"},
        {"key": "eighth", "kind": "member_day", "for": {"everyone": True}, "day": {"of_month": [8]}},
        {"key": "hello", "kind": "welcome", "for": {"everyone": True},
         "gives": [{"points": {"unit": "points", "amount": 5}}]},
    ],
    "packs": [{"key": "vip", "name": "Guests of the house", "benefits": ["lounge"]}],
}  # fmt: skip


@pytest.fixture
def shop(desk: Desk) -> Desk:
    benefits.forget_versions()
    publishing.apply(document=OFFER, program_id=desk.program_id, actor="system:test")
    return desk


def test_a_program_without_benefits_says_where_they_are_written(desk: Desk) -> None:
    benefits.forget_versions()
    person = desk.sits("owner")
    text = person.get("/console/benefits/").content.decode()
    assert "No benefit yet" in text
    assert "benefits and packs" in text
    assert "h-benefits" not in person.get(f"/console/member/{desk.ann}/").content.decode()


def test_a_pack_is_granted_used_and_undone_and_the_cost_stands_in_the_table(shop: Desk) -> None:
    person = shop.sits("owner")
    page = f"/console/member/{shop.ann}/benefits/"
    assert "She has used nothing yet" in person.get(page).content.decode()
    assert (
        person.post(page, {"act": "grant", "pack": "vip", "reason": "lost parcel", "until": "2099-12-31"}).url == page
    )
    assert shop.last_act() == ("benefits.grant", {"reason": "lost parcel"})
    text = person.get(page).content.decode()
    assert "The lounge" in text
    assert "2 of 2 left" in text
    for _ in range(2):
        person.post(page, {"act": "use", "benefit": "lounge", "key": "k"})  # sent twice, used once
    (use,) = benefits.uses(program_id=shop.program_id)
    assert "1 of 2 left" in person.get(page).content.decode()
    assert "1 of 2 left" in person.get(f"/console/member/{shop.ann}/").content.decode()
    assert "30.00" in person.get("/console/benefits/").content.decode()
    public = ids.encode("bnu", use.use_id)
    person.post(page, {"act": "undo", "use": public, "reason": ""})
    assert benefits.uses(program_id=shop.program_id)[0].state == "used"
    person.post(page, {"act": "undo", "use": public, "reason": "did not come"})
    assert benefits.uses(program_id=shop.program_id)[0].state == "undone"
    person.post(page, {"act": "end", "pack": "vip", "source": "staff", "reason": "over"})
    assert "2 of 2 left" not in person.get(page).content.decode()


def test_a_refusal_is_told_in_the_readers_language_and_nothing_is_changed(shop: Desk) -> None:
    person = shop.sits("owner")
    page = f"/console/member/{shop.ann}/benefits/"
    answer = person.post(page, {"act": "use", "benefit": "lounge", "key": "k"}, follow=True)
    assert "The member is not entitled to this benefit." in answer.content.decode()
    assert benefits.uses(program_id=shop.program_id) == ()
    assert person.post(page, {"act": "dance"}, follow=True).status_code == 200


def test_a_choice_is_made_at_the_desk(shop: Desk) -> None:
    person = shop.sits("owner")
    page = f"/console/member/{shop.ann}/benefits/"
    person.post(page, {"act": "choose", "benefit": "pick", "picked": ["spa"]})
    ann = ids.decode("mem", shop.ann)
    assert benefits.of(program_id=shop.program_id, member_id=ann, benefit="pick")[0].chosen == ("spa",)
    assert "checked" in person.get(page).content.decode()


def test_what_arrived_is_taken_back_for_a_reason(shop: Desk) -> None:
    ann = ids.decode("mem", shop.ann)
    assert benefits.welcome(program_id=shop.program_id, member_id=ann)
    person = shop.sits("owner")
    page = f"/console/member/{shop.ann}/benefits/"
    assert "Welcome gift" in person.get(page).content.decode()
    (gift,) = benefits.gifts(program_id=shop.program_id)
    person.post(page, {"act": "return", "gift": str(gift.gift_id), "reason": "twice a member"})
    assert benefits.find_gift(program_id=shop.program_id, gift_id=gift.gift_id).state == "returned"

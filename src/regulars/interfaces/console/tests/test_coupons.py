"""The console's pages of coupons: templates, batches, one code with its story; open only to whom they belong."""

from __future__ import annotations

from typing import Any

import pytest
from tests.stories import cast

from regulars.governance.publishing import services as publishing
from regulars.interfaces.console.tests.conftest import Desk
from regulars.kernel import ids
from regulars.value.coupons import services as coupons

TEMPLATES: list[dict[str, Any]] = [
    {"key": "ten", "name": {"en": "Ten off", "zh-Hans": "立减"}, "gives": {"effects": []}, "validity": {"days": 7}}
]


@pytest.fixture
def shop(desk: Desk) -> Desk:
    coupons.forget_versions()
    coupons.forget_numbers()
    effects = [{"kind": "order_amount", "amount": "10.00"}]
    templates = [{**TEMPLATES[0], "gives": {"effects": effects}}]
    publishing.apply(
        document={"coupon_templates": templates},
        program_id=desk.program_id,
        actor="system:test",
    )
    return desk


def test_a_program_without_templates_says_where_they_are_written(desk: Desk) -> None:
    text = desk.sits("owner").get("/console/coupons/").content.decode()
    assert "No template yet" in text
    assert "coupon_templates" in text


def test_a_batch_is_made_from_the_page_and_its_codes_taken_as_a_file(shop: Desk) -> None:
    person = shop.sits("marketer")
    assert "Ten off" in person.get("/console/coupons/").content.decode()
    told = {"template": "ten", "size": "12", "note": "flyers in May", "key": "k1"}
    assert person.post("/console/coupons/", told).status_code == 302
    assert person.post("/console/coupons/", told).status_code == 302  # sent twice, made once
    (batch,) = coupons.batches(program_id=shop.program_id)
    assert (batch.made, batch.note) == (12, "flyers in May")
    answer = person.get(f"/console/coupons/{ids.encode('cpb', batch.batch_id)}/codes/")
    assert len(b"".join(answer.streaming_content).splitlines()) == 13
    assert shop.last_act()[0] == "coupons.export"
    assert "flyers in May" in person.get("/console/coupons/").content.decode()


def test_a_code_is_looked_up_with_its_story_and_withdrawn_for_a_reason(shop: Desk) -> None:
    ann = ids.decode("mem", shop.ann)
    (coupon,) = coupons.issue(program_id=shop.program_id, template="ten", member_id=ann, key="k", actor="key:1")
    person = shop.sits("service")
    answer = person.get("/console/coupons/", {"code": coupon.code.lower()})
    assert answer.headers["Location"] == f"/console/coupon/{coupon.code}/"
    text = person.get(answer.headers["Location"]).content.decode()
    assert "Issued" in text
    assert shop.ann in text
    assert person.post(answer.headers["Location"], {"reason": "asked back"}).status_code == 302
    assert shop.last_act() == ("coupons.void", {"reason": "asked back"})
    text = person.get(answer.headers["Location"]).content.decode()
    assert "asked back" in text
    assert "Withdrawn" in text


def test_an_unknown_code_is_said_so_and_counted(shop: Desk) -> None:
    person = shop.sits("cashier")
    answer = person.get("/console/coupons/", {"code": "NOPE1234"})
    assert answer.status_code == 404
    assert "There is no coupon with this code." in answer.content.decode()
    assert [n for _, _, n in coupons.misses(program_id=shop.program_id)] == [1]


def test_who_may_only_read_makes_takes_and_withdraws_nothing(shop: Desk) -> None:
    person = shop.sits("cashier")
    assert "Make a batch" not in person.get("/console/coupons/").content.decode()
    assert (
        person.post("/console/coupons/", {"template": "ten", "size": "1", "note": "x", "key": "k"}).status_code == 403
    )
    assert coupons.batches(program_id=shop.program_id) == ()
    stranger = shop.sits("owner", program_id=cast.a_program("other"))
    assert "Ten off" not in stranger.get("/console/coupons/").content.decode()

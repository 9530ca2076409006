"""The section coupon_templates: read with every fault, written as it was, planned and applied."""

from __future__ import annotations

import pytest

from regulars.kernel.errors import Invalid
from regulars.value.coupons import services as coupons
from regulars.value.coupons.rules import templates
from regulars.value.coupons.terms import UnknownTemplate
from regulars.value.coupons.tests import house

FULL = {
    "key": "birthday",
    "name": {"en": "Birthday", "zh-Hans": "生日券"},
    "note": "Ten off, in the month of birth.",
    "validity": {"days": 30, "after_days": 1},
    "stores": ["north"],
    "channels": ["web"],
    "who": {"members_only": True, "tiers": ["gold"], "audiences": ["vip"]},
    "limits": {"claim": 1, "hold": 2, "redeem": 3, "total": 4},
    "code": {"pattern": "BDAY##########", "alphabet": "letters"},
    "giftable": True,
    "returns": "keep",
    "reminders": [7, 1],
    "gives": {"effects": [{"kind": "order_amount", "amount": "10.00"}], "anything": {"they": ["say"]}},
}
DOCUMENT = {
    "stores": [{"key": "north"}],
    "channels": [{"key": "web"}],
    "ladders": [{"key": "card", "levels": [{"key": "gold"}]}],
}


def test_what_is_read_is_written_again_and_what_it_gives_is_not_touched():
    found, faults = templates.read({**DOCUMENT, "coupon_templates": [FULL]})
    assert faults == []
    assert templates.write(found) == {"coupon_templates": [FULL]}


def test_a_template_needs_a_key_and_what_it_gives_and_nothing_else():
    found, faults = templates.read({"coupon_templates": [house.template()]})
    assert faults == []
    assert templates.write(found) == {"coupon_templates": [house.template()]}
    assert (found[0].pattern, found[0].returns.value) == ("###########", "restore")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"gives": None}, "gives"),
        ({"gives": {"key": "x"}}, "gives.key"),
        ({"stores": ["south"]}, "stores.0"),
        ({"channels": ["app"]}, "channels.0"),
        ({"who": {"tiers": ["platinum"]}}, "who.tiers.0"),
        ({"validity": {"days": 3, "months": 1}}, "validity."),
        ({"validity": {"starts": "2026-02-01", "ends": "2026-01-01"}}, "validity.ends"),
        ({"validity": {"after_days": 2}}, "validity.after_days"),
        ({"limits": {"claim": 0}}, "limits.claim"),
        ({"code": {"pattern": "####"}}, "code.pattern"),
        ({"code": {"alphabet": "runes"}}, "code.alphabet"),
        ({"returns": "perhaps"}, "returns"),
        ({"reminders": [0]}, "reminders"),
        ({"amount": 5}, "amount"),
    ],
)
def test_every_fault_is_told_with_its_path(change, path):
    _, faults = templates.read({**DOCUMENT, "coupon_templates": [{**FULL, **change}]})
    assert [p for p, _ in faults] == [f"coupon_templates.0.{path}".rstrip(".")]


def test_a_key_is_said_once():
    _, faults = templates.read({"coupon_templates": [house.template(), house.template()]})
    assert faults == [("coupon_templates.1.key", "'ten' is the key of another template too")]


@pytest.mark.django_db
def test_a_plan_says_what_comes_changes_and_goes_and_who_still_holds_it():
    shop = house.program(house.template("a"), house.template("b"), house.template("c"))
    house.issued(shop, house.member(shop), "a")
    wanted = {"coupon_templates": [house.template("b", giftable=True), house.template("c"), house.template("d")]}
    found = {c.path.split(".")[1]: (c.action, c.after) for c in coupons.plan(shop, wanted)}
    assert {key: action for key, (action, _) in found.items()} == {"a": "retire", "b": "change", "d": "add"}
    assert found["a"][1] == {"still_held": 1}
    assert coupons.plan(shop, coupons.describe(shop)) == []


@pytest.mark.django_db
def test_a_document_with_faults_writes_nothing():
    shop = house.program()
    with pytest.raises(Invalid):
        coupons.apply(shop, 2, {"coupon_templates": [house.template(limits={"hold": -1})]}, "a")
    assert coupons.templates(program_id=shop, version=2) == ()
    with pytest.raises(UnknownTemplate):
        coupons.template(program_id=shop, key="none")

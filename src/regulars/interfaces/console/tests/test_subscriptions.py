"""The console's pages of paid membership: plans, memberships by state, one with its story and acts, prepaid income."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from regulars.governance.publishing import services as publishing
from regulars.interfaces.console.tests.conftest import Desk
from regulars.interfaces.sandbox import SandboxPayments
from regulars.kernel import ids
from regulars.value.benefits.services.document import forget_versions
from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.services import providers
from regulars.value.subscriptions.terms import Subscription
from regulars.value.subscriptions.tests import house

PLAN = {
    "key": "monthly",
    "name": {"en": "Plus monthly", "zh-Hans": "月度会员"},
    "price": "15.00",
    "every": {"months": 1},
    "pause": {"most_days": 60, "times_per_year": 1},
    "refund": {"within_days": 14},
    "family": {"members": 2},
}


@pytest.fixture
def bank() -> Iterator[SandboxPayments]:
    kept = dict(providers._known)
    yield house.bank()
    providers._known.clear()
    providers._known.update(kept)


@pytest.fixture
def shop(desk: Desk, bank: SandboxPayments) -> Desk:
    subscriptions.forget_versions()
    forget_versions()
    publishing.apply(document={"plans": [PLAN]}, program_id=desk.program_id, actor="system:test")
    return desk


def begun(shop: Desk) -> tuple[Subscription, str]:
    sub = house.begun(shop.program_id, ids.decode("mem", shop.ann))
    return sub, f"/console/subscription/{ids.encode('sub', sub.subscription_id)}/"


def test_a_program_without_plans_says_where_they_are_written(desk: Desk) -> None:
    text = desk.sits("owner").get("/console/subscriptions/").content.decode()
    assert "No plan yet" in text
    assert "No membership is in this state." in text
    assert "Nothing was paid" in desk.sits("owner").get("/console/subscriptions/income/").content.decode()


def test_plans_show_who_has_them_and_what_they_brought(shop: Desk) -> None:
    _sub, path = begun(shop)
    person = shop.sits("owner")
    text = person.get("/console/subscriptions/").content.decode()
    assert "Plus monthly" in text
    assert "15.00" in text
    assert path in person.get("/console/subscriptions/?state=active").content.decode()
    assert path not in person.get("/console/subscriptions/?state=ended").content.decode()
    assert path in person.get(f"/console/member/{shop.ann}/").content.decode()
    income = person.get("/console/subscriptions/income/").content.decode()
    assert "monthly" in income
    assert person.get("/console/subscriptions/income/?starts=2026-01-02&ends=2026-01-01").status_code == 200


def test_a_membership_is_paused_run_again_refunded_and_ended_for_a_reason(shop: Desk, bank: SandboxPayments) -> None:
    sub, path = begun(shop)
    person = shop.sits("service")
    assert "Its story" in person.get(path).content.decode()
    assert "rg-errors" not in person.get(path).content.decode()
    missing = person.post(f"{path}do/pause/", {"pause-days": "5"})
    assert missing.status_code == 200
    assert person.post(f"{path}do/pause/", {"pause-days": "5", "pause-reason": "away"}).status_code == 302
    assert subscriptions.by_text(program_id=shop.program_id, text=path.split("/")[-2]).state == "paused"
    assert person.post(f"{path}do/resume/", {"resume-reason": "back"}).status_code == 302
    told = person.post(f"{path}do/refund/", {"refund-amount": "99.00", "refund-reason": "sorry"}).content.decode()
    assert "than was paid and is left" in told
    assert person.post(f"{path}do/refund/", {"refund-amount": "2.00", "refund-reason": "sorry"}).status_code == 302
    told = {"cancel-when": "at_once", "cancel-reason": "moves"}
    assert "has changed since it was quoted" in person.post(f"{path}do/cancel/", told).content.decode()
    text = person.get(path).content.decode()
    assert "It ends today. ¥13.00 goes back." in text
    assert person.post(f"{path}do/cancel/", {**told, **read(text)}).status_code == 302
    after = house.look(shop.program_id, sub.subscription_id)
    assert (after.state, house.charged(bank)) == ("ended", [1500, -200, -1300])
    assert shop.last_act()[0] == "subscriptions.cancel"


def read(text: str) -> dict[str, str]:
    """What the page tells whoever cancels, as her browser sends it back."""
    return dict(re.findall(r'name="(cancel-(?:at_once|period_end))" value="([0-9a-f]+)"', text))


def test_what_is_forfeited_is_told_and_nothing_is_done_that_was_not(shop: Desk, bank: SandboxPayments) -> None:
    """A page that was open while a benefit was used or a day began does not end it otherwise than it said."""
    sub, path = begun(shop)
    person = shop.sits("service")
    before = person.get(path).content.decode()
    assert "Nothing goes back" not in before
    subscriptions.refund(
        program_id=shop.program_id, subscription_id=sub.subscription_id, amount_minor=500, reason="x", actor="staff:1"
    )
    told = {"cancel-when": "at_once", "cancel-reason": "moves"}
    refused = person.post(f"{path}do/cancel/", {**told, **read(before)}).content.decode()
    assert "look again" in refused
    assert "¥10.00 goes back." in refused
    assert house.look(shop.program_id, sub.subscription_id).state == "active"
    assert person.post(f"{path}do/cancel/", {**told, **read(refused)}).status_code == 302


def test_a_silent_provider_does_not_keep_anybody(shop: Desk, bank: SandboxPayments) -> None:
    sub = house.begun(shop.program_id, ids.decode("mem", shop.ann), method="lost-9")
    path = f"/console/subscription/{ids.encode('sub', sub.subscription_id)}/"
    person = shop.sits("service")
    text = person.get(path).content.decode()
    assert "A charge of ¥15.00 has no answer yet: if it was paid, ¥15.00 goes back." in text
    assert "do/pause/" not in text
    told = {"cancel-when": "at_once", "cancel-reason": "moves", **read(text)}
    assert person.post(f"{path}do/cancel/", told).status_code == 302
    after = house.look(shop.program_id, sub.subscription_id)
    assert (after.state, after.end_cause) == ("ended", "cancelled")
    assert "if it was paid, it goes back" in person.get(path).content.decode()


def test_a_membership_of_another_program_is_not_found(shop: Desk) -> None:
    answer = shop.sits("owner").get(f"/console/subscription/{ids.encode('sub', ids.new_id())}/")
    assert answer.status_code == 404


def asked(**told: str) -> dict[str, str]:
    return {"plan": "monthly", "method": "ok", "reason": "asked at the desk", "key": "k1", "trial": "", **told}


def test_staff_begin_a_membership_for_a_member_for_a_reason_once(shop: Desk, bank: SandboxPayments) -> None:
    person, path = shop.sits("service"), f"/console/member/{shop.ann}/subscribe/"
    assert path in person.get(f"/console/member/{shop.ann}/").content.decode()
    assert "Plus monthly · ¥15.00 · 1 month" in person.get(path).content.decode()
    assert person.post(path, asked(reason="")).status_code == 200
    first = person.post(path, asked())
    assert (first.status_code, "/console/subscription/sub_" in first.url) == (302, True)
    assert person.post(path, asked()).url == first.url
    assert shop.last_act() == ("subscriptions.begin", {"plan": "monthly", "reason": "asked at the desk"})
    assert house.charged(bank) == [1500]
    page = person.get(first.url).content.decode()
    assert "asked at the desk" in page
    assert "She is told of what comes" in page
    again = person.post(path, asked(key="k2"))
    assert again.status_code == 422
    assert house.charged(bank) == [1500]


def test_a_card_that_is_declined_begins_nothing(shop: Desk, bank: SandboxPayments) -> None:
    person, path = shop.sits("owner"), f"/console/member/{shop.ann}/subscribe/"
    answer = person.post(path, asked(method="declined"), follow=True)
    assert "The payment was declined" in answer.content.decode()
    assert house.charged(bank) == []


def test_who_only_looks_begins_nothing(shop: Desk) -> None:
    person, path = shop.sits("analyst"), f"/console/member/{shop.ann}/subscribe/"
    assert (person.get(path).status_code, person.post(path, asked()).status_code) == (403, 403)


def test_a_program_without_plans_has_nothing_to_begin(desk: Desk) -> None:
    subscriptions.forget_versions()
    assert "No plan yet" in desk.sits("owner").get(f"/console/member/{desk.ann}/subscribe/").content.decode()

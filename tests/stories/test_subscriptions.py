"""Paid membership over HTTP: trial, renewal, dunning, changing, resting, ending, gifts, families, savings, income."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from regulars.kernel import clock
from regulars.kernel.errors import Busy
from regulars.value.benefits import services as benefits
from regulars.value.benefits.services.document import forget_versions
from regulars.value.benefits.terms import NotYourBenefit
from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.services import providers
from regulars.value.subscriptions.tests.house import bank as a_bank
from tests.stories.cast import DOCUMENT, a_caller, a_member, a_program

pytestmark = pytest.mark.django_db
PLANS = """
benefits:
  - {{key: shipping, kind: free_shipping, for: {{packs: [plus]}}, quota: {{times: 2, period: month}}, cost: "6.00"}}
packs:
  - {{key: plus, benefits: [shipping]}}
promotions:
  - {{key: plus-ten, name: Ten percent with Plus, plans: [monthly, yearly], effects: [{{kind: order_percent, percent: "10"}}]}}
  - {{key: all-five, name: Five percent for all, effects: [{{kind: order_percent, percent: "5"}}]}}
plans:
  - key: monthly
    name: {{en: Plus, zh-Hans: 会员}}
    of: plus
    price: "15.00"
    every: {{months: 1}}
    trial: {{days: 14}}
    grace_days: 7
    dunning: [2, 5]
    pause: {{most_days: 60, times_per_year: 1}}
    refund: {{within_days: 14, when_used: deduct}}
    gives: {{packs: [plus], level: {{ladder: main, level: gold}}, growth: {{unit: growth, per_day: 5}}}}
    family: {{members: 2}}
    giftable: true
  - key: yearly
    name: {{en: Plus for a year, zh-Hans: 年度会员}}
    of: plus
    price: "150.00"
    every: {{months: 12}}
    gives: {{packs: [plus], growth: {{unit: growth, per_day: 8}}}}
"""


@pytest.fixture
def bank():
    kept = dict(providers._known)
    yield a_bank()
    providers._known.clear()
    providers._known.update(kept)


@pytest.fixture
def shop(bank):
    subscriptions.forget_versions()
    forget_versions()
    program = a_program(document=DOCUMENT + PLANS)
    caller = a_caller(program)
    caller.program, caller.ada, caller.bob = program, a_member(program, "ADA"), a_member(program, "BOB")
    return caller


@contextlib.contextmanager
def on(day: str):
    """Noon in Shanghai; the worker has come before."""
    at = datetime.fromisoformat(f"{day}T12:00:00+08:00").astimezone(UTC)
    with clock.at(at):
        subscriptions.work()
        yield


def subscribed(shop, member=None, **more):
    body = {"plan": "monthly", "method": "ok", "trial": False, **more}
    status, made = shop.post(f"/members/{member or shop.ada}/subscriptions", body)
    assert status == 201
    return made


def money(bank):
    return [m.amount_minor if m.kind == "charge" else -m.amount_minor for m in bank.movements()]


def test_a_trial_becomes_a_membership_and_says_all_that_happened(shop, bank):
    with on("2026-01-31"):
        made = subscribed(shop, trial=True)
        assert (made["state"], made["period_to"], money(bank)) == ("trial", "2026-02-14", [])
        status, no = shop.post(f"/members/{shop.ada}/subscriptions", {"plan": "yearly", "method": "ok"})
        assert (status, no["code"]) == (409, "already_subscribed")
    with on("2026-02-14"):
        _, told = shop.get(f"/subscriptions/{made['id']}")
        assert (told["state"], told["period_from"], told["period_to"]) == ("active", "2026-02-14", "2026-03-14")
        assert [c["kind"] for c in told["story"]] == ["asked", "started", "renewed"]
        assert [p["state"] for p in told["payments"]] == ["paid", "paid"]
    assert money(bank) == [1500]
    assert shop.get(f"/members/{shop.ada}/subscriptions")[1]["items"][0]["id"] == made["id"]
    assert shop.get("/subscriptions?state=active&limit=1")[1]["items"][0]["id"] == made["id"]


def test_the_same_call_again_charges_once_and_answers_how_it_stands(shop, bank):
    body = {"plan": "monthly", "method": "lost-1", "trial": False}
    status, one = shop.post(f"/members/{shop.ada}/subscriptions", body, "click")
    assert (status, one["state"], one["payment"]["state"]) == (201, "starting", "intended")
    with clock.at(clock.now() + timedelta(minutes=3)):
        status, two = shop.post(f"/members/{shop.ada}/subscriptions", body, "click")
        assert (status, two["id"], two["state"]) == (201, one["id"], "active")
    assert money(bank) == [1500]


def test_a_card_that_is_declined_gives_nothing_and_a_better_one_is_welcome(shop, bank):
    made = subscribed(shop, method="declined")
    assert (made["state"], made["end_cause"], made["payment"]["reason"]) == ("ended", "declined", "card_declined")
    assert subscribed(shop)["state"] == "active"


def test_going_up_costs_the_difference_by_the_day(shop, bank):
    with on("2026-04-01"):
        made = subscribed(shop)
    with on("2026-04-16"):
        path = f"/subscriptions/{made['id']}/plan"
        status, quote = shop.post(path, {"plan": "yearly", "dry": True})
        assert (status, quote["charge_minor"], quote["when"]) == (200, 14_250, "at_once")
        status, up = shop.post(path, {"plan": "yearly"})
        assert (status, up["plan"], up["period_to"]) == (200, "yearly", "2027-04-16")
    assert money(bank) == [1500, 14_250]


def test_resting_keeps_paid_days_and_ending_gives_back_what_was_not_used(shop, bank):
    with on("2026-04-01"):
        made = subscribed(shop)
        path = f"/subscriptions/{made['id']}"
    with on("2026-04-04"):
        status, rest = shop.post(f"{path}/pause", {"days": 8, "reason": "away"})
        assert (status, rest["state"], rest["paused_until"]) == (200, "paused", "2026-04-12")
    with on("2026-04-12"):
        _, back = shop.get(path)
        assert (back["state"], back["period_to"]) == ("active", "2026-05-09")
        assert shop.post(f"{path}/pause", {"days": 9, "reason": "x"})[1]["code"] == "pause_not_allowed"
        _, quote = shop.post(f"{path}/cancel", {"reason": "x", "when": "at_once", "dry": True})
        assert (quote["refund_minor"], quote["rule"]) == (1350, "within_days")
        status, gone = shop.post(f"{path}/cancel", {"reason": "moving", "when": "at_once"})
        assert (status, gone["state"], gone["end_cause"]) == (200, "ended", "cancelled")
        status, no = shop.post(f"{path}/resume", {"reason": "x"})
        assert (status, no["code"]) == (409, "not_now")
    assert money(bank) == [1500, -1350]
    assert subscriptions.discrepancies() == []


def test_whoever_cancels_is_told_what_is_lost_and_gets_exactly_that(shop, bank):
    with on("2026-04-01"):
        made = subscribed(shop)
        path = f"/subscriptions/{made['id']}/cancel"
    with on("2026-04-04"):
        benefits_used(shop, 1)
        _, quote = shop.post(path, {"reason": "x", "when": "at_once", "dry": True})
        assert (quote["refund_minor"], quote["forfeited_minor"], quote["unsettled"]) == (900, 450, None)
        assert quote["forfeits"] == [{"what": "days", "amount_minor": 450, "why": "deduct"}]
        benefits_used(shop, 2)
        asked = {"reason": "x", "when": "at_once", "quote": quote["digest"]}
        status, no = shop.post(path, asked)
        assert (status, no["code"], no["facts"]["refund_minor"]) == (409, "other_than_quoted", 300)
        assert shop.get(f"/subscriptions/{made['id']}")[1]["state"] == "active"
        _, quote = shop.post(path, {"reason": "x", "when": "at_once", "dry": True})
        assert shop.post(path, {**asked, "quote": quote["digest"]})[1]["state"] == "ended"
    assert money(bank) == [1500, -300]


def test_a_call_that_is_written_down_is_not_answered_as_if_it_were_not(shop, bank, monkeypatch):
    """Somebody held the member while her charge was settled: she heard "busy", and was charged."""

    def held(*args, **more):
        raise Busy

    with on("2026-04-01"):
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr("regulars.value.subscriptions.services.paying._settle", held)
            made = subscribed(shop)
        assert (made["state"], made["payment"]["state"]) == ("starting", "intended")
    with on("2026-04-02"):
        subscriptions.work()
        assert shop.get(f"/subscriptions/{made['id']}")[1]["state"] == "active"
    assert money(bank) == [1500]


def test_a_silent_payment_provider_does_not_keep_her_in_a_membership(shop, bank):
    with on("2026-04-01"):
        made = subscribed(shop, method="lost-1")
        assert made["state"] == "starting"
        path = f"/subscriptions/{made['id']}/cancel"
        _, quote = shop.post(path, {"reason": "x", "dry": True})
        assert quote["unsettled"] == {"amount_minor": 1500, "then": "goes_back", "refund_minor": 1500, "until": None}
        status, gone = shop.post(path, {"reason": "x", "quote": quote["digest"]})
        assert (status, gone["state"], gone["payment"]["withdrawn_at"] is not None) == (200, "ended", True)
    with on("2026-04-02"):
        subscriptions.work()
        subscriptions.work()
    assert money(bank) == [1500, -1500]


def benefits_used(shop, times, member=None):
    from regulars.people.members import services as members

    member_id = members.resolve(program_id=shop.program, ref=member or shop.ada)
    for n in range(times):
        benefits.use(program_id=shop.program, member_id=member_id, benefit="shipping", key=f"u{n}", actor="key:1")


def test_a_gift_is_redeemed_by_its_code_and_an_unknown_one_is_told_nothing(shop, bank):
    body = {"plan": "monthly", "method": "ok", "periods": 3, "payer": shop.ada}
    status, gift = shop.post("/subscription-gifts", body, "gift")
    assert (status, gift["state"], gift["amount_minor"]) == (201, "ready", 4500)
    assert shop.post("/subscription-gifts", body, "gift") == (201, gift)
    assert shop.get(f"/subscription-gifts/{gift['code'].lower()}") == (200, gift)
    with on("2026-01-31"):
        status, sub = shop.post(f"/subscription-gifts/{gift['code']}/redeem", {"member": shop.bob})
        assert (status, sub["member"], sub["state"], sub["renews"]) == (201, shop.bob, "active", False)
        assert (sub["period_to"], sub["is_gift"]) == ("2026-04-30", True)
    assert shop.post(f"/subscription-gifts/{gift['code']}/refund", {"reason": "x"})[1]["code"] == "gift_not_ready"
    status, no = shop.post("/subscription-gifts/NOPE-NOPE-NOPE-N/redeem", {"member": shop.bob})
    assert (status, no["code"]) == (404, "unknown_gift_code")
    assert money(bank) == [4500]
    with on("2026-04-30"):
        assert shop.get(f"/subscriptions/{sub['id']}")[1]["end_cause"] == "expired"


def test_a_gift_that_nobody_redeemed_is_given_back_whole(shop, bank):
    _, gift = shop.post("/subscription-gifts", {"plan": "monthly", "method": "ok"})
    status, back = shop.post(f"/subscription-gifts/{gift['code']}/refund", {"reason": "changed her mind"})
    assert (status, back["state"]) == (200, "refunded")
    assert money(bank) == [1500, -1500]
    _, no = shop.post(f"/subscription-gifts/{gift['code']}/redeem", {"member": shop.bob})
    assert no["code"] == "gift_not_ready"


def test_a_family_has_what_the_plan_gives_while_it_sits_there(shop):
    made = subscribed(shop)
    path = f"/subscriptions/{made['id']}/family"
    status, no = shop.post(f"{path}/join", {"member": shop.bob})
    assert (status, no["code"]) == (409, "not_invited")
    assert shop.post(path, {"member": shop.bob})[1]["state"] == "invited"
    assert shop.post(f"{path}/join", {"member": shop.bob})[1]["state"] == "joined"
    benefits_used(shop, 1, shop.bob)
    assert [s["member"] for s in shop.get(path)[1]["items"]] == [shop.bob]
    assert shop.post(f"{path}/leave", {"member": shop.bob})[1]["state"] == "left"
    with pytest.raises(NotYourBenefit):
        benefits_used(shop, 2, shop.bob)


def bought(shop, key, member, amount, day):
    body = {
        "member": member, "channel": "store", "store": "bund", "currency": "CNY", "occurred_at": f"{day}T11:59:00+08:00",
        "lines": [{"id": "1", "sku": "SKU1", "quantity": "1", "amount_minor": amount}],
    }  # fmt: skip
    status, _ = shop.send("PUT", f"/sessions/{key}", body)
    assert status == 201
    status, receipt = shop.post(f"/sessions/{key}/close", {})
    assert status == 201
    return receipt


def test_a_membership_says_what_it_saved_beside_what_it_cost(shop):
    with on("2026-04-01"):
        bought(shop, "before", shop.ada, 10_000, "2026-04-01")  # only what all have
    with on("2026-04-02"):
        subscribed(shop)
        benefits_used(shop, 2)
    with on("2026-04-03"):
        receipt = bought(shop, "within", shop.ada, 20_000, "2026-04-03")
        assert receipt["total"] < 20_000 * 95 // 100
        bought(shop, "guest", shop.bob, 20_000, "2026-04-03")
    with on("2026-04-20"):
        status, found = shop.get(f"/members/{shop.ada}/savings?starts=2026-04-01&ends=2026-05-01")
        assert shop.get(f"/members/{shop.bob}/savings")[1]["saved_minor"] == 0
    items = {(i["kind"], i["key"]): i for i in found["items"]}
    assert (status, found["paid_minor"], found["currency"]) == (200, 1500, "CNY")
    assert (items["benefit", "shipping"]["amount_minor"], items["benefit", "shipping"]["times"]) == (1200, 2)
    off = items["discount", "plus-ten"]
    assert (off["amount_minor"] in (1900, 2000), off["times"]) == (True, 1)
    assert set(items) == {("benefit", "shipping"), ("discount", "plus-ten")}
    assert found["saved_minor"] == 1200 + off["amount_minor"]


def test_prepaid_income_is_earned_by_the_day_and_sums_to_what_was_paid(shop):
    with on("2026-04-01"):
        made = subscribed(shop)
    with on("2026-04-16"):
        shop.post(f"/subscriptions/{made['id']}/plan", {"plan": "yearly"})
    _, april = shop.get("/subscription-income?starts=2026-04-01&ends=2026-05-01")
    _, later = shop.get("/subscription-income?starts=2026-05-01&ends=2027-05-01")
    lines = {i["plan"]: i for i in april["items"]}
    assert lines["monthly"] == {
        "plan": "monthly", "opening_minor": 0, "charged_minor": 1500, "moved_minor": -750, "refunded_minor": 0,
        "earned_minor": 750, "closing_minor": 0,
    }  # fmt: skip
    assert (lines["yearly"]["charged_minor"], lines["yearly"]["moved_minor"]) == (14_250, 750)
    rest = {i["plan"]: i for i in later["items"]}["yearly"]
    assert rest["opening_minor"] == lines["yearly"]["closing_minor"] == 15_000 - lines["yearly"]["earned_minor"]
    assert (rest["earned_minor"], rest["closing_minor"]) == (rest["opening_minor"], 0)
    assert shop.get("/subscription-income?starts=2026-05-01&ends=2026-04-01")[0] == 422


def test_a_paid_level_ends_with_the_membership(shop):
    from regulars.people.members import services as members
    from regulars.value.tiers import services as tiers

    ada = members.resolve(program_id=shop.program, ref=shop.ada)
    with on("2026-04-01"):
        made = subscribed(shop)
        assert tiers.standing(program_id=shop.program, member_id=ada).level == "gold"
        shop.post(f"/subscriptions/{made['id']}/cancel", {"reason": "x", "when": "at_once"})
        assert tiers.standing(program_id=shop.program, member_id=ada).level == "green"


def test_the_document_keeps_its_plans_and_says_how_many_keep_their_terms(shop):
    from regulars.governance.publishing import services as publishing
    from regulars.value.subscriptions.services import document

    subscribed(shop)
    told = document.describe(shop.program)
    assert [p["key"] for p in told["plans"]] == ["monthly", "yearly"]
    dearer = {**told, "plans": [{**told["plans"][0], "price": "18.00"}, told["plans"][1]]}
    (change,) = subscriptions.plan(shop.program, {"program": {"currency": "CNY"}, **dearer})
    assert (change.path, change.after["keep_their_terms"]) == ("plans.monthly", 1)
    assert publishing is not None

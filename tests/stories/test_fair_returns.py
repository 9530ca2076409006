"""Returns that reverse exactly what the sale did, over HTTP: what users of other systems suffer, one story each."""

from itertools import permutations

import pytest

from regulars.kernel import ids
from regulars.value.coupons import services as coupons
from regulars.value.ledger import services as ledger
from regulars.value.orders import services as orders
from regulars.value.promotions import services as promotions
from tests.stories.cast import DOCUMENT, NOON, a_caller, a_member, a_program

LATER = "2026-01-06T12:00:00+08:00"
POLICIES = "policies: {{returns: proportional, claims_within_days: 30, future_tolerance_minutes: 10}}"


def program_of(*promotions, templates=()):
    """The Corner with these promotions, where ten points pay one yuan."""
    head, tail = DOCUMENT.split(POLICIES)
    policies = (
        "policies: {{returns: proportional, claims_within_days: 30, future_tolerance_minutes: 10,"
        " points_tender: [{{unit: points, points: 10, amount: 1.00}}]}}"
    )
    sections = f"coupon_templates:{_listed(templates)}\npromotions:{_listed(promotions)}\n"
    return a_program(document=f"{head}{policies}{tail}{sections}")


def _listed(entries):
    return "".join(f"\n  - {one}" for one in entries).replace("{", "{{").replace("}", "}}") or " []"


@pytest.fixture
def corner(db):
    """Opens a shop with promotions; returns the till that calls, with the member Ada."""

    def opened(*promotions, templates=()):
        coupons.forget_versions()
        coupons.forget_numbers()
        program = program_of(*promotions, templates=templates)
        till = a_caller(program)
        till.program, till.ada, till.sold = program, a_member(program, "ADA"), 0
        return till

    yield opened
    assert [*orders.discrepancies(), *ledger.discrepancies(), *coupons.discrepancies()] == []
    assert list(promotions.discrepancies()) == []


def sell(till, *lines, points=None, member=True, **more):
    """Closes a basket of (id, sku, quantity, amount in fen); its receipt."""
    till.sold += 1
    key = f"b{till.sold}"
    body = {
        "channel": "store",
        "store": "bund",
        "currency": "CNY",
        "occurred_at": NOON,
        "lines": [{"id": i, "sku": s, "quantity": str(q), "amount_minor": a} for i, s, q, a in lines],
        **more,
    }
    if member:
        body["member"] = till.ada
    if points is not None:
        body["spend_points"] = [{"unit": "points", "amount": points}]
    status, quote = till.send("PUT", f"/sessions/{key}", body)
    assert status == 201, quote
    status, receipt = till.post(f"/sessions/{key}/close", {"digest": quote["digest"]})
    assert status == 201, receipt
    return receipt


def bring(till, receipt, *lines, status=201):
    """Brings (line, quantity) back; the answer."""
    till.sold += 1
    back = {
        "ref": f"R{till.sold}",
        "occurred_at": LATER,
        "lines": [{"id": i, "quantity": str(q)} for i, q in lines],
    }
    got, answer = till.post(f"/orders/{receipt['order']}/returns", back)
    assert got == status, answer
    return answer


def holds(till):
    _, answer = till.get(f"/members/{till.ada}/balances")
    points = next((b for b in answer["items"] if b["unit"] == "points"), {"active": 0, "debt": 0})
    return points["active"], points["debt"]


OFF_TEN = "{key: ten-off, effects: [{kind: order_amount, amount: 10.00}]}"


def test_refund_does_not_keep_the_points_however_often_it_is_repeated(corner):
    till = corner()
    for _ in range(3):
        receipt = sell(till, ("a", "TEA", 1, 10_000))
        assert holds(till) == (100, 0)
        answer = bring(till, receipt, ("a", 1))
        assert (answer["refund_minor"], answer["clawed"]["points"]) == (10_000, 100)
        assert holds(till) == (0, 0)


def test_refund_does_not_charge_spent_points_a_second_time_even_in_part(corner):
    till = corner()
    sell(till, ("a", "TEA", 1, 100_000))
    receipt = sell(till, ("a", "TEA", 2, 20_000), points=1_000)
    assert receipt["due"] == 10_000
    earned = receipt["earn"].get("points", 0)
    assert holds(till) == (earned, 0)
    first = bring(till, receipt, ("a", 1))
    assert (first["refund_minor"], first["tendered_minor"], first["restored"]) == (5_000, 5_000, {"points": 500})
    assert holds(till) == (500 + earned - first["clawed"]["points"], 0)
    second = bring(till, receipt, ("a", 1))
    assert (second["refund_minor"], second["restored"]) == (5_000, {"points": 500})
    assert first["clawed"]["points"] + second["clawed"]["points"] == earned
    assert holds(till) == (1_000, 0)


def test_refund_of_a_line_does_not_redistribute_the_order_s_discount(corner):
    till = corner(OFF_TEN)
    receipt = sell(till, ("a", "TEA", 1, 3_000), ("b", "CUP", 1, 7_000))
    assert receipt["total"] == 9_000
    answer = bring(till, receipt, ("a", 1))
    assert answer["refund_minor"] == 2_700
    _, order = till.get(f"/orders/{receipt['order']}")
    assert [(x["id"], x["amount_minor"]) for x in order["lines"]] == [("a", 2_700), ("b", 6_300)]
    assert bring(till, receipt, ("b", 1))["refund_minor"] == 6_300


BIG = "{key: big, on_return: %s, effects: [{kind: thresholds, steps: [{from: 100.00, off: 20.00}]}]}"


def test_threshold_exploit_by_returning_the_filler_is_charged(corner):
    till = corner(BIG % "reprice")
    receipt = sell(till, ("a", "TEA", 1, 5_000), ("b", "FILLER", 1, 5_000))
    assert receipt["total"] == 8_000
    first = bring(till, receipt, ("b", 1))
    assert (first["refund_minor"], first["charged_minor"]) == (3_000, 1_000)
    assert first["repriced"] == [{"promotion": "big", "kept_minor": 1_000, "deserved_minor": 0}]
    last = bring(till, receipt, ("a", 1))
    assert (last["refund_minor"], last["charged_minor"]) == (5_000, -1_000)


def test_threshold_that_keeps_refunds_the_share_that_was_paid(corner):
    till = corner(BIG % "keep")
    receipt = sell(till, ("a", "TEA", 1, 5_000), ("b", "FILLER", 1, 5_000))
    assert bring(till, receipt, ("b", 1))["refund_minor"] == 4_000


BUNDLE = (
    "{key: set, on_return: all_or_nothing, effects: [{kind: bundle, price: 80.00, parts: ["
    "{goods: {include: {skus: [TEA]}}}, {goods: {include: {skus: [CUP]}}}]}]}"
)


def test_bundle_exploit_is_refused_until_the_whole_bundle_comes_back(corner):
    till = corner(BUNDLE)
    receipt = sell(till, ("a", "TEA", 2, 12_000), ("b", "CUP", 2, 8_000), ("c", "SPOON", 1, 500))
    assert receipt["total"] == 16_500
    refused = bring(till, receipt, ("a", 1), status=409)
    assert (refused["code"], refused["facts"]) == ("bundle_incomplete", {"promotion": "set", "lines": ["a", "b"]})
    assert bring(till, receipt, ("c", 1))["refund_minor"] == 500
    assert bring(till, receipt, ("a", 1), ("b", 1))["refund_minor"] == 8_000
    bring(till, receipt, ("b", 1), status=409)
    assert bring(till, receipt, ("a", 1), ("b", 1))["refund_minor"] == 8_000


THREE = "{key: three, on_return: %s, effects: [{kind: buy_x_get_y, buy: 2, get: 1}]}"


def test_buy_two_get_one_counts_right_when_units_come_back(corner):
    till = corner(THREE % "reprice")
    receipt = sell(till, ("a", "TEA", 6, 6_000))
    assert receipt["total"] == 4_000  # two of six are free
    paid, refunds = 4_000, []
    for left, costs in ((5, 4_000), (4, 3_000), (3, 2_000), (2, 2_000), (1, 1_000), (0, 0)):
        refunds.append(bring(till, receipt, ("a", 1))["refund_minor"])
        assert paid - sum(refunds) == costs, left
    assert refunds == [0, 1_000, 1_000, 0, 1_000, 1_000]


def test_a_free_one_of_three_comes_back_with_them_or_not_at_all(corner):
    till = corner(THREE % "all_or_nothing")
    receipt = sell(till, ("a", "TEA", 6, 6_000))
    assert bring(till, receipt, ("a", 1), status=409)["code"] == "bundle_incomplete"
    assert bring(till, receipt, ("a", 3))["refund_minor"] == 2_000
    assert bring(till, receipt, ("a", 3))["refund_minor"] == 2_000


@pytest.mark.parametrize("order", list(permutations("abc")))
def test_no_cent_and_no_point_is_lost_by_rounding(corner, order):
    till = corner("{key: third, effects: [{kind: order_percent, percent: 33.3333}]}")
    receipt = sell(till, ("a", "TEA", 3, 1_000), ("b", "CUP", 7, 999), ("c", "SPOON", 1, 1))
    units = {"a": 3, "b": 7, "c": 1}
    answers = [bring(till, receipt, (i, 1)) for i in order for _ in range(units[i])]
    assert sum(a["refund_minor"] for a in answers) == receipt["total"]
    assert sum(a["clawed"].get("points", 0) for a in answers) == receipt["earn"]["points"]
    assert holds(till) == (0, 0)


def test_points_do_not_live_longer_by_being_spent_and_refunded(corner):
    till = corner()
    sell(till, ("a", "TEA", 1, 10_000))
    before = till.get(f"/members/{till.ada}/balances")[1]
    receipt = sell(till, ("a", "TEA", 1, 1_000), points=100)
    assert receipt["due"] == 0
    bring(till, receipt, ("a", 1))
    assert till.get(f"/members/{till.ada}/balances")[1]["items"] == before["items"]


def test_everything_else_that_a_sale_brought_comes_back_or_is_said(corner):
    till = corner(
        "{key: ten-off, limits: [{limit: 1, period: lifetime}], budget: {amount: 50.00},"
        " effects: [{kind: order_amount, amount: 10.00}, {kind: notify, text: {en: Thanks}}]}"
    )
    receipt = sell(till, ("a", "TEA", 1, 5_000))
    assert receipt["total"] == 4_000
    assert sell(till, ("a", "TEA", 1, 5_000))["total"] == 5_000  # once for a member
    answer = bring(till, receipt, ("a", 1))
    assert {x["key"]: x["amount"] for x in answer["limits"]} == {
        "ten-off/budget/minor/lifetime": 1_000,
        "promo/ten-off/lifetime": 1,
    }
    assert [(x["what"], x["promotion"]) for x in answer["not_undone"]] == [("notify", "ten-off")]
    assert sell(till, ("a", "TEA", 1, 5_000))["total"] == 4_000


def test_an_exchange_pays_only_the_balance(corner):
    till = corner(OFF_TEN)
    receipt = sell(till, ("a", "TEA", 1, 5_000))
    sale = {
        "ref": "N1", "channel": "store", "store": "bund", "currency": "CNY", "occurred_at": LATER,
        "lines": [{"id": "1", "sku": "CUP", "quantity": "1", "amount_minor": 6_000}],
    }  # fmt: skip
    back = {"ref": "X1", "occurred_at": LATER, "lines": [{"id": "a", "quantity": "1"}]}
    status, answer = till.post(f"/orders/{receipt['order']}/exchange", {"back": back, "sale": sale})
    assert (status, answer["balance_minor"]) == (201, 2_000)
    assert (answer["back"]["kind"], answer["sale"]["member"]) == ("exchange", till.ada)
    assert holds(till) == (60, 0)


def test_what_waits_for_pick_up_can_be_cancelled_in_part(corner):
    till = corner()
    sale = {
        "ref": "P1", "member": till.ada, "channel": "web", "store": "web", "currency": "CNY", "occurred_at": NOON,
        "lines": [{"id": "a", "sku": "TEA", "quantity": "3", "amount_minor": 9_000}],
        "attributes": {"fulfilment": "pickup"},
    }  # fmt: skip
    _, order = till.post("/orders", sale)
    status, _ = till.post(f"/orders/{order['id']}/hand-over", {"lines": [{"id": "a", "quantity": "2"}]})
    assert status == 200
    cancel = {"ref": "C1", "occurred_at": LATER, "lines": [{"id": "a", "quantity": "1"}]}
    status, answer = till.post(f"/orders/{order['id']}/cancel-lines", cancel)
    assert (status, answer["kind"], answer["refund_minor"]) == (201, "cancellation", 3_000)
    status, answer = till.post(f"/orders/{order['id']}/cancel-lines", {**cancel, "ref": "C2"})
    assert (status, answer["code"]) == (409, "return_exceeds")
    assert holds(till) == (60, 0)


TEMPLATES = (
    "{key: five, gives: {effects: [{kind: order_amount, amount: 5.00}]}}",
    "{key: once, returns: keep, gives: {effects: [{kind: order_amount, amount: 5.00}]}}",
)
THANKS = "{key: thanks, min: {amount: 50.00}, effects: [{kind: issue_coupon, template: five}]}"


def coupon_of(till, template):
    """A coupon for Ada; its code."""
    till.sold += 1
    member_id = ids.decode("mem", till.ada)
    (one,) = coupons.issue(
        program_id=till.program, template=template, member_id=member_id, key=f"k{till.sold}", actor="staff:1"
    )
    return one.code


def wallet_of(till):
    """The states of Ada's coupons, newest first."""
    page = coupons.wallet(program_id=till.program, member_id=ids.decode("mem", till.ada))
    return [c.state.value for c in page.items]


def test_a_coupon_can_be_used_again_once_nothing_it_discounted_is_left(corner):
    till = corner(templates=TEMPLATES)
    code = coupon_of(till, "five")
    receipt = sell(till, ("a", "TEA", 2, 2_000), coupons=[code])
    assert receipt["total"] == 1_500
    first = bring(till, receipt, ("a", 1))
    assert (first["refund_minor"], first["coupons"], wallet_of(till)) == (750, [], ["redeemed"])
    last = bring(till, receipt, ("a", 1))
    assert [(c["restored"], c["why"]) for c in last["coupons"]] == [(True, "")]
    assert (last["refund_minor"], wallet_of(till)) == (750, ["open"])
    assert sell(till, ("a", "TEA", 2, 2_000), coupons=[code])["total"] == 1_500


def test_a_coupon_whose_template_keeps_it_stays_used_and_that_is_said(corner):
    till = corner(templates=TEMPLATES)
    receipt = sell(till, ("a", "TEA", 1, 2_000), coupons=[coupon_of(till, "once")])
    answer = bring(till, receipt, ("a", 1))
    assert [(c["restored"], c["why"]) for c in answer["coupons"]] == [(False, "policy")]
    assert [n["why"] for n in answer["not_undone"]] == ["policy"]
    assert wallet_of(till) == ["redeemed"]


def test_a_coupon_that_the_sale_brought_is_withdrawn_unless_it_was_used(corner):
    till = corner(THANKS, templates=TEMPLATES)
    receipt = sell(till, ("a", "TEA", 1, 6_000))
    assert wallet_of(till) == ["open"]
    answer = bring(till, receipt, ("a", 1))
    assert [(i["voided"], i["why"]) for i in answer["issued"]] == [(True, "")]
    assert answer["issued"][0]["coupon_id"].startswith("cpn_")
    assert wallet_of(till) == ["voided"]
    receipt = sell(till, ("a", "TEA", 1, 6_000))
    page = coupons.wallet(program_id=till.program, member_id=ids.decode("mem", till.ada))
    sell(till, ("a", "TEA", 1, 1_000), coupons=[page.items[0].code])
    answer = bring(till, receipt, ("a", 1))
    assert [(i["voided"], i["why"]) for i in answer["issued"]] == [(False, "already_used")]
    assert [n["what"].split(":")[0] for n in answer["not_undone"]] == ["issued"]


def test_a_reopened_session_gives_the_coupon_and_the_points_to_the_new_order(corner):
    till = corner(templates=TEMPLATES)
    sell(till, ("a", "TEA", 1, 10_000))
    code = coupon_of(till, "once")
    receipt = sell(till, ("a", "TEA", 1, 2_000), coupons=[code], points=50)
    key = f"b{till.sold}"
    assert (receipt["total"], receipt["due"]) == (1_500, 1_000)
    status, answer = till.post(f"/sessions/{key}/reopen", {})
    assert status == 200, answer
    assert (answer["state"], answer["total"]) == ("open", 1_500)
    assert holds(till) == (100, 0)
    status, again = till.post(f"/sessions/{key}/close", {})
    assert (status, again["due"]) == (201, 1_000), again
    assert again["order"] != receipt["order"]


def test_a_return_that_says_no_time_is_of_now_and_the_same_when_it_is_told_again(corner):
    till = corner()
    order = sell(till, ("1", "mug", 2, 2000))["order"]
    told = {"ref": "r1", "lines": [{"id": "1", "quantity": "1"}]}
    status, done = till.post(f"/orders/{order}/returns", told)
    status_again, again = till.post(f"/orders/{order}/returns", told)
    assert (status, status_again) == (201, 200)
    assert (done["refund_minor"], again["id"]) == (1000, done["id"])
    status, other = till.post(f"/orders/{order}/returns", {**told, "lines": [{"id": "1", "quantity": "2"}]})
    assert (status, other["code"]) == (409, "return_differs")


def test_a_thousand_lines_come_back_in_two_returns_to_the_last_penny(corner):
    till = corner()
    order = sell(till, *[(str(n), f"sku-{n}", 2, 201 + n) for n in range(1000)])["order"]
    half = [{"id": str(n), "quantity": "1"} for n in range(1000)]
    _, first = till.post(f"/orders/{order}/returns", {"ref": "a", "lines": half})
    _, second = till.post(f"/orders/{order}/returns", {"ref": "b", "lines": half})
    assert first["refund_minor"] + second["refund_minor"] == sum(201 + n for n in range(1000))
    assert len(second["lines"]) == 1000
    assert till.get(f"/orders/{order}")[1]["state"] == "returned"


CHOICE = "{key: choice, goods: {include: {skus: [TEA]}}, effects: [{kind: gift, choose_from: [MUG, CUP]}]}"


def test_a_member_says_at_the_till_which_gift_she_chose_and_no_other(corner):
    till = corner(CHOICE)
    tea = {"id": "a", "sku": "TEA", "quantity": "1", "amount_minor": 5_000}

    def closed(key, **gift):
        chosen = {"id": "g", "quantity": "1", "amount_minor": 0, "kind": "reward", **gift}
        chosen["attributes"] = {"promotion": "choice"}
        body = {"channel": "store", "store": "bund", "currency": "CNY", "occurred_at": NOON, "lines": [tea, chosen]}
        assert till.send("PUT", f"/sessions/{key}", {**body, "member": till.ada})[0] == 201
        return till.post(f"/sessions/{key}/close", {})

    status, receipt = closed("g1", sku="MUG")
    assert (status, receipt["total"], receipt["earn"]["points"]) == (201, 5_000, 50)
    _, order = till.get(f"/orders/{receipt['order']}")
    assert [(x["id"], x["sku"], x["amount_minor"]) for x in order["lines"]] == [("a", "TEA", 5_000), ("g", "MUG", 0)]
    for gift in ({"sku": "CAR"}, {"sku": "MUG", "quantity": "2"}, {"sku": "CUP", "amount_minor": 100}):
        status, refusal = closed(f"no-{gift['sku']}", **gift)
        assert (status, refusal["errors"][0]["path"]) == (422, "lines.1"), gift

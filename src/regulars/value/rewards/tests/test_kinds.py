"""What each kind of reward gives, how it moves on, and who waits for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.people.members import services as members
from regulars.value.coupons import services as coupons
from regulars.value.ledger import services as ledger
from regulars.value.rewards import services as rewards
from regulars.value.rewards.terms import (
    NoCodes,
    NotCancellable,
    NotSoldOut,
    NoWaiting,
    RedemptionKeyReused,
    SessionGone,
    SoldOut,
    State,
    StockTaken,
    Total,
    UnknownRedemption,
    UnknownReward,
    WaitState,
    WrongState,
)
from regulars.value.rewards.tests import house

pytestmark = pytest.mark.django_db
CAUSE = {"key": "trees", "name": {"en": "Trees"}, "target": 10_000}
DONATION = house.reward("donate", 50, kind="donation", cause=CAUSE)


def test_a_coupon_reward_is_in_the_wallet_at_once_and_comes_back_while_unused():
    shop = house.program(house.coupon(gives={"template": "ten", "count": 2}, cancel={"until": "used"}))
    mary = house.member(shop, 500)
    got = house.redeem(shop, mary, "tenner")
    assert got.state is State.FULFILLED
    held = coupons.wallet(program_id=shop, member_id=mary, limit=10).items
    assert [c.state for c in held] == ["open", "open"]
    assert house.cancel(got, as_member=True).state is State.CANCELLED
    assert {c.state for c in coupons.wallet(program_id=shop, member_id=mary, limit=10).items} == {"voided"}
    assert house.wallet(mary) == (500, 0)
    second = house.redeem(shop, mary, "tenner")
    code = next(c.code for c in coupons.wallet(program_id=shop, member_id=mary, limit=10).items if c.state == "open")
    found = coupons.find(program_id=shop, codes=[code], member_id=mary)
    coupons.redeem(program_id=shop, held=found, order="o1", member_id=mary, actor="a")
    before = house.everything()
    with pytest.raises(NotCancellable):
        house.cancel(second, as_member=True)
    assert house.everything() == before
    assert rewards.discrepancies() == []


def test_a_donation_adds_to_the_running_total_of_its_cause_and_is_payable_to_it():
    shop = house.program(DONATION)
    for n in (1, 3):
        house.redeem(shop, house.member(shop, 500), "donate", count=n)
    assert rewards.totals(program_id=shop) == (Total(cause="trees", unit="points", amount=200, donations=2),)
    assert house.rows("select sum(amount) from ledger_posting where credit = 'payable' and party = 'trees'") == [
        (200,)
    ]
    (one,) = rewards.redemptions(program_id=shop, limit=1).items
    with pytest.raises(NotCancellable):
        house.cancel(one)
    assert rewards.discrepancies() == []


def test_a_donation_with_money_counts_when_the_money_has_come():
    shop = house.program({**DONATION, "price": {"units": {"points": 50}, "amount": "2"}})
    mary = house.member(shop, 500)
    got = house.redeem(shop, mary, "donate")
    assert rewards.totals(program_id=shop) == ()
    paid = rewards.pay(program_id=shop, redemption_id=got.redemption_id, payment_ref="o1", actor="a")
    assert paid.state is State.FULFILLED
    assert [(t.unit, t.amount) for t in rewards.totals(program_id=shop, cause="trees")] == [
        ("GBP", 200),
        ("points", 50),
    ]
    assert rewards.discrepancies() == []


def test_codes_of_a_pool_are_sealed_rejected_twice_and_shown_to_who_redeemed():
    shop = house.program(house.reward("film", kind="digital_code", cancel={"until": "used"}))
    mary = house.member(shop, 1000)
    with pytest.raises(SoldOut):
        house.redeem(shop, mary, "film")
    call = {"program_id": shop, "reward": "film", "actor": "a"}
    told = rewards.import_codes(
        **call, codes=rewards.read_codes("code\nAAA-1\nAAA-1\n\nAAA-2\n" + "x" * 501), key="p1"
    )
    assert (told.lines, told.stored) == (4, 2)
    assert told.rejects == ((3, "stands in the file twice"), (6, "is longer than 500 characters"))
    assert (
        rewards.import_codes(**call, codes=rewards.read_codes("code\nAAA-1\nAAA-1\n\nAAA-2\n" + "x" * 501), key="p1")
        == told
    )
    with pytest.raises(RedemptionKeyReused):
        rewards.import_codes(**call, codes=["other"], key="p1")
    assert rewards.import_codes(**call, codes=["AAA-2", "AAA-3"], key="p2").rejects == ((1, "is a code already"),)
    assert house.shelf(shop, "film") == (3, 0)
    assert all(b"AAA" not in bytes(sealed) for (sealed,) in house.rows("select sealed from rewards_code"))
    unseen = house.redeem(shop, mary, "film")
    assert house.cancel(unseen, as_member=True).state is State.CANCELLED
    got = house.redeem(shop, mary, "film", count=2)
    show = {"program_id": shop, "redemption_id": got.redemption_id, "actor": "m"}
    assert rewards.show_codes(**show) == ("AAA-1", "AAA-2")
    assert rewards.show_codes(**show) == ("AAA-1", "AAA-2")
    kinds = [c.kind for c in rewards.story(program_id=shop, redemption_id=got.redemption_id)]
    assert kinds == ["requested", "fulfilled", "shown"]
    with pytest.raises(NotCancellable):
        house.cancel(got)
    with pytest.raises(NoCodes):
        rewards.show_codes(program_id=shop, redemption_id=unseen.redemption_id, actor="m")
    assert house.shelf(shop, "film") == (3, 2)
    assert rewards.discrepancies() == []


def test_a_code_that_does_not_work_gives_the_value_back_and_is_nobody_s_again():
    shop = house.program(house.reward("film", kind="digital_code"))
    rewards.import_codes(program_id=shop, reward="film", codes=["A", "B"], key="p", actor="a")
    mary = house.member(shop, 100)
    got = house.redeem(shop, mary, "film")
    rewards.show_codes(program_id=shop, redemption_id=got.redemption_id, actor="m")
    failed = rewards.fail(program_id=shop, redemption_id=got.redemption_id, reason="used before", actor="a")
    assert (failed.state, failed.gave_back, house.wallet(mary)) == (State.FAILED, True, (100, 0))
    assert house.shelf(shop, "film") == (2, 1)
    assert rewards.discrepancies() == []


def test_a_date_that_has_begun_or_is_unknown_is_refused():
    told = [{"key": "may", "starts": "2030-05-01T18:00", "seats": 2}]
    shop = house.program(house.reward("dinner", kind="experience", sessions=told))
    mary = house.member(shop, 500)
    assert house.redeem(shop, mary, "dinner", session="may", count=2).session == "may"
    with pytest.raises(SoldOut):
        house.redeem(shop, mary, "dinner", session="may")
    for session in ("", "june"):
        with pytest.raises(SessionGone):
            house.redeem(shop, mary, "dinner", session=session)
    with clock.at(datetime(2030, 5, 1, 17, tzinfo=UTC)), pytest.raises(SessionGone):  # 18:00 in London
        house.redeem(shop, mary, "dinner", session="may")


def test_a_redemption_moves_by_its_way_of_fulfilment_and_every_step_is_in_its_story():
    shop = house.program(house.reward(fulfilment={"by": "store", "fetch_days": 2}))
    mary = house.member(shop, 500)
    got = house.redeem(shop, mary, store="station")
    of = {"program_id": shop, "redemption_id": got.redemption_id, "actor": "staff:1"}
    rewards.accept(**of)
    with pytest.raises(WrongState):
        rewards.ship(**of)
    ready = rewards.make_ready(**of)
    assert ready.fetch_until == clock.day_ends(
        clock.local_day(clock.now(), "Europe/London") + timedelta(days=2), "Europe/London"
    )
    assert rewards.make_ready(**of) == ready
    done = rewards.fulfil(**of, store="high-street")
    assert (done.state, done.store, done.fetch_until) == (State.FULFILLED, "high-street", None)
    with pytest.raises(WrongState):
        rewards.accept(**of)
    kinds = [(c.kind, c.actor) for c in rewards.story(program_id=shop, redemption_id=got.redemption_id)]
    assert kinds == [("requested", "key:1"), *[(k, "staff:1") for k in ("accepted", "ready", "fulfilled")]]
    assert rewards.by_code(program_id=shop, code=got.code.lower()) == done
    with pytest.raises(UnknownRedemption):
        rewards.by_code(program_id=shop, code="NOPE")
    assert rewards.discrepancies() == []


@pytest.mark.parametrize(("give_back", "left"), [(True, 500), (False, 400)])
def test_what_is_not_fetched_expires_and_the_piece_is_to_be_had_again(give_back, left):
    by = {"by": "store", "fetch_days": 1, "give_back": give_back}
    shop = house.program(house.reward(stock=1, fulfilment=by, per_member={"times": 1}))
    mary = house.member(shop, 500)
    got = house.redeem(shop, mary)
    ready = rewards.make_ready(program_id=shop, redemption_id=got.redemption_id, actor="a")
    assert rewards.sweep() == 0
    with clock.at(ready.fetch_until):
        assert rewards.sweep() == 1
    after = rewards.find(program_id=shop, redemption_id=got.redemption_id)
    assert (after.state, after.gave_back) == (State.EXPIRED, give_back)
    assert (house.wallet(mary)[0], house.shelf(shop)) == (left, (1, 0))
    assert house.rows("select used from rewards_tally") == [(0 if give_back else 1,)]
    assert rewards.discrepancies() == []


def test_what_was_brought_back_may_be_put_on_the_shelf_or_not():
    shop = house.program(house.reward(stock=2))
    mary = house.member(shop, 500)
    whole, broken = house.redeem(shop, mary), house.redeem(shop, mary)
    for one in (whole, broken):
        rewards.fulfil(program_id=shop, redemption_id=one.redemption_id, actor="a")
    house.cancel(whole, reason="brought back")
    house.cancel(broken, reason="brought back broken", restock=False)
    assert (house.shelf(shop), house.wallet(mary)) == ((2, 1), (500, 0))
    assert rewards.discrepancies() == []


def test_who_waits_is_offered_first_come_first_and_has_some_hours():
    shop = house.program(house.reward(stock=1, waiting_list={"hours": 3}))
    anna, mary, zoe = (house.member(shop, 100) for _ in range(3))
    join = {"program_id": shop, "reward": "mug", "actor": "a"}
    with pytest.raises(NotSoldOut):
        rewards.join(**join, member_id=mary)
    had = house.redeem(shop, anna)
    assert rewards.join(**join, member_id=mary).place == 1
    assert rewards.join(**join, member_id=zoe).place == 2
    assert rewards.join(**join, member_id=mary).place == 1
    house.cancel(had)
    (offer,) = rewards.waits_of(program_id=shop, member_id=mary)
    assert offer.state is WaitState.OFFERED
    assert offer.until - offer.offered_at == timedelta(hours=3)
    with pytest.raises(SoldOut):
        house.redeem(shop, anna)
    with clock.at(offer.until):
        assert rewards.sweep() == 1
    assert rewards.waits_of(program_id=shop, member_id=mary) == ()
    (next_offer,) = rewards.waits_of(program_id=shop, member_id=zoe)
    assert next_offer.state is WaitState.OFFERED
    house.redeem(shop, zoe)
    assert house.shelf(shop) == (1, 1)
    assert [kind for (kind,) in house.rows("select kind from kernel_fact where kind = 'RewardOffered'")] == [
        "RewardOffered"
    ] * 2
    assert rewards.discrepancies() == []


def test_who_leaves_the_list_passes_the_offer_on():
    shop = house.program(house.reward(stock=1, waiting_list=True), house.reward("plain"))
    had = house.redeem(shop, house.member(shop, 100))
    mary, zoe = house.member(shop, 100), house.member(shop, 100)
    first = rewards.join(program_id=shop, member_id=mary, reward="mug", actor="a")
    rewards.join(program_id=shop, member_id=zoe, reward="mug", actor="a")
    house.cancel(had)
    assert rewards.leave(program_id=shop, wait_id=first.wait_id, actor="a").state is WaitState.LEFT
    assert rewards.leave(program_id=shop, wait_id=first.wait_id, actor="a").state is WaitState.LEFT
    assert [w.member_id for w in rewards.waits(program_id=shop, reward="mug")] == [zoe]
    with pytest.raises(NoWaiting):
        rewards.join(program_id=shop, member_id=mary, reward="plain", actor="a")
    assert rewards.discrepancies() == []


def test_stock_is_changed_by_hand_and_by_versions_but_never_below_what_is_taken():
    shop = house.program(house.reward(stock=2, waiting_list=True))
    mary = house.member(shop, 1000)
    for _ in range(2):
        house.redeem(shop, mary)
    rewards.join(program_id=shop, member_id=mary, reward="mug", actor="a")
    rewards.restock(program_id=shop, reward="mug", count=3, reason="delivery", actor="a")
    assert house.shelf(shop) == (5, 3)
    with pytest.raises(StockTaken):
        rewards.restock(program_id=shop, reward="mug", count=-3, reason="broken", actor="a")
    rewards.restock(program_id=shop, reward="mug", count=-2, reason="broken", actor="a")
    house.publish(shop, house.reward(stock=1))
    assert house.shelf(shop) == (2, 3)
    assert rewards.shelves(program_id=shop)["mug"][0].left == 0
    with pytest.raises(SoldOut):
        house.redeem(shop, house.member(shop, 100))
    (first, *_) = rewards.redemptions(program_id=shop).items
    house.cancel(first)
    assert house.shelf(shop) == (2, 2)
    house.publish(shop, house.reward())
    assert house.shelf(shop)[0] is None
    house.redeem(shop, mary)
    with pytest.raises(UnknownReward):
        rewards.restock(program_id=shop, reward="mug", count=1, reason="x", actor="a")
    with pytest.raises(Invalid):
        rewards.restock(program_id=shop, reward="mug", count=0, reason="", actor="a")
    assert rewards.discrepancies() == []


def test_a_full_card_redeems_itself_once_for_each_time_it_is_full():
    shop = house.program(
        house.reward("coffee", None, price={"units": {"stamps": 10}}, auto={"unit": "stamps", "at": 10}),
        house.reward("medal", 1, auto={"unit": "growth", "at": 100}),
    )
    mary = house.member(shop, 1, stamps=9, growth=100)
    go = {"program_id": shop, "member_id": mary}
    assert [r.reward for r in rewards.redeem_by_itself(**go)] == ["medal"]
    house.earn(shop, mary, 1, "stamps")
    house.earn(shop, mary, 100, "growth")
    house.earn(shop, mary, 5)
    assert [r.reward for r in rewards.redeem_by_itself(**go)] == ["coffee"]
    assert rewards.redeem_by_itself(**go) == []
    house.earn(shop, mary, 12, "stamps")
    assert [(r.reward, r.source) for r in rewards.redeem_by_itself(**go)] == [("coffee", "auto")]
    assert house.wallet(mary, 2) == (2, 0)
    assert rewards.redeem_by_itself(program_id=shop, member_id=None) == []
    assert rewards.discrepancies() == []


def test_what_redeemed_itself_and_was_taken_back_does_not_do_so_again_with_the_same_points():
    shop = house.program(
        house.reward("coffee", None, price={"units": {"stamps": 10}}, auto={"unit": "stamps", "at": 10})
    )
    mary = house.member(shop, stamps=12)
    go = {"program_id": shop, "member_id": mary}
    [one] = rewards.redeem_by_itself(**go)
    house.cancel(one)
    assert (rewards.redeem_by_itself(**go), house.wallet(mary, 2)) == ([], (12, 0))
    house.earn(shop, mary, 7, "stamps")
    assert (rewards.redeem_by_itself(**go), house.wallet(mary, 2)) == ([], (19, 0))
    house.earn(shop, mary, 1, "stamps")
    assert len(rewards.redeem_by_itself(**go)) == 2
    assert rewards.discrepancies() == []


def test_what_comes_once_in_a_life_does_not_come_again_to_two_who_became_one():
    shop = house.program(house.reward("medal", 1, auto={"unit": "growth", "at": 100}))
    old, new = house.member(shop, 5, growth=100), house.member(shop, 5, growth=100)
    assert len(rewards.redeem_by_itself(program_id=shop, member_id=old)) == 1
    members.hold(program_id=shop, member_ids=[old, new])
    ledger.absorb(program_id=shop, from_id=old, into_id=new, key="m1", reason="merge", actor="a")
    rewards.absorb(program_id=shop, from_id=old, into_id=new)
    assert rewards.redeem_by_itself(program_id=shop, member_id=new) == []


def test_the_night_redeems_what_balances_reached_by_other_ways_than_orders():
    from regulars.kernel.nights import Work

    shop = house.program(
        house.reward("coffee", None, price={"units": {"stamps": 10}}, auto={"unit": "stamps", "at": 10})
    )
    people = [house.member(shop, stamps=10 + n) for n in range(3)]
    house.member(shop, stamps=9)
    now = clock.now()
    cursor, rounds = "", 0
    while cursor is not None:
        cursor = rewards.redeem_at_night(Work(program_id=shop, day=now.date(), at=now, cursor=cursor, limit=1))
        rounds += 1
    assert rounds == 4
    assert [house.wallet(who, 2)[0] for who in people] == [0, 1, 2]


def test_a_merged_member_keeps_redemptions_limits_and_her_place_and_a_split_gives_them_back():
    shop = house.program(
        house.reward(per_member={"times": 3}), house.reward("rare", stock=1, waiting_list=True),
        house.reward("box", fulfilment={"by": "ship"}),
    )  # fmt: skip
    house.redeem(shop, house.member(shop, 100), "rare")
    old, new = house.member(shop, 500), house.member(shop, 500)
    got = house.redeem(shop, old, count=2)
    house.redeem(shop, new)
    sent = house.redeem(shop, old, "box", delivery="1 High Street")
    for who in (old, new):
        rewards.join(program_id=shop, member_id=who, reward="rare", actor="a")
    members.hold(program_id=shop, member_ids=[old, new])
    moved = ledger.absorb(program_id=shop, from_id=old, into_id=new, key="m1", reason="merge", actor="a")
    record = rewards.absorb(program_id=shop, from_id=old, into_id=new)
    assert len(rewards.redemptions(program_id=shop, member_id=new).items) == 3
    assert house.rows(f"select used from rewards_tally where member_id = '{new}'") == [(3,)]
    assert [w.member_id for w in rewards.waits(program_id=shop, reward="rare")] == [new]
    assert rewards.delivery(program_id=shop, redemption_id=sent.redemption_id) == "1 High Street"
    house.cancel(got)
    assert house.wallet(new) == (800, 0)
    assert rewards.discrepancies() == []
    ledger.separate(program_id=shop, record=moved, key="m1/undo", reason="unmerge", actor="a")
    rewards.separate(program_id=shop, record=record)
    assert len(rewards.redemptions(program_id=shop, member_id=old).items) == 2
    assert rewards.dossier(program_id=shop, member_id=old)["redemptions"][0]["delivery"] == "1 High Street"
    assert rewards.discrepancies() == []


def test_the_mall_says_prices_what_is_left_and_why_not():
    shop = house.program(
        house.reward(stock=1),
        house.reward("gold", levels=["club/gold"]),
        house.reward("once", per_member={"times": 1}),
        house.reward("later", starts="2099-01-01"),
        house.reward("given", None),
    )
    mary = house.member(shop, 500)
    house.redeem(shop, mary)
    house.redeem(shop, mary, "once")
    found = {o.reward.key: o for o in rewards.mall(program_id=shop, member_id=mary)}
    assert {k: o.refused for k, o in found.items()} == {
        "mug": "sold_out", "gold": "level", "once": "limit", "later": "not_yet"
    }  # fmt: skip
    assert {o.reward.key: o.refused for o in rewards.mall(program_id=shop)} == {
        "mug": "sold_out", "gold": "", "once": "", "later": "not_yet"
    }  # fmt: skip

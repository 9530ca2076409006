"""Races, with threads and real commits: stock, seats and codes are never oversold, and nothing is lost on the way."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from regulars.value.ledger import services as ledger
from regulars.value.rewards import services as rewards
from regulars.value.rewards.terms import State
from regulars.value.rewards.tests import house

pytestmark = pytest.mark.django_db(transaction=True)
CLAIMS = pytest.mark.parametrize("claims", [60, pytest.param(500, marks=pytest.mark.deep)])
SESSION = {"key": "may", "starts": "2099-05-01T18:00", "seats": 12}


def sold(shop: int, taken: int) -> None:
    """So many were had, each paid for once, and every number says the same."""
    assert house.rows("select count(*), sum(count) from rewards_redemption") == [(taken, taken)]
    assert house.rows("select count(*) from ledger_journal where kind = 'spend'") == [(taken,)]
    assert house.rows("select count(*) from rewards_chapter where kind = 'requested'") == [(taken,)]
    assert rewards.discrepancies() == []
    assert ledger.discrepancies() == []


@CLAIMS
def test_stock_does_not_oversell_when_many_claim_at_once(claims):
    shop = house.program(house.reward(stock=10))
    people = [house.member(shop, 100) for _ in range(claims)]
    found = Counter(
        one if isinstance(one, str) else "got"
        for one in house.at_once([lambda who=who: house.redeem(shop, who) for who in people])
    )
    assert found == {"got": 10, "reward_sold_out": claims - 10}
    assert house.shelf(shop) == (10, 10)
    assert Counter(house.wallet(who) for who in people) == {(0, 0): 10, (100, 0): claims - 10}
    sold(shop, 10)


@CLAIMS
def test_seats_do_not_oversell_when_many_claim_at_once(claims):
    shop = house.program(house.reward("dinner", kind="experience", sessions=[SESSION]))
    people = [house.member(shop, 100) for _ in range(claims)]
    calls = [lambda who=who: house.redeem(shop, who, "dinner", session="may") for who in people]
    found = Counter(one if isinstance(one, str) else "got" for one in house.at_once(calls))
    assert found == {"got": 12, "reward_sold_out": claims - 12}
    assert house.shelf(shop, "dinner", "may") == (12, 12)
    sold(shop, 12)


@CLAIMS
def test_a_pool_gives_each_code_once_when_many_claim_at_once(claims):
    shop = house.program(house.reward("film", kind="digital_code"))
    rewards.import_codes(program_id=shop, reward="film", codes=[f"F-{n}" for n in range(15)], key="p", actor="a")
    people = [house.member(shop, 100) for _ in range(claims)]
    found = house.at_once([lambda who=who: house.redeem(shop, who, "film") for who in people])
    got = [one for one in found if not isinstance(one, str)]
    assert Counter(one for one in found if isinstance(one, str)) == {"reward_sold_out": claims - 15}
    assert all(one.state is State.FULFILLED for one in got)
    shown = [
        code
        for one in got
        for code in rewards.show_codes(program_id=shop, redemption_id=one.redemption_id, actor="a")
    ]
    assert sorted(shown) == sorted(f"F-{n}" for n in range(15))
    sold(shop, 15)


@CLAIMS
def test_claims_and_cancellations_at_once_restore_the_very_lots(claims):
    """Everybody has one reward and takes it back at the same time as the others ask: in the end all is as before."""
    shop = house.program(house.reward(stock=7))
    soon = datetime(2027, 1, 1, tzinfo=UTC)
    people = [house.member(shop, 100, expires_at=soon) for _ in range(claims)]
    before = {who: house.lots(who) for who in people}

    def there_and_back(n: int) -> str:
        got = house.redeem(shop, people[n])
        house.cancel(got, as_member=True)
        return "back"

    found = Counter(house.at_once([lambda n=n: there_and_back(n) for n in range(claims)]))
    assert set(found) <= {"back", "reward_sold_out"}
    assert found["back"] >= 7
    assert {who: house.lots(who) for who in people} == before
    assert house.shelf(shop) == (7, 0)
    assert rewards.discrepancies() == []
    assert ledger.discrepancies() == []


def test_one_key_told_by_many_at_once_redeems_once():
    shop = house.program(house.reward(stock=10))
    mary = house.member(shop, 1000)
    found = house.at_once([lambda: house.redeem(shop, mary, key="k")] * 40)
    assert len({one.redemption_id for one in found}) == 1
    assert house.wallet(mary) == (900, 0)
    sold(shop, 1)


def test_a_limit_of_two_a_month_holds_for_one_member_at_many_tills():
    shop = house.program(house.reward(per_member={"times": 2, "period": "month"}))
    mary = house.member(shop, 10_000)
    found = Counter(
        one if isinstance(one, str) else "got" for one in house.at_once([lambda: house.redeem(shop, mary)] * 40)
    )
    assert found == {"got": 2, "reward_limit_reached": 38}
    sold(shop, 2)


def test_a_redemption_told_to_be_cancelled_by_many_gives_back_once():
    shop = house.program(house.reward(stock=1))
    mary = house.member(shop, 100)
    got = house.redeem(shop, mary)
    found = house.at_once([lambda: house.cancel(got)] * 30)
    assert {one.state for one in found} == {State.CANCELLED}
    assert (house.wallet(mary), house.shelf(shop)) == ((100, 0), (1, 0))
    assert house.rows("select count(*) from rewards_chapter where kind = 'cancelled'") == [(1,)]
    assert rewards.discrepancies() == []


def test_cancel_and_fulfil_at_once_never_both_happen():
    shop = house.program(house.reward(stock=20, cancel={"until": "fulfilled"}))
    mary = house.member(shop, 2_000)
    many = [house.redeem(shop, mary) for _ in range(20)]
    calls = [lambda one=one: house.cancel(one, as_member=True).state for one in many]
    calls += [
        lambda one=one: rewards.fulfil(program_id=shop, redemption_id=one.redemption_id, actor="a").state
        for one in many
    ]
    house.at_once(calls)
    ended = Counter(state for (state,) in house.rows("select state from rewards_redemption"))
    assert set(ended) <= {"cancelled", "fulfilled"}
    assert sum(ended.values()) == 20
    assert house.wallet(mary) == (ended["cancelled"] * 100, 0)
    assert house.shelf(shop) == (20, ended["fulfilled"])
    assert rewards.discrepancies() == []


def test_what_comes_free_goes_to_who_waited_longest_whoever_else_asks_at_once():
    shop = house.program(house.reward(stock=5, waiting_list=True))
    first = [house.member(shop, 100) for _ in range(5)]
    had = [house.redeem(shop, who) for who in first]
    queue = [house.member(shop, 100) for _ in range(5)]
    for who in queue:
        rewards.join(program_id=shop, member_id=who, reward="mug", actor="a")
    strangers = [house.member(shop, 100) for _ in range(20)]
    calls = [lambda one=one: house.cancel(one) for one in had]
    calls += [lambda who=who: house.redeem(shop, who) for who in strangers]
    house.at_once(calls)
    offered = {w.member_id for w in rewards.waits(program_id=shop, reward="mug") if w.state == "offered"}
    assert offered == set(queue)
    assert house.shelf(shop) == (5, 5)
    for who in queue:
        house.redeem(shop, who)
    assert house.shelf(shop) == (5, 5)
    assert rewards.discrepancies() == []


def test_a_card_of_ten_stamps_that_is_full_redeems_itself_once_however_many_hear_of_it():
    shop = house.program(
        house.reward("coffee", None, price={"units": {"stamps": 10}}, auto={"unit": "stamps", "at": 10})
    )
    mary = house.member(shop, stamps=27)
    house.at_once([lambda: len(rewards.redeem_by_itself(program_id=shop, member_id=mary))] * 20)
    assert house.rows("select count(*) from rewards_redemption where source = 'auto'") == [(2,)]
    assert house.wallet(mary, 2) == (7, 0)
    sold(shop, 2)

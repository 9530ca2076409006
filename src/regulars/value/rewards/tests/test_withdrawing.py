"""Codes of a pool that nobody has can be withdrawn: never those of members, nor those that somebody was promised."""

from __future__ import annotations

from collections import Counter

import pytest

from regulars.kernel import ids
from regulars.kernel.errors import Invalid
from regulars.value.rewards import services as rewards
from regulars.value.rewards.terms import Imported, NoCodes, SoldOut, State, Withdrawn
from regulars.value.rewards.tests import house

FILM = house.reward("film", kind="digital_code")


def brought(shop: int, *codes: str, key: str = "p") -> Imported:
    return rewards.import_codes(program_id=shop, reward="film", codes=list(codes), key=key, actor="a")


def withdraw(shop: int, pool, reason: str = "wrong batch") -> Withdrawn:
    return rewards.withdraw_codes(
        program_id=shop, reward="film", pool_id=pool.pool_id, reason=reason, actor="staff:1"
    )


@pytest.mark.django_db
def test_free_codes_of_one_import_are_withdrawn_and_those_of_members_stay():
    shop = house.program(FILM)
    mary = house.member(shop, 1000)
    bad, good = brought(shop, "A", "B", "C"), brought(shop, "D", key="p2")
    got = house.redeem(shop, mary, "film")
    assert withdraw(shop, bad) == Withdrawn(pool_id=bad.pool_id, withdrawn=2, kept=0)
    assert withdraw(shop, bad) == Withdrawn(pool_id=bad.pool_id, withdrawn=0, kept=0)
    assert house.shelf(shop, "film") == (2, 1)
    assert rewards.show_codes(program_id=shop, redemption_id=got.redemption_id, actor="m") == ("A",)
    assert {p.pool_id: p.free for p in rewards.pools(program_id=shop, reward="film")} == {
        bad.pool_id: 0,
        good.pool_id: 1,
    }
    (line, *_rest) = rewards.stockings(program_id=shop, reward="film")
    assert (line["count"], line["reason"], line["actor"]) == (-2, "wrong batch", "staff:1")
    assert brought(shop, "B", key="p3").rejects == ((1, "is a code already"),)
    next_one = house.redeem(shop, mary, "film")
    assert rewards.show_codes(program_id=shop, redemption_id=next_one.redemption_id, actor="m") == ("D",)
    with pytest.raises(SoldOut):
        house.redeem(shop, mary, "film")
    assert rewards.discrepancies() == []


@pytest.mark.django_db
def test_a_code_that_somebody_was_promised_stays():
    paid = {"price": {"units": {"points": 1}, "amount": "5.00"}}
    shop = house.program({**FILM, **paid})
    mary = house.member(shop, 1000)
    pool = brought(shop, "A", "B")
    waits = house.redeem(shop, mary, "film")
    assert waits.state is State.REQUESTED
    assert withdraw(shop, pool) == Withdrawn(pool_id=pool.pool_id, withdrawn=1, kept=1)
    done = rewards.pay(program_id=shop, redemption_id=waits.redemption_id, payment_ref="r", actor="a")
    assert done.state is State.FULFILLED
    assert rewards.show_codes(program_id=shop, redemption_id=waits.redemption_id, actor="m") == ("A",)
    assert rewards.discrepancies() == []


@pytest.mark.django_db
def test_without_a_reason_or_import_nothing_is_withdrawn():
    shop = house.program(FILM)
    pool = brought(shop, "A")
    before = house.everything()
    with pytest.raises(Invalid):
        withdraw(shop, pool, reason=" ")
    with pytest.raises(NoCodes):
        rewards.withdraw_codes(program_id=shop, reward="film", pool_id=ids.new_id(), reason="r", actor="a")
    assert house.everything() == before


@pytest.mark.django_db(transaction=True)
def test_redeeming_and_withdrawing_at_once_neither_lose_a_code_nor_give_a_withdrawn_one():
    shop = house.program(FILM)
    pool = brought(shop, *[f"F-{n}" for n in range(12)])
    people = [house.member(shop, 100) for _ in range(20)]
    calls = [lambda who=who: house.redeem(shop, who, "film") for who in people]
    found = house.at_once([*calls[:10], lambda: withdraw(shop, pool), *calls[10:]])
    got = [one for one in found if not isinstance(one, str | Withdrawn)]
    (gone,) = [one for one in found if isinstance(one, Withdrawn)]
    assert len(got) + gone.withdrawn == 12
    assert gone.kept == 0
    assert Counter(one for one in found if isinstance(one, str)) == {"reward_sold_out": 20 - len(got)}
    shown = [
        code
        for one in got
        for code in rewards.show_codes(program_id=shop, redemption_id=one.redemption_id, actor="a")
    ]
    assert len(set(shown)) == len(got)
    assert house.rows("select state, count(*) from rewards_code group by 1 order by 1") == [
        row for row in (("given", len(got)), ("void", gone.withdrawn)) if row[1]
    ]
    assert rewards.discrepancies() == []

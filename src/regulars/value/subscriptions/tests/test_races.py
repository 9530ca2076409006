"""Races, with threads and real commits: two renewal workers, two clicks, two guests for one seat, two for one gift."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from regulars.kernel.errors import Busy, Refusal
from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.terms import NoSeat, State, When
from regulars.value.subscriptions.tests import house

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Run all at the same moment, each on its own connection; a refusal is an answer."""
    gate = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            with connection.cursor() as cursor:
                cursor.execute("select 1")
            gate.wait()
            return call()
        except Busy:
            return "busy"
        except Refusal as no:
            return no.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_many_renewal_workers_charge_each_member_once():
    shop, bank = house.program()
    with house.noon(date(2026, 4, 1)):
        subs = [house.begun(shop, house.member(shop), method="slow-20") for _ in range(6)]
    with house.midnight(date(2026, 5, 1)):
        at_once([lambda: subscriptions.work(program_id=shop)] * 6)
        subscriptions.work(program_id=shop)
    assert Counter(house.charged(bank)) == {1000: 12}
    assert {house.look(shop, s.subscription_id).period_to for s in subs} == {date(2026, 6, 1)}
    assert subscriptions.discrepancies() == []


def test_two_clicks_make_one_membership():
    shop, bank = house.program()
    ada = house.member(shop)
    found = at_once([lambda n=n: house.begun(shop, ada, key=f"click-{n % 2}").state for n in range(8)])
    assert set(found) <= {State.ACTIVE, State.STARTING, "already_subscribed", "busy"}
    assert house.charged(bank) == [1000]
    assert house.rows("select count(*) from subscriptions_subscription") == [(1,)]


def test_the_last_seat_of_a_family_is_taken_once():
    shop, _ = house.program()
    sub = house.begun(shop, house.member(shop))
    guests = [house.member(shop) for _ in range(8)]

    def invite(guest):
        return subscriptions.invite(
            program_id=shop, subscription_id=sub.subscription_id, member_id=guest, actor="key:1"
        ).state

    found = Counter(at_once([lambda g=g: invite(g) for g in guests]))
    assert found["invited"] <= 2
    for guest in guests:
        with suppress(NoSeat):
            invite(guest)
    assert house.rows("select seats from subscriptions_subscription") == [(2,)]
    assert subscriptions.discrepancies() == []


def test_a_gift_is_redeemed_once_whoever_comes():
    shop, bank = house.program()
    gift, payment = subscriptions.buy_gift(program_id=shop, plan="monthly", method="ok", key="g", actor="key:1")
    subscriptions.pursue(program_id=shop, payment_id=payment)
    people = [house.member(shop) for _ in range(6)]

    def redeem(member):
        return subscriptions.redeem(program_id=shop, code=gift.code, member_id=member, actor="key:1").state

    found = Counter(at_once([lambda m=m: redeem(m) for m in people]))
    assert found[State.ACTIVE] == 1
    assert house.rows("select count(*) from subscriptions_subscription") == [(1,)]
    assert house.charged(bank) == [1000]


def test_a_cancellation_and_a_renewal_at_the_same_moment_leave_one_truth():
    shop, bank = house.program()
    with house.noon(date(2026, 4, 1)):
        subs = [house.begun(shop, house.member(shop)) for _ in range(4)]
    with house.midnight(date(2026, 5, 1)):
        calls: list[Callable[[], Any]] = [lambda: subscriptions.work(program_id=shop)]
        for sub in subs:
            calls.append(
                lambda s=sub: (
                    subscriptions.cancel(
                        program_id=shop,
                        subscription_id=s.subscription_id,
                        reason="x",
                        actor="a",
                        when=When.PERIOD_END,
                    ).state
                )
            )
        at_once(calls)
        subscriptions.work(program_id=shop)
    for sub in subs:
        after = house.look(shop, sub.subscription_id)
        paid = house.periods(shop, sub.subscription_id)
        assert (after.state, len(paid)) in (
            (State.ENDED, 1),  # cancelled first
            (State.CANCELLED, 2),  # renewed first, and cancelled to the end of that
            (State.ACTIVE, 2),  # the cancellation was told to wait
        )
    assert subscriptions.discrepancies() == []

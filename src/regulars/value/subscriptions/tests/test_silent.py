"""A payment provider that does not answer keeps nobody in a membership; what it says later is settled as was told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from regulars.kernel import clock, ids
from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.services import paying
from regulars.value.subscriptions.terms import NotNow, OtherThanQuoted, State, When
from regulars.value.subscriptions.tests import house

pytestmark = pytest.mark.django_db(transaction=True)
APRIL, MAY = date(2026, 4, 1), date(2026, 5, 1)


class PowerCut(BaseException):
    """The process is gone: nothing after it runs, what was committed stays."""


def cancelled(shop: int, sub: Any, when: When | None = None, agreed: str | None = None) -> Any:
    return subscriptions.cancel(
        program_id=shop, subscription_id=sub.subscription_id, reason="x", actor="key:1", when=when, agreed=agreed
    )


def quoted(shop: int, sub: Any, when: When | None = None) -> Any:
    return subscriptions.quote_cancel(program_id=shop, subscription_id=sub.subscription_id, when=when)


def in_hours(*hours: int) -> None:
    """The clock's worker comes so many hours from now."""
    for h in hours:
        with clock.at(clock.now() + timedelta(hours=h)):
            subscriptions.work()


def silent_start(method: str) -> tuple[int, Any, Any, Any]:
    shop, bank = house.program()
    ada = house.member(shop)
    sub = house.begun(shop, ada, method=method)
    assert sub.state == State.STARTING
    return shop, bank, ada, sub


@pytest.mark.parametrize(
    ("method", "moved"),
    [("lost-1", [1000, -1000]), ("lost-5", [1000, -1000]), ("down-1", []), ("down-9", [])],
)
def test_who_cancels_before_the_first_answer_is_out_at_once_and_pays_nothing(method: str, moved: list[int]) -> None:
    with house.noon(APRIL):
        shop, bank, ada, sub = silent_start(method)
        told = quoted(shop, sub)
        assert (told.unsettled.amount_minor, told.unsettled.then, told.unsettled.refund_minor) == (
            1000,
            "goes_back",
            1000,
        )
        assert cancelled(shop, sub, agreed=told.digest).state == State.ENDED
        with pytest.raises(NotNow):
            cancelled(shop, sub)
        again = house.begun(shop, ada, "monthly", "ok")  # nothing keeps her from beginning anew
        assert again.state == State.ACTIVE
        in_hours(1, 2, 30, 40)
        assert house.packs(shop, ada) == {"pack:plus", "plan:monthly"}
    assert sorted(house.charged(bank)) == sorted([*moved, 1000])
    assert house.look(shop, sub.subscription_id).end_cause == "cancelled"
    assert house.rows("select count(*) from subscriptions_payment where state = 'intended'") == [(0,)]
    assert subscriptions.discrepancies() == []


def test_what_may_still_be_on_its_way_to_the_provider_is_asked_about_for_a_day_before_it_counts_as_not_paid() -> None:
    """Else a charge that arrives after she was told "not paid" would be money that nobody gives back."""
    with house.noon(APRIL):
        shop, bank, _, sub = silent_start("down-1")
        cancelled(shop, sub)
        in_hours(2, 12, 23)
        assert house.rows("select state from subscriptions_payment") == [("intended",)]
        row_id = house.rows("select id from subscriptions_payment")[0][0]
        bank.charge(
            key=ids.encode("pay", row_id), amount_minor=1000, currency="GBP", method="late", about="late"
        )  # it arrives now
        in_hours(25, 26)
    assert house.charged(bank) == [1000, -1000]
    assert subscriptions.discrepancies() == []


def silent_renewal(outcome: str, **plan: Any) -> tuple[int, Any, Any, Any]:
    shop, bank = house.program({k: v for k, v in {**house.MONTHLY, **plan}.items() if v}, house.YEARLY)
    ada = house.member(shop)
    with house.noon(APRIL):
        sub = house.begun(shop, ada, method="m")
    bank.script("m", outcome)
    with house.midnight(MAY):
        subscriptions.work()
        assert house.look(shop, sub.subscription_id).state == State.PAST_DUE
    return shop, bank, ada, sub


def test_a_renewal_that_nobody_answered_and_was_paid_goes_back_by_the_rule_when_she_ends_it_at_once() -> None:
    shop, bank, ada, sub = silent_renewal("lost")
    with clock.at(clock.day_starts(MAY, house.ZONE) + timedelta(seconds=30)):
        told = quoted(shop, sub, When.AT_ONCE)
        assert (told.refund_minor, told.forfeits, told.unsettled.then) == (0, (), "by_rule")
        assert told.unsettled.refund_minor == 1000
        assert cancelled(shop, sub, When.AT_ONCE, told.digest).state == State.ENDED
        assert house.packs(shop, ada) == set()
    house.run(shop, date(2026, 5, 2), date(2026, 5, 3))
    assert house.charged(bank) == [1000, 1000, -1000]
    assert house.look(shop, sub.subscription_id).state == State.ENDED
    assert subscriptions.discrepancies() == []


def test_where_the_plan_gives_nothing_back_what_was_paid_is_earned_and_the_books_are_right() -> None:
    shop, bank, _, sub = silent_renewal("lost", refund=None)
    with clock.at(clock.day_starts(MAY, house.ZONE) + timedelta(seconds=30)):
        assert quoted(shop, sub, When.AT_ONCE).unsettled.refund_minor == 0
        cancelled(shop, sub, When.AT_ONCE)
    house.run(shop, date(2026, 5, 2), date(2026, 5, 3))
    assert house.charged(bank) == [1000, 1000]
    lines = subscriptions.income(program_id=shop, from_on=APRIL, to_on=date(2026, 6, 1))
    assert [(x.charged_minor, x.earned_minor, x.closing_minor) for x in lines] == [(2000, 2000, 0)]
    assert subscriptions.discrepancies() == []


@pytest.mark.parametrize(("outcome", "until"), [("lost", date(2026, 6, 1)), ("down", None)])
def test_who_cancels_to_the_end_of_what_is_paid_runs_to_it_whenever_the_answer_comes(outcome, until) -> None:
    shop, bank, ada, sub = silent_renewal(outcome)
    with clock.at(clock.day_starts(MAY, house.ZONE) + timedelta(seconds=30)):
        told = quoted(shop, sub, When.PERIOD_END)
        assert (told.on, told.unsettled.then, told.unsettled.until) == (None, "runs", date(2026, 6, 1))
        assert cancelled(shop, sub, When.PERIOD_END, told.digest).state == State.CANCELLED
        assert house.packs(shop, ada) != set()  # the grace goes on
    house.run(shop, date(2026, 5, 2), date(2026, 5, 4))
    after = house.look(shop, sub.subscription_id)
    assert house.charged(bank) == ([1000, 1000] if until else [1000])  # it is never sent again
    assert (after.state, after.period_to) == ((State.CANCELLED, until) if until else (State.ENDED, after.period_to))
    house.run(shop, date(2026, 6, 1), date(2026, 6, 1))
    assert house.look(shop, sub.subscription_id).end_cause == "cancelled"
    assert house.packs(shop, ada) == set()
    assert subscriptions.discrepancies() == []


def test_after_the_grace_nothing_was_given_and_all_of_a_late_answer_goes_back() -> None:
    shop, bank, _, sub = silent_renewal("lost", refund=None)
    house.rows("update subscriptions_payment set leased_until = '2027-01-01' where state = 'intended' returning id")
    with house.noon(date(2026, 5, 20)):
        for when in When:
            told = quoted(shop, sub, when)
            assert (told.when, told.unsettled.then, told.unsettled.refund_minor) == (When.AT_ONCE, "goes_back", 1000)
        assert cancelled(shop, sub).state == State.ENDED
        house.rows("update subscriptions_payment set leased_until = null where state = 'intended' returning id")
        in_hours(1, 2)
    assert house.charged(bank) == [1000, 1000, -1000]
    assert subscriptions.discrepancies() == []


@pytest.mark.parametrize("when", list(When))
@pytest.mark.parametrize("outcome", ["lost", "down"])
def test_a_change_of_plan_that_nobody_answered_is_taken_back_with_the_cancellation(when: When, outcome: str) -> None:
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(APRIL):
        sub = house.begun(shop, ada, method="m")
        bank.script("m", outcome)
        subscriptions.change(program_id=shop, subscription_id=sub.subscription_id, plan="yearly", actor="key:1")
        house.pursued(shop, sub.subscription_id)
        told = quoted(shop, sub, when)
        assert (told.unsettled.then, told.unsettled.amount_minor) == ("goes_back", 9000)
        cancelled(shop, sub, when, told.digest)
        if when is When.PERIOD_END:  # she may stay after all, and nothing waits for the silent provider
            subscriptions.keep(program_id=shop, subscription_id=sub.subscription_id, reason="x", actor="key:1")
            subscriptions.pause(program_id=shop, subscription_id=sub.subscription_id, days=3, reason="x", actor="a")
        in_hours(1, 30)
    came = [9000, -9000] if outcome == "lost" else []
    ended = [-1000] if when is When.AT_ONCE else []
    assert sorted(house.charged(bank)) == sorted([1000, *came, *ended])
    if when is When.PERIOD_END:
        house.run(shop, date(2026, 4, 4), date(2026, 4, 4))
        after = house.look(shop, sub.subscription_id)
        assert (after.state, after.plan, after.period_to) == (State.ACTIVE, "monthly", date(2026, 5, 4))
    with house.noon(date(2026, 7, 1)):
        lines = subscriptions.income(program_id=shop, from_on=APRIL, to_on=date(2026, 7, 1))
    assert {x.plan: x.closing_minor for x in lines} == {x.plan: 0 for x in lines}
    assert subscriptions.discrepancies() == []


def test_a_charge_that_was_withdrawn_and_is_never_answered_keeps_neither_the_end_nor_a_renewal_waiting() -> None:
    """The provider is silent for months: who cancelled is out on her day, who stayed after all is renewed."""
    shop, bank = house.program()
    found = []
    for n, method in enumerate(("out", "stays")):
        ada = house.member(shop)
        with house.noon(APRIL):
            sub = house.begun(shop, ada, method=method)
            bank.script(method, "down")
            subscriptions.change(program_id=shop, subscription_id=sub.subscription_id, plan="yearly", actor="key:1")
            house.pursued(shop, sub.subscription_id)
            house.rows(
                "update subscriptions_payment set leased_until = '2099-01-01' where state = 'intended' returning 1"
            )
            cancelled(shop, sub, When.PERIOD_END)
            if n:
                subscriptions.keep(program_id=shop, subscription_id=sub.subscription_id, reason="x", actor="a")
        found.append((ada, sub))
    house.run(shop, MAY, date(2026, 5, 2))
    (gone, out), (here, stays) = found
    assert (house.look(shop, out.subscription_id).end_cause, house.packs(shop, gone)) == ("cancelled", set())
    assert house.look(shop, stays.subscription_id).period_to == date(2026, 6, 1)
    assert house.charged(bank) == [1000, 1000, 1000]
    assert house.rows("select count(*) from subscriptions_payment where state = 'intended'") == [(2,)]
    assert subscriptions.discrepancies() == []


def _cut(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def dies(*args: Any, **more: Any) -> None:
        raise PowerCut

    monkeypatch.setattr(f"regulars.value.subscriptions.services.{where}", dies)


CUTS: list[str] = [
    "base.tell",  # while the cancellation is written
    "running.end",
    "settled.withdrawn",  # while the late answer is settled
    "paying._write",
    "paying._refunded",  # before the refund is asked for
    "settled.running.refund_row",
]


@pytest.mark.parametrize("where", CUTS)
def test_a_power_cut_anywhere_between_cancelling_and_the_refund_loses_nothing_and_moves_nothing_twice(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house.noon(APRIL):
        shop, bank, ada, sub = silent_start("lost-1")
        steps: list[Callable[[], Any]] = [
            lambda: cancelled(shop, sub),
            lambda: subscriptions.pursue_one(kind="payment", program_id=shop, row_id=_open()),
            lambda: [house.pursued(shop, sub.subscription_id)],
        ]
        died = 0
        for n, step in enumerate(steps):
            with clock.at(clock.now() + timedelta(hours=n)), monkeypatch.context() as broken:
                _cut(broken, where)
                try:
                    step()
                except PowerCut:
                    died += 1
            if died:
                break
        assert died == 1
        with clock.at(clock.now() + timedelta(hours=5)):
            if house.look(shop, sub.subscription_id).state != State.ENDED:
                cancelled(shop, sub)
        in_hours(6, 7, 8)
    assert house.charged(bank) == [1000, -1000]
    assert house.packs(shop, ada) == set()
    assert house.rows("select state from subscriptions_payment") == [("paid",)]
    assert subscriptions.discrepancies() == []


def _open() -> Any:
    return house.rows("select id from subscriptions_payment where state = 'intended'")[0][0]


def test_who_cancels_while_the_worker_is_asking_is_out_and_the_answer_does_not_bring_her_back(monkeypatch) -> None:
    """The answer of a call that was under way when she cancelled: unknown, paid and declined."""
    for outcome, moved in (("lost", [1000, -1000]), ("ok", [1000, -1000]), ("declined", [])):
        shop, bank = house.program(key=house.fresh())
        with house.noon(APRIL):
            sub = house.begun(shop, house.member(shop), method="m")
        bank.script("m", outcome)
        really, asked = bank.charge, []

        def charge(really=really, asked=asked, shop=shop, sub=sub, **said: Any) -> Any:
            asked.append(cancelled(shop, sub, When.AT_ONCE).state)
            return really(**said)

        with house.midnight(MAY), monkeypatch.context() as meanwhile:
            meanwhile.setattr(bank, "charge", charge)
            subscriptions.work()
        assert asked == [State.ENDED]
        house.run(shop, date(2026, 5, 2), date(2026, 5, 3))
        assert house.look(shop, sub.subscription_id).state == State.ENDED
        assert house.charged(bank) == [1000, *moved]
        assert subscriptions.discrepancies(shop) == []


def test_an_answer_between_the_quote_and_the_cancellation_makes_it_another_quote() -> None:
    shop, bank, _, sub = silent_renewal("lost")
    with clock.at(clock.day_starts(MAY, house.ZONE) + timedelta(hours=3)):
        told = quoted(shop, sub, When.AT_ONCE)
        subscriptions.work()
        assert house.look(shop, sub.subscription_id).state == State.ACTIVE
        with pytest.raises(OtherThanQuoted) as no:
            cancelled(shop, sub, When.AT_ONCE, told.digest)
        assert no.value.facts["refund_minor"] == 1000
        assert house.look(shop, sub.subscription_id).state == State.ACTIVE
        cancelled(shop, sub, When.AT_ONCE, no.value.facts["quote"])
        house.pursued(shop, sub.subscription_id)
    assert house.charged(bank) == [1000, 1000, -1000]


def test_a_refund_is_asked_for_by_the_worker_and_by_whoever_comes_first_only_once() -> None:
    with house.noon(APRIL):
        shop, bank, _, sub = silent_start("lost-1")
        cancelled(shop, sub)
        with clock.at(clock.now() + timedelta(hours=1)):
            for kind, program, row_id in paying.open_work(limit=9):
                subscriptions.pursue_one(kind=kind, program_id=program, row_id=row_id)
                subscriptions.pursue_one(kind=kind, program_id=program, row_id=row_id)
            house.pursued(shop, sub.subscription_id)
            house.pursued(shop, sub.subscription_id)
    assert house.charged(bank) == [1000, -1000]

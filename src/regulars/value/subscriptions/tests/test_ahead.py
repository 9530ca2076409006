"""What is told before it happens: a renewal, the end of a trial, the end of what does not renew; and gifts' time."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from regulars.kernel import clock
from regulars.people.members import services as members
from regulars.people.members.terms import MemberStatus
from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.services import noticing
from regulars.value.subscriptions.terms import GiftNotReady, State
from regulars.value.subscriptions.tests import house

pytestmark = pytest.mark.django_db(transaction=True)

MARCH = date(2026, 3, 10)


def news(kind: str) -> list[tuple[Any, ...]]:
    return house.rows(
        f"select body ->> 'on', (body ->> 'amount_minor')::bigint, (body ->> 'is_trial')::boolean"
        f" from kernel_fact where kind = '{kind}' order by id"
    )


def run(program: int, from_day: date, days: int) -> None:
    house.run(program, from_day, from_day + timedelta(days=days))


def start(*plans: dict[str, Any], plan: str = "monthly") -> tuple[int, UUID, UUID]:
    program, _bank = house.program(*plans, key=house.fresh())
    member = house.member(program)
    with house.noon(MARCH):
        made = house.begun(program, member, plan)
    return program, member, made.subscription_id


def test_a_renewal_is_told_seven_days_before_once_with_what_it_will_cost():
    program, _member, one = start()
    assert house.look(program, one).notice_on == date(2026, 4, 3)
    run(program, MARCH, 23)
    assert news("RenewalAhead") == []
    run(program, date(2026, 4, 3), 3)
    assert news("RenewalAhead") == [("2026-04-10", 1000, False)]
    assert house.look(program, one).notice_on is None
    assert house.told(program, one) == ["asked", "started", "noticed"]
    run(program, date(2026, 4, 7), 30)
    assert news("RenewalAhead") == [("2026-04-10", 1000, False), ("2026-05-10", 1000, False)]


def test_nobody_is_surprised_by_the_first_charge_after_a_trial():
    program, _member, one = start({**house.TRIED, "notice_days": 3}, plan="tried")
    assert house.look(program, one).state is State.TRIAL
    run(program, MARCH, 10)
    assert news("RenewalAhead") == []
    run(program, date(2026, 3, 21), 1)
    assert news("RenewalAhead") == [("2026-03-24", 1000, True)]


@pytest.mark.parametrize(
    ("days", "every", "on"), [(0, {"months": 1}, None), (30, {"days": 10}, 5), (1, {"days": 1}, None)]
)
def test_a_plan_says_how_long_before_and_at_most_half_a_period(days: int, every: dict[str, int], on: int | None):
    program, _member, one = start({**house.MONTHLY, "notice_days": days, "every": every})
    assert house.look(program, one).notice_on == (MARCH + timedelta(days=on) if on else None)


def test_who_has_cancelled_or_rests_or_left_is_told_of_no_renewal():
    for act in ("cancel", "pause", "leave"):
        program, member, one = start()
        with house.noon(date(2026, 3, 12)):
            if act == "cancel":
                subscriptions.cancel(program_id=program, subscription_id=one, actor=house.ACTOR, reason="r")
            elif act == "pause":
                subscriptions.pause(program_id=program, subscription_id=one, days=5, actor=house.ACTOR, reason="r")
                assert house.look(program, one).notice_on is None
            else:
                members.set_status(
                    program_id=program, member_id=member, status=MemberStatus.CLOSED, reason="r", actor=house.ACTOR
                )
        if act == "pause":
            run(program, date(2026, 3, 13), 8)
            assert house.look(program, one).notice_on is not None
            continue
        run(program, date(2026, 3, 13), 25)
        assert news("RenewalAhead") == []


def test_what_was_told_by_one_worker_is_not_told_by_another():
    program, _member, one = start()
    with house.noon(date(2026, 4, 4)):
        assert noticing.due(limit=9, program_id=program) == [(program, one)]
        assert [noticing.tell(program_id=program, subscription_id=one) for _ in range(2)] == [1, 0]
    assert len(news("RenewalAhead")) == 1


def bought(program: int) -> tuple[str, UUID]:
    gift, payment = subscriptions.buy_gift(
        program_id=program, plan="monthly", method="ok", key=house.fresh(), actor=house.ACTOR
    )
    subscriptions.pursue(program_id=program, payment_id=payment)
    return gift.code, gift.gift_id


def test_a_gift_that_ends_is_told_ahead_and_does_not_renew():
    program, bank = house.program(key=house.fresh())
    with house.noon(MARCH):
        code, _gift = bought(program)
        made = subscriptions.redeem(program_id=program, code=code, member_id=house.member(program), actor=house.ACTOR)
    run(program, date(2026, 4, 1), 5)
    assert news("EndAhead") == [("2026-04-10", None, False)]
    assert news("RenewalAhead") == []
    run(program, date(2026, 4, 7), 5)
    assert house.look(program, made.subscription_id).end_cause == "expired"
    assert house.charged(bank) == [1000]


def test_a_gift_that_nobody_redeems_in_its_time_gives_the_money_back():
    program, bank = house.program({**house.MONTHLY, "gift_claim_days": 30}, key=house.fresh())
    with house.noon(MARCH):
        code, gift = bought(program)
        late, _other = bought(program)
    assert subscriptions.gift(program_id=program, code=code).expires_at == clock.day_starts(
        date(2026, 4, 10), house.ZONE
    )
    member = house.member(program)
    with house.noon(date(2026, 4, 9)):  # the thirtieth day counts
        subscriptions.redeem(program_id=program, code=late, member_id=member, actor=house.ACTOR)
    with house.noon(date(2026, 4, 10)):
        with pytest.raises(GiftNotReady) as no:
            subscriptions.redeem(program_id=program, code=code, member_id=house.member(program), actor=house.ACTOR)
        assert no.value.facts["state"] == "expired"
        for _ in range(2):
            subscriptions.work(program_id=program)
    assert subscriptions.gift(program_id=program, code=code).state == "refunded"
    assert house.charged(bank) == [1000, 1000, -1000]
    assert house.rows(
        "select body ->> 'gift_id', (body ->> 'refund_minor')::int from kernel_fact where kind = 'GiftExpired'"
    ) == [(str(gift), 1000)]
    assert subscriptions.discrepancies(program) == []


def test_a_gift_bought_before_the_plan_named_a_time_lasts_for_ever():
    program, _bank = house.program(key=house.fresh())
    with house.noon(MARCH):
        code, _gift = bought(program)
    house.publish(program, {**house.MONTHLY, "gift_claim_days": 1})
    with house.noon(date(2028, 3, 10)):
        subscriptions.work(program_id=program)
        made = subscriptions.redeem(program_id=program, code=code, member_id=house.member(program), actor=house.ACTOR)
    assert (made.state, subscriptions.gift(program_id=program, code=code).expires_at) == (State.ACTIVE, None)

"""What arrives by itself: once a year or once a level, on the member's local day, whatever happens meanwhile."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from regulars.governance.identity import services as identity
from regulars.kernel import clock
from regulars.people.members import services as members
from regulars.people.members.terms import Birthday
from regulars.value.benefits import services as benefits
from regulars.value.benefits.terms import GiftState
from regulars.value.benefits.tests.house import ACTOR, facts, grow, join, program, rows, use
from regulars.value.coupons import services as coupons
from regulars.value.ledger import services as ledger

pytestmark = pytest.mark.django_db
POINTS = [{"points": {"unit": "points", "amount": 100}}]
CAKE = {"key": "cake-day", "kind": "birthday", "for": {"everyone": True}, "gives": POINTS, "cost": "5"}
JOINED = datetime(2024, 1, 10, 12, tzinfo=UTC)


def born(p: int, month: int, day: int, zone: str | None = None) -> UUID:
    with clock.at(JOINED):
        return join(p, born=(month, day), zone=zone)


def look(p: int, at: datetime) -> None:
    """As the clock does each hour, and the night at midnight."""
    with clock.at(at):
        while benefits.give_due(program_id=p, at=at):
            pass


def points(p: int, m: UUID) -> int:
    return ledger.balances(program_id=p, member_id=m, zone="UTC")["points"].active


def occasions(p: int, m: UUID) -> list[tuple[str, str, date]]:
    found = benefits.gifts(program_id=p, member_id=m)
    return [(g.occasion, g.state.value, g.due_on) for g in reversed(found)]


@pytest.mark.parametrize(
    ("zone", "begins"),
    [
        ("Europe/London", datetime(2026, 5, 3, 23, tzinfo=UTC)),
        ("Pacific/Auckland", datetime(2026, 5, 3, 12, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2026, 5, 4, 7, tzinfo=UTC)),
    ],
)
def test_a_birthday_gift_arrives_when_the_members_own_day_begins_and_once(zone: str, begins: datetime) -> None:
    p = program(CAKE)
    m = born(p, 5, 4, zone)
    look(p, begins - timedelta(seconds=1))
    assert points(p, m) == 0
    look(p, begins)
    assert points(p, m) == 100
    for hours in range(1, 60, 7):
        look(p, begins + timedelta(hours=hours))
    assert points(p, m) == 100
    assert occasions(p, m) == [("birthday/2026", "given", date(2026, 5, 4))]
    look(p, begins + timedelta(days=365))
    assert points(p, m) == 200


@pytest.mark.parametrize(("policy", "day"), [("feb28", 28), ("mar1", 1)])
def test_who_was_born_on_the_29th_of_february_celebrates_by_the_policy(policy: str, day: int) -> None:
    p = program({**CAKE, "leap_day": policy})
    m = born(p, 2, 29, "UTC")
    for n in range(26, 32):
        look(p, datetime(2026, 2, 1, tzinfo=UTC) + timedelta(days=n - 1))
    assert occasions(p, m) == [("birthday/2026", "given", date(2026, 2 if day == 28 else 3, day))]
    for n in range(26, 32):
        look(p, datetime(2028, 2, 1, tzinfo=UTC) + timedelta(days=n - 1))
    assert occasions(p, m)[1:] == [("birthday/2028", "given", date(2028, 2, 29))]


def change(p: int, m: UUID, month: int, day: int) -> None:
    members.update(program_id=p, member_id=m, birthday=Birthday(month=month, day=day), actor=ACTOR)


def test_changing_the_birthday_field_brings_no_second_gift() -> None:
    p = program(CAKE)
    m = born(p, 5, 4, "UTC")
    look(p, datetime(2026, 5, 4, tzinfo=UTC))
    change(p, m, 9, 1)
    look(p, datetime(2026, 8, 31, tzinfo=UTC))
    look(p, datetime(2026, 9, 1, tzinfo=UTC))
    assert points(p, m) == 100
    change(p, m, 12, 31)
    look(p, datetime(2026, 12, 31, tzinfo=UTC))
    assert points(p, m) == 100


def test_a_birthday_moved_over_new_year_waits_half_a_year() -> None:
    p = program(CAKE)
    m = born(p, 12, 31, "UTC")
    look(p, datetime(2026, 12, 31, tzinfo=UTC))
    change(p, m, 1, 2)
    look(p, datetime(2027, 1, 2, tzinfo=UTC))
    assert points(p, m) == 100
    assert occasions(p, m)[1] == ("birthday/2027", "waiting", date(2027, 6, 29))
    look(p, datetime(2027, 6, 28, 12, tzinfo=UTC))
    assert points(p, m) == 100
    look(p, datetime(2027, 6, 29, tzinfo=UTC))
    assert (points(p, m), occasions(p, m)[1][1]) == (200, "given")


def test_moving_to_another_zone_brings_no_second_and_loses_none() -> None:
    p = program(CAKE)
    twice, never = born(p, 1, 1, "Pacific/Auckland"), born(p, 1, 1, "America/Los_Angeles")
    look(p, datetime(2026, 12, 31, 10, tzinfo=UTC))
    look(p, datetime(2026, 12, 31, 12, tzinfo=UTC))
    assert points(p, twice) == 100
    members.update(program_id=p, member_id=twice, zone="America/Los_Angeles", actor=ACTOR)
    members.update(program_id=p, member_id=never, zone="Pacific/Auckland", actor=ACTOR)
    for hours in range(0, 72, 6):
        look(p, datetime(2026, 12, 31, 18, tzinfo=UTC) + timedelta(hours=hours))
    assert (points(p, twice), points(p, never)) == (100, 100)


def test_nights_that_were_missed_are_made_up_for() -> None:
    p = program(CAKE)
    m, late = born(p, 5, 4, "UTC"), born(p, 5, 1, "UTC")
    look(p, datetime(2026, 4, 30, tzinfo=UTC))
    look(p, datetime(2026, 5, 15, tzinfo=UTC))
    assert (points(p, m), points(p, late)) == (100, 100)


def test_a_birthday_that_becomes_known_too_late_brings_nothing_unless_the_window_is_open() -> None:
    p = program(CAKE, {**CAKE, "key": "wide", "window": {"before_days": 3, "after_days": 10}})
    m = born(p, 7, 1, "UTC")
    look(p, datetime(2026, 5, 10, tzinfo=UTC))
    change(p, m, 5, 4)
    look(p, datetime(2026, 5, 10, 1, tzinfo=UTC))
    assert occasions(p, m) == [("birthday/2026/3", "given", date(2026, 5, 1))]


def test_a_birthday_window_without_gifts_is_seen_by_conditions_and_used_once_a_year() -> None:
    p = program({"key": "free-tea", "kind": "birthday", "for": {"everyone": True}, "window": {"after_days": 6}})
    m = born(p, 12, 30, "UTC")
    for day, open_ in (((2026, 12, 29), False), ((2026, 12, 30), True), ((2027, 1, 5), True), ((2027, 1, 6), False)):
        assert facts(p, m, datetime(*day, 12, tzinfo=UTC))[0] == (["free-tea"] if open_ else [])
    with clock.at(datetime(2027, 1, 2, 12, tzinfo=UTC)):
        assert use(p, m, "free-tea").period == "occasion/2026-12-30"
    assert facts(p, m, datetime(2027, 1, 3, tzinfo=UTC))[0] == []


def test_an_anniversary_comes_each_year_after_joining_but_not_on_the_day() -> None:
    p = program({"key": "year", "kind": "anniversary", "for": {"everyone": True}, "gives": POINTS})
    with clock.at(datetime(2024, 2, 29, 12, tzinfo=UTC)):
        m = join(p, zone="UTC")
    look(p, datetime(2024, 2, 29, 13, tzinfo=UTC))
    assert points(p, m) == 0
    look(p, datetime(2025, 2, 27, 13, tzinfo=UTC))
    assert points(p, m) == 0
    look(p, datetime(2025, 2, 28, 0, tzinfo=UTC))
    assert occasions(p, m) == [("anniversary/2025", "given", date(2025, 2, 28))]


UP = {
    "key": "up",
    "kind": "upgrade",
    "for": {"levels": ["main/silver+"]},
    "gives": [{"coupon": {"template": "cake"}}],
}


def raised(p: int, m: UUID, low: str, high: str) -> int:
    return benefits.raised(program_id=p, member_id=m, ladder="main", from_level=low, to_level=high)


def fell(p: int, m: UUID, high: str, low: str, cause: str) -> tuple[str, ...]:
    return benefits.lowered(program_id=p, member_id=m, ladder="main", from_level=high, to_level=low, cause=cause)


def held(p: int, m: UUID) -> int:
    return len([c for c in coupons.wallet(program_id=p, member_id=m).items if c.state == "open"])


def test_a_level_brings_its_gift_once_and_every_level_that_was_passed() -> None:
    p = program(UP)
    m = join(p)
    grow(p, m, 600)
    assert raised(p, m, "member", "gold") == 2
    assert raised(p, m, "member", "gold") == 0
    assert [o for o, _, _ in occasions(p, m)] == ["upgrade/main/silver", "upgrade/main/gold"]
    assert held(p, m) == 2


def test_a_return_takes_back_the_gift_of_the_level_and_a_boundary_does_not() -> None:
    p = program(UP)
    m = join(p)
    grow(p, m, 150)
    raised(p, m, "member", "silver")
    assert fell(p, m, "silver", "member", "period ended") == ()
    assert (held(p, m), fell(p, m, "silver", "member", "return")) == (1, ("upgrade/main/silver",))
    assert held(p, m) == 0
    assert raised(p, m, "member", "silver") == 1
    assert held(p, m) == 1


def test_a_gift_that_was_used_up_before_the_return_does_not_come_again() -> None:
    p = program(UP)
    m = join(p)
    grow(p, m, 150)
    raised(p, m, "member", "silver")
    code = coupons.wallet(program_id=p, member_id=m).items[0].code
    coupons.redeem(
        program_id=p,
        held=coupons.find(program_id=p, codes=[code], member_id=m),
        order="o1",
        member_id=m,
        actor=ACTOR,
    )
    fell(p, m, "silver", "member", "return")
    assert occasions(p, m)[0][1] == "kept"
    assert raised(p, m, "member", "silver") == 0


def test_what_says_keep_is_kept_after_a_return() -> None:
    p = program({**UP, "on_reversal": "keep"})
    m = join(p)
    grow(p, m, 150)
    raised(p, m, "member", "silver")
    assert fell(p, m, "silver", "member", "return") == ()
    assert (held(p, m), raised(p, m, "member", "silver")) == (1, 0)


def test_welcome_and_milestones_come_once() -> None:
    p = program(
        {"key": "hello", "kind": "welcome", "for": {"everyone": True}, "gives": POINTS},
        {"key": "half", "kind": "milestone", "for": {"levels": ["main/member"]}, "gives": POINTS},
    )
    m = join(p)
    assert [benefits.welcome(program_id=p, member_id=m) for _ in range(2)] == [True, False]
    told = {"program_id": p, "member_id": m, "ladder": "main", "level": "member", "milestone": "50"}
    assert [benefits.reached(**told) for _ in range(2)] == [True, False]
    assert points(p, m) == 200


def test_a_gift_that_cannot_be_given_stops_nobody_elses_and_can_be_tried_again() -> None:
    cake = {"key": "cake", "gives": {"effects": [{"kind": "order_percent", "percent": "10"}]}, "limits": {"hold": 1}}
    p = program({**CAKE, "gives": [*POINTS, {"coupon": {"template": "cake"}}]}, coupon_templates=[cake])
    full, fine = born(p, 5, 4, "UTC"), born(p, 5, 4, "UTC")
    (coupon,) = coupons.issue(program_id=p, template="cake", member_id=full, key="k", actor=ACTOR)
    look(p, datetime(2026, 5, 4, tzinfo=UTC))
    (failed,) = benefits.gifts(program_id=p, state=GiftState.FAILED)
    assert (failed.member_id, failed.why.split(":")[0]) == (full, "coupon_limit_reached")
    assert (points(p, full), points(p, fine)) == (0, 100)
    assert rows("select count(*) from benefits_use where member_id = %s", full) == [(0,)]
    coupons.void(program_id=p, coupon_ids=[coupon.coupon_id], actor=ACTOR, reason="makes room")
    with clock.at(datetime(2026, 5, 5, tzinfo=UTC)):
        assert benefits.try_again(program_id=p, gift_id=failed.gift_id).state is GiftState.GIVEN
    assert points(p, full) == 100


def test_a_gift_whose_use_is_undone_by_hand_is_taken_back_whole() -> None:
    p = program(CAKE)
    m = born(p, 5, 4, "UTC")
    look(p, datetime(2026, 5, 4, tzinfo=UTC))
    (given,) = benefits.uses(program_id=p, member_id=m)
    benefits.undo(program_id=p, use_id=given.use_id, reason="not her birthday", actor=ACTOR)
    assert (points(p, m), occasions(p, m)[0][1], benefits.discrepancies()) == (0, "returned", [])
    look(p, datetime(2026, 5, 4, 12, tzinfo=UTC))
    assert points(p, m) == 0


def value_of(p: int) -> Any:
    return benefits.costs(program_id=p)


def test_cost_and_use_are_read_by_level() -> None:
    p = program({"key": "lounge", "kind": "lounge", "for": {"everyone": True}, "cost": "12.50"})
    low, high = join(p), join(p)
    grow(p, high, 600)
    use(p, low, "lounge")
    use(p, high, "lounge", times=2)
    gone = use(p, high, "lounge")
    benefits.undo(program_id=p, use_id=gone.use_id, reason="no show", actor=ACTOR)
    found = {(c.level, c.uses, c.members, c.cost_minor, c.undone) for c in value_of(p)}
    assert found == {("main/gold", 2, 1, 2500, 1), ("main/member", 1, 1, 1250, 0)}


def test_members_who_become_one_share_quota_and_birthday_and_come_apart_as_they_were() -> None:
    visits = {"key": "lounge", "kind": "lounge", "for": {"everyone": True}, "quota": {"times": 3, "period": "year"}}
    p = program(CAKE, visits)
    one, other = born(p, 5, 4, "UTC"), born(p, 6, 1, "UTC")
    look(p, datetime(2026, 5, 4, tzinfo=UTC))
    with clock.at(datetime(2026, 5, 5, tzinfo=UTC)):
        use(p, one, "lounge", "a", times=2)
        use(p, other, "lounge", "b")
        merge = identity.merge(program_id=p, into=other, from_=one, reason="same person", actor=ACTOR)
        assert [e.left for e in benefits.of(program_id=p, member_id=other, benefit="lounge")] == [0]
    look(p, datetime(2026, 6, 1, tzinfo=UTC))
    assert [o for o, _, _ in occasions(p, other)] == ["birthday/2026"]
    assert benefits.discrepancies() == []
    with clock.at(datetime(2026, 6, 2, tzinfo=UTC)):
        identity.undo(program_id=p, merge_id=merge.merge_id, reason="two after all", actor=ACTOR)
        assert [e.left for e in benefits.of(program_id=p, member_id=other, benefit="lounge")] == [2]
        assert [e.left for e in benefits.of(program_id=p, member_id=one, benefit="lounge")] == [1]
    assert benefits.discrepancies() == []

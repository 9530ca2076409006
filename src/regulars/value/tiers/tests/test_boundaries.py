"""Tables of boundaries: ends of months, leap days, clocks that change, zones, grace, returns, and the night that does it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from regulars.kernel import clock, nights
from regulars.kernel.models import FactRow
from regulars.people.members import services as members
from regulars.value.ledger import services as ledger
from regulars.value.tiers import services as tiers
from regulars.value.tiers.models import MoveRow, StandingRow
from regulars.value.tiers.tests.growing import bring_back, buy, instant, join, ladder, level_at, publish

pytestmark = pytest.mark.django_db
YEAR: dict[str, Any] = {"window": {"kind": "calendar_year"}, "validity": {"to": "year_end", "years": 1}}
TWELVE: dict[str, Any] = {"window": {"kind": "rolling", "months": 12}, "validity": {"months": 12}}


def joined(program_id, when):
    with clock.at(when):
        return join(program_id)


def run_night(program_id, day, zone="Europe/London"):
    step = nights.Step("review levels", tiers.review_at_night, only_latest=True)
    with clock.at(clock.day_starts(day, zone) + timedelta(minutes=5)):
        nights.run_due([step], program_id=program_id, zone=zone, upto=clock.now(), first_day=day)


@pytest.mark.parametrize(
    ("bought", "last", "first_without"),
    [
        ("2026-01-31 10:00", "2026-02-27 23:59:59", "2026-02-28"),  # a month that has no 31st ends on its last day
        ("2024-01-31 10:00", "2024-02-28 23:59:59", "2024-02-29"),
        ("2024-01-29 10:00", "2024-02-28 23:59:59", "2024-02-29"),
        ("2026-02-28 10:00", "2026-03-27 23:59:59", "2026-03-28"),
        ("2026-03-01 00:30", "2026-03-31 23:59:59", "2026-04-01"),  # the clock goes forward in between
        ("2026-10-01 00:30", "2026-10-31 23:59:59", "2026-11-01"),  # and back
        ("2026-12-31 23:59", "2027-01-30 23:59:59", "2027-01-31"),
    ],
)
def test_a_month_that_counts_ends_with_a_local_day(bought, last, first_without):
    program_id = publish(ladder(window={"kind": "rolling", "months": 1}))
    member_id = joined(program_id, instant("2024-01-01"))
    buy(program_id, member_id, instant(bought), 100)
    assert level_at(program_id, member_id, instant(last)) == "silver"
    assert level_at(program_id, member_id, instant(first_without)) == "member"


@pytest.mark.parametrize(
    ("reached", "ends"),
    [
        ("2023-02-28 12:00", "2024-02-28"),
        ("2024-02-29 12:00", "2025-02-28"),
        ("2024-08-31 12:00", "2025-08-31"),
        ("2025-03-30 00:30", "2026-03-30"),  # half an hour before the clock goes forward
        ("2025-10-26 01:30", "2026-10-26"),  # the hour that comes twice
    ],
)
def test_a_level_of_twelve_months_ends_as_its_day_begins(reached, ends):
    program_id = publish(ladder(**TWELVE))
    member_id = joined(program_id, instant("2022-01-01"))
    buy(program_id, member_id, instant(reached), 100)
    assert level_at(program_id, member_id, instant(ends) - timedelta(microseconds=1)) == "silver"
    standing = StandingRow.objects.get(member_id=member_id)
    assert standing.valid_until == instant(ends)
    assert standing.falls_on == instant(ends)  # what was bought on that day a year ago does not count any more then
    assert level_at(program_id, member_id, instant(ends)) == "member"


def test_months_that_end_on_the_31st_come_back_to_it():
    program_id = publish(ladder(window={"kind": "rolling", "months": 1}, validity={"months": 1}))
    member_id = joined(program_id, instant("2026-01-01"))
    for day in ("2026-01-31", "2026-02-27", "2026-03-30", "2026-04-29"):
        buy(program_id, member_id, instant(f"{day} 12:00"), 100)
    ends = []
    for day in ("2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01"):
        assert level_at(program_id, member_id, instant(day)) == "silver"
        ends.append(clock.local_day(StandingRow.objects.get(member_id=member_id).valid_until, "Europe/London"))
    assert ends == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]


@pytest.mark.parametrize(
    ("joined_on", "bought", "in_the_year", "next_year"),
    [
        ("2024-02-29 15:00", "2025-02-27 23:59", "2025-02-27 23:59:59", "2025-02-28"),
        ("2024-02-29 15:00", "2024-02-29 16:00", "2025-02-27 12:00", "2025-02-28"),
        ("2024-02-29 15:00", "2028-02-28 12:00", "2028-02-28 23:59:59", "2028-02-29"),
        ("2023-05-31 15:00", "2026-05-30 12:00", "2026-05-30 23:59:59", "2026-05-31"),
    ],
)
def test_a_year_of_membership_begins_on_its_day_also_when_that_is_a_leap_day(
    joined_on, bought, in_the_year, next_year
):
    program_id = publish(ladder(window={"kind": "anniversary"}))
    member_id = joined(program_id, instant(joined_on))
    buy(program_id, member_id, instant(bought), 100)
    assert level_at(program_id, member_id, instant(in_the_year)) == "silver"
    assert level_at(program_id, member_id, instant(next_year)) == "member"


@pytest.mark.parametrize(
    ("zone", "bought", "level"),
    [
        ("Europe/London", datetime(2025, 12, 31, 23, 59, tzinfo=UTC), "member"),
        ("Europe/London", datetime(2026, 1, 1, 0, 0, tzinfo=UTC), "silver"),
        ("Asia/Tokyo", datetime(2025, 12, 31, 15, 0, tzinfo=UTC), "silver"),  # New Year's morning there
        ("Asia/Tokyo", datetime(2025, 12, 31, 14, 59, tzinfo=UTC), "member"),
        ("America/New_York", datetime(2026, 1, 1, 4, 59, tzinfo=UTC), "member"),  # still the old year there
        ("America/New_York", datetime(2026, 1, 1, 5, 0, tzinfo=UTC), "silver"),
    ],
)
@pytest.mark.parametrize("members_zone", ["Asia/Tokyo", "America/New_York"])
def test_years_are_those_of_the_program_wherever_the_member_lives(zone, bought, level, members_zone):
    program_id = publish(ladder(zone, window={"kind": "calendar_year"}))
    with clock.at(datetime(2025, 1, 1, tzinfo=UTC)):
        member_id = members.register(program_id=program_id, actor="system:test", zone=members_zone).member_id
    buy(program_id, member_id, bought, 100)
    assert level_at(program_id, member_id, datetime(2026, 1, 2, tzinfo=UTC)) == level


def test_a_year_is_kept_by_less_than_what_enters_it_and_lost_by_less_than_that():
    program_id = publish(ladder(**YEAR))
    keeps, loses = (joined(program_id, instant("2024-01-01")) for _ in range(2))
    for member_id, next_year in ((keeps, 60), (loses, 59)):
        buy(program_id, member_id, instant("2024-05-01"), 100)
        buy(program_id, member_id, instant("2025-05-01"), next_year)
        assert level_at(program_id, member_id, instant("2025-12-31 23:59")) == "silver"
    run_night(program_id, date(2026, 1, 1))
    levels = {m: StandingRow.objects.get(member_id=m) for m in (keeps, loses)}
    assert (levels[keeps].level, levels[keeps].valid_until) == ("silver", instant("2027-01-01"))
    assert (levels[loses].level, levels[loses].valid_until) == ("member", None)
    (move,) = MoveRow.objects.filter(cause="night")
    assert (move.member_id, move.why, move.value, move.effective_at) == (loses, "not kept", 0, instant("2026-01-01"))
    assert tiers.discrepancies(program_id) == []


@pytest.mark.parametrize(
    ("bought", "level"),
    [
        (None, "member"),
        ("2026-01-20 12:00", "silver"),
        ("2026-01-30 23:59", "silver"),
        ("2026-01-31 00:00", "member"),
    ],
)
def test_grace_ends_with_its_last_day_and_saves_who_buys_before(bought, level):
    program_id = publish(ladder(**YEAR, grace_days=30))
    member_id = joined(program_id, instant("2024-01-01"))
    buy(program_id, member_id, instant("2024-05-01"), 100)
    buy(program_id, member_id, instant("2025-05-01"), 40)
    assert level_at(program_id, member_id, instant("2026-01-10")) == "silver"
    row = StandingRow.objects.get(member_id=member_id)
    assert (row.grace_until, row.falls_to) == (instant("2026-01-31"), "member")
    if bought:
        buy(program_id, member_id, instant(bought), 20)  # with the 40 of last year it is enough
    assert level_at(program_id, member_id, instant("2026-01-31 08:00")) == level
    if level == "silver":
        assert StandingRow.objects.get(member_id=member_id).valid_until == instant("2027-01-01")


@pytest.mark.parametrize(
    ("downgrade", "level"),
    [("one_level", "silver"), ("to_earned", "member"), ("to_base", "member"), ("never", "gold")],
)
def test_where_one_falls_to_is_a_setting(downgrade, level):
    program_id = publish(ladder(**YEAR, downgrade=downgrade))
    member_id = joined(program_id, instant("2024-01-01"))
    buy(program_id, member_id, instant("2024-05-01"), 500)
    buy(program_id, member_id, instant("2025-05-01"), 10)
    assert level_at(program_id, member_id, instant("2026-01-01")) == level


def test_what_is_reached_may_wait_for_the_next_period():
    program_id = publish(ladder(**YEAR, upgrade="next_period"))
    member_id = joined(program_id, instant("2025-01-01"))
    buy(program_id, member_id, instant("2025-05-01"), 500)
    assert level_at(program_id, member_id, instant("2025-12-31 23:59")) == "member"
    (at,) = tiers.progress(program_id=program_id, member_id=member_id)
    assert (at.rise.level, at.rise.on) == ("gold", date(2026, 1, 1))
    run_night(program_id, date(2026, 1, 1))
    assert tiers.standing(program_id=program_id, member_id=member_id).level == "gold"


@pytest.mark.parametrize(("policy", "levels"), [("take_back", ["member", "member"]), ("keep", ["silver", "member"])])
def test_refund_does_not_keep_the_level_unless_the_program_says_so(policy, levels):
    program_id = publish(ladder(**YEAR, on_return=policy))
    member_id = joined(program_id, instant("2025-01-01"))
    seq = buy(program_id, member_id, instant("2025-05-01"), 100)
    assert level_at(program_id, member_id, instant("2025-05-01 10:00")) == "silver"
    bring_back(program_id, member_id, seq, instant("2025-06-01"), 90)
    assert level_at(program_id, member_id, instant("2025-06-01 10:00"), "return") == levels[0]
    assert level_at(program_id, member_id, instant("2027-01-01")) == levels[1]
    if policy == "take_back":
        move = MoveRow.objects.filter(cause="return").get()
        assert (move.why, move.to_level) == ("taken back", "member")
    assert tiers.discrepancies(program_id) == []


def test_a_return_counts_on_the_day_of_the_purchase_it_reverses():
    program_id = publish(ladder(window={"kind": "calendar_year"}))
    member_id = joined(program_id, instant("2025-01-01"))
    seq = buy(program_id, member_id, instant("2025-12-30"), 100)
    buy(program_id, member_id, instant("2026-01-02"), 100)
    bring_back(program_id, member_id, seq, instant("2026-01-05"), 100)
    assert level_at(program_id, member_id, instant("2026-01-05 10:00")) == "silver"


def test_an_order_told_late_counts_on_its_day_and_the_history_says_so():
    program_id = publish(ladder(**YEAR))
    member_id = joined(program_id, instant("2024-01-01"))
    assert level_at(program_id, member_id, instant("2026-01-10")) == "member"
    buy(program_id, member_id, instant("2025-12-31 23:00"), 100, told=instant("2026-01-11"))
    assert level_at(program_id, member_id, instant("2026-01-11 10:00")) == "silver"
    (move,) = MoveRow.objects.filter(member_id=member_id)
    assert (move.effective_at, move.moved_at) == (instant("2025-12-31 23:00"), instant("2026-01-11 10:00"))
    assert move.why == "told late"
    assert StandingRow.objects.get(member_id=member_id).valid_until == instant("2027-01-01")


def test_a_member_hears_once_before_she_falls():
    program_id = publish(ladder(**YEAR, notice_before_fall_days=30))
    member_id = joined(program_id, instant("2024-01-01"))
    buy(program_id, member_id, instant("2024-05-01"), 100)
    level_at(program_id, member_id, instant("2025-06-01"))
    news = FactRow.objects.filter(kind="FallAhead")
    run_night(program_id, date(2025, 12, 1))
    assert not news.exists()
    for day in (date(2025, 12, 2), date(2025, 12, 3), date(2025, 12, 20)):
        run_night(program_id, day)
        assert news.count() == 1
    body = news.get().body
    assert (body["level"], body["falls_to"], body["on"]) == ("silver", "member", "2026-01-01")
    buy(program_id, member_id, instant("2025-12-21"), 60)  # she keeps it after all, and may fall a year later
    level_at(program_id, member_id, instant("2025-12-21 10:00"))
    run_night(program_id, date(2026, 1, 1))
    run_night(program_id, date(2026, 12, 2))
    assert [f.body["on"] for f in news.order_by("id")] == ["2026-01-01", "2027-01-01"]


def test_a_milestone_is_told_once_a_year():
    levels = [
        {"key": "member", "enter": 0},
        {"key": "silver", "enter": 100, "milestones": [{"key": "half", "at": 300}]},
    ]
    program_id = publish(ladder(**YEAR, levels=levels))
    member_id = joined(program_id, instant("2025-01-01"))
    told = FactRow.objects.filter(kind="MilestoneReached")
    for day, amount, count in (
        ("2025-03-01", 299, 0),
        ("2025-04-01", 1, 1),
        ("2025-05-01", 50, 1),
        ("2026-03-01", 300, 2),
    ):
        buy(program_id, member_id, instant(day), amount)
        level_at(program_id, member_id, instant(f"{day} 10:00"))
        assert told.count() == count
    assert {f.body["milestone"] for f in told} == {"half"}


def test_new_thresholds_wait_until_a_level_has_run_out():
    program_id = publish(ladder(**YEAR))
    holds, rises = (joined(program_id, instant("2025-01-01")) for _ in range(2))
    buy(program_id, holds, instant("2025-05-01"), 100)
    buy(program_id, rises, instant("2025-05-01"), 90)
    for member_id in (holds, rises):
        level_at(program_id, member_id, instant("2025-06-01"))
    harder = [{"key": "member", "enter": 0}, {"key": "bronze", "enter": 80}, {"key": "silver", "enter": 200}]
    with clock.at(instant("2025-07-01")):
        (change,) = tiers.plan(program_id, {"ladders": _section(levels=harder)})
        assert [(m["from"], m["to"], m["members"]) for m in change.after["moves"]] == [("member", "bronze", 1)]
        assert change.adverse
        publish(ladder(**YEAR, levels=harder))
        tiers.review_all(program_id=program_id, cause="publish")
    assert tiers.standing(program_id=program_id, member_id=rises).level == "bronze"
    held = tiers.standing(program_id=program_id, member_id=holds)
    assert (held.level, held.valid_until) == ("silver", instant("2027-01-01"))
    buy(program_id, holds, instant("2026-05-01"), 80)
    assert level_at(program_id, holds, instant("2026-12-31")) == "silver"
    assert level_at(program_id, holds, instant("2027-01-01")) == "bronze"
    assert tiers.discrepancies(program_id) == []


def _section(**settings):
    told = {"key": "main", "measure": "growth", "levels": [], **YEAR, **settings}
    return [told]


def test_two_members_who_become_one_stand_where_both_histories_lead():
    program_id = publish(ladder(**YEAR))
    first, second = joined(program_id, instant("2025-01-01")), joined(program_id, instant("2025-02-01"))
    buy(program_id, first, instant("2025-05-01"), 60)
    buy(program_id, second, instant("2025-05-02"), 60)
    for member_id in (first, second):
        assert level_at(program_id, member_id, instant("2025-06-01")) == "member"
    with clock.at(instant("2026-02-01")):  # in the year after: the purchases count when they were made
        record = ledger.absorb(
            program_id=program_id, from_id=first, into_id=second, key="m", reason="same", actor="staff:1"
        )
        tiers.absorb(program_id=program_id, from_member=first, into_member=second)
    standing = tiers.standing(program_id=program_id, member_id=second)
    assert (standing.level, standing.valid_until) == ("silver", instant("2027-01-01"))
    assert not StandingRow.objects.filter(member_id=first).exists()
    with clock.at(instant("2026-02-02")):
        ledger.separate(program_id=program_id, record=record, key="u", reason="not the same", actor="staff:1")
        tiers.separate(program_id=program_id, members=[first, second])
    assert {tiers.standing(program_id=program_id, member_id=m).level for m in (first, second)} == {"member"}
    assert tiers.discrepancies(program_id) == []


def test_several_measures_any_or_all():
    document = ladder().replace(
        '{"key": "growth", "kind": "measure"}',
        '{"key": "growth", "kind": "measure"}, {"key": "nights", "kind": "measure"}',
    )
    assert "nights" in document
    levels = [
        {"key": "member", "enter": {"growth": 0, "nights": 0}},
        {"key": "silver", "enter": {"growth": 100, "nights": 5}},
    ]
    told = document.replace('"measure": "growth"', '"measures": ["growth", "nights"]')
    for match, level in (("any", "silver"), ("all", "member")):
        import_levels = told.replace(
            told[told.index('"levels"') : told.index("]", told.index('"levels"')) + 1],
            f'"match": "{match}", "levels": {levels}'.replace("'", '"'),
        )
        program_id = publish(import_levels.replace('"shop"', f'"shop-{match}"', 1))
        member_id = joined(program_id, instant("2025-01-01"))
        buy(program_id, member_id, instant("2025-05-01"), 100)
        assert level_at(program_id, member_id, instant("2025-05-02")) == level
        (at,) = tiers.progress(program_id=program_id, member_id=member_id)
        if match == "all":
            assert [(n.measure, n.missing) for n in at.next_needs] == [("growth", 0), ("nights", 5)]

"""Who has not confirmed a harder ladder stands by the old one, until she does or the days are over; then by the new one."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from regulars.governance.publishing import services as publishing
from regulars.kernel import clock, nights
from regulars.people.agreements import services as agreements
from regulars.value.tiers import services as tiers
from regulars.value.tiers.models import MoveRow, StandingRow
from regulars.value.tiers.tests.growing import buy, instant, join, ladder, publish

pytestmark = pytest.mark.django_db
DAYS = 60
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "rolling": {"window": {"kind": "rolling", "months": 12}},
    "twelve": {"window": {"kind": "rolling", "months": 12}, "validity": {"months": 12}},
    "year": {"window": {"kind": "calendar_year"}, "validity": {"to": "year_end", "years": 1}, "grace_days": 20},
}


def document(silver: int, settings: str = "rolling", **more: Any) -> str:
    """A ladder on which silver is reached by so much, in a program that keeps old terms."""
    levels = [{"key": "member", "enter": 0}, {"key": "silver", "enter": silver}, {"key": "gold", "enter": 500}]
    told = json.loads(ladder(levels=levels, **SETTINGS[settings]))
    policies = {"old_terms": {"keep": "until_confirmed", "most_days": DAYS}}
    return json.dumps({**told, "policies": policies, **more})


def at(when: datetime, do: Callable[[], Any]) -> Any:
    with clock.at(when):
        return do()


def published(when: datetime, told: str) -> int:
    """A version applied then, and the review that follows it."""

    def do() -> int:
        program_id = publish(told)
        tiers.review_all(program_id=program_id, cause="publish")
        return program_id

    return int(at(when, do))


def confirm(program_id: int, member_id: UUID, when: datetime, version: int) -> None:
    def do() -> None:
        agreements.acknowledge(
            program_id=program_id, member_id=member_id, version=version, source="app", actor="key:1"
        )
        tiers.review(program_id=program_id, member_ids=[member_id], cause="terms")

    at(when, do)


def night(program_id: int, day: date) -> None:
    step = nights.Step("review levels", tiers.review_at_night, only_latest=True)
    with clock.at(clock.day_starts(day, "Europe/London") + timedelta(minutes=5)):
        nights.run_due([step], program_id=program_id, zone="Europe/London", upto=clock.now(), first_day=day)


def wrong(program_id: int, when: datetime) -> list[Any]:
    return list(at(when, lambda: tiers.discrepancies(program_id)))


def level(program_id: int, member_id: UUID, when: datetime) -> str:
    found = at(when, lambda: tiers.standing(program_id=program_id, member_id=member_id))
    return str(found.level)


def a_town(settings: str, n: int = 3) -> tuple[int, list[UUID]]:
    """A program of January, and members who have reached silver by 150."""
    program_id = at(instant("2026-01-02"), lambda: publish(document(100, settings)))
    members = [at(instant("2026-01-03"), lambda: join(program_id)) for _ in range(n)]
    for member_id in members:
        buy(program_id, member_id, instant("2026-01-10"), 150)
    at(instant("2026-01-11"), lambda: tiers.review(program_id=program_id, member_ids=members))
    return program_id, members


@pytest.mark.parametrize("settings", ["plain", "rolling"])
def test_a_member_falls_by_a_harder_ladder_only_when_she_has_confirmed_it_or_the_days_are_over(settings: str) -> None:
    program_id, (ann, bea, cid) = a_town(settings)
    published(instant("2026-02-01 12:00"), document(200, settings))
    assert [level(program_id, m, instant("2026-02-02")) for m in (ann, bea)] == ["silver", "silver"]
    confirm(program_id, ann, instant("2026-02-03 10:00"), version=2)
    assert [level(program_id, m, instant("2026-02-03 10:01")) for m in (ann, bea)] == ["member", "silver"]
    assert wrong(program_id, instant("2026-02-03 11:00")) == []
    buy(program_id, cid, instant("2026-02-10"), 60)
    buy(program_id, ann, instant("2026-02-10"), 10)
    at(instant("2026-02-10 01:00"), lambda: tiers.review(program_id=program_id, member_ids=[ann, cid]))
    assert [s.version for s in StandingRow.objects.filter(member_id__in=[ann, bea]).order_by("version")] == [1, 2]
    for day in (date(2026, 2, 11), date(2026, 3, 1)):
        night(program_id, day)
        assert wrong(program_id, clock.day_starts(day, "Europe/London") + timedelta(hours=1)) == []
    assert [level(program_id, m, instant("2026-03-02")) for m in (ann, bea, cid)] == ["member", "silver", "silver"]
    night(program_id, date(2026, 4, 3))  # the 60 days are over since the 2nd at noon
    assert [level(program_id, m, instant("2026-04-03 01:00")) for m in (ann, bea, cid)] == [
        "member",
        "member",
        "silver",
    ]
    assert wrong(program_id, instant("2026-04-03 01:00")) == []
    moves = {m.member_id: m for m in MoveRow.objects.filter(to_level="member")}
    assert set(moves) == {ann, bea}
    if settings == "rolling":  # it holds since the new ladder has held for her
        assert moves[ann].effective_at == instant("2026-02-03 10:00")
        assert moves[bea].effective_at == instant("2026-04-02 13:00")
    buy(program_id, bea, instant("2026-04-10"), 60)
    at(instant("2026-04-10 01:00"), lambda: tiers.review(program_id=program_id, member_ids=[bea, ann]))
    assert level(program_id, bea, instant("2026-04-11")) == "silver"
    assert wrong(program_id, instant("2026-04-11")) == []


def test_progress_speaks_of_the_ladder_that_is_hers() -> None:
    program_id, (ann, bea, _) = a_town("plain")
    published(instant("2026-02-01"), document(200, "plain"))
    confirm(program_id, ann, instant("2026-02-02"), version=2)

    def next_at(member_id: UUID) -> int | None:
        return tiers.progress(program_id=program_id, member_id=member_id)[0].next_at

    with clock.at(instant("2026-02-03")):
        assert (next_at(ann), next_at(bea)) == (200, 500)


def test_a_plan_moves_nobody_who_keeps_older_terms() -> None:
    program_id, (ann, bea, cid) = a_town("rolling")
    published(instant("2026-02-01"), document(120))
    confirm(program_id, ann, instant("2026-02-02"), version=2)
    with clock.at(instant("2026-02-03")):
        (change,) = tiers.plan(program_id, json.loads(document(200)))
    assert change.after is not None
    (move,) = change.after["moves"]
    assert (move["from"], move["to"], move["members"]) == ("silver", "member", 1)


def test_who_was_judged_by_other_terms_than_hers_is_found() -> None:
    program_id, (ann, *_) = a_town("rolling")
    published(instant("2026-02-01"), document(200))
    StandingRow.objects.filter(member_id=ann).update(version=2)
    assert "T11" in {d.promise for d in tiers.discrepancies(program_id)}


@pytest.mark.parametrize("settings", sorted(SETTINGS))
@pytest.mark.parametrize("seed", range(4))
def test_whoever_confirmed_whatever_and_whenever_stands_where_her_facts_lead(settings: str, seed: int) -> None:
    chance = random.Random(seed)
    program_id, members = a_town(settings, n=24)
    for month, silver in ((2, 200), (3, 140), (4, 260), (6, 90)):
        published(instant(f"2026-{month:02}-05 09:30"), document(silver, settings))
        version = publishing.current(program_id=program_id).number
        for member_id in chance.sample(members, 6):
            when = instant(f"2026-{month:02}-{chance.randint(6, 20):02} 10:00")
            buy(program_id, member_id, when, chance.choice([20, 60, 150]))
        for member_id in chance.sample(members, 5):
            day = instant(f"2026-{month:02}-{chance.randint(21, 27):02} 15:00")
            confirm(program_id, member_id, day, version=chance.randint(max(1, version - 1), version))
        night(program_id, date(2026, month, 28))
        assert wrong(program_id, instant(f"2026-{month:02}-28 01:00")) == []
    for day in (date(2026, 8, 20), date(2027, 1, 1), date(2027, 1, 22), date(2027, 6, 30)):
        night(program_id, day)
        assert wrong(program_id, clock.day_starts(day, "Europe/London") + timedelta(hours=1)) == []
    assert set(StandingRow.objects.values_list("version", flat=True)) == {5}
    with clock.at(instant("2027-07-01")):
        before = list(StandingRow.objects.order_by("member_id").values("member_id", "level", "valid_until", "ruled"))
        StandingRow.objects.update(seen=-1)  # all walked anew, together and one by one
        tiers.review_all(program_id=program_id)
        assert list(StandingRow.objects.order_by("member_id").values(*before[0])) == before
        StandingRow.objects.update(seen=-1)
        for member_id in members:
            tiers.review(program_id=program_id, member_ids=[member_id])
        assert list(StandingRow.objects.order_by("member_id").values(*before[0])) == before


def test_who_was_judged_before_terms_were_kept_apart_is_put_right_by_the_next_night() -> None:
    program_id, (ann, bea, cid) = a_town("rolling")
    published(instant("2026-02-01"), document(200))
    gone = {"version": 2, "level": "member", "earned": "member", "ruled": instant("2026-02-01")}
    StandingRow.objects.filter(member_id__in=[ann, bea]).update(**gone)
    assert wrong(program_id, instant("2026-02-05")) != []
    anew = import_module("regulars.value.tiers.migrations.0009_seen_anew")
    with connection.cursor() as cursor:
        cursor.execute(anew._ANEW)
    night(program_id, date(2026, 2, 6))
    assert [level(program_id, m, instant("2026-02-06 01:00")) for m in (ann, bea, cid)] == ["silver"] * 3
    assert wrong(program_id, instant("2026-02-06 01:00")) == []

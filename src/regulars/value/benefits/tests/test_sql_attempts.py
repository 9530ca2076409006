"""Attempts to break each named constraint, past the services: the database refuses all of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from regulars.value.benefits import services as benefits
from regulars.value.benefits.tests.house import ACTOR, join, program, use

pytestmark = pytest.mark.django_db
USE = (
    "insert into benefits_use (id, program_id, member_id, benefit, version, key, period, times, counted, via, level,"
    " used_at, actor{more}) values (%s, %s, %s, 'lounge', 1, %s, 'lifetime', {times}, false, '', '', now(), 'a'{values})"
)
GIFT = (
    "insert into benefits_gift (program_id, member_id, occasion, kind, state, on_day, due_on, given_at)"
    " values (%s, %s, %s, 'welcome', %s, '2026-01-02', %s, {given})"
)


@pytest.fixture
def held() -> tuple[int, UUID]:
    p = program({"key": "lounge", "kind": "lounge", "for": {"everyone": True}, "quota": {"times": 2}})
    return p, join(p)


def refused(constraint: str, sql: str, *params: Any) -> None:
    with pytest.raises(DatabaseError, match=constraint), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


def test_what_was_published_never_changes(held: tuple[int, UUID]) -> None:
    for sql in ("update benefits_benefit set times = 9", "delete from benefits_benefit"):
        refused("E1_a_published_benefit_never_changes", sql)
    columns = "insert into benefits_benefit (program_id, version, key, place, kind, times, period, cost_minor, body)"
    for name, kind, times, period, cost in (
        ("E1_a_kind_is_known", "spa", 1, "day", 0),
        ("E1_a_period_is_known", "lounge", 1, "hour", 0),
        ("E1_a_quota_allows_something", "lounge", 0, "day", 0),
        ("E1_a_use_costs_nothing_or_more", "lounge", 1, "day", -1),
    ):
        refused(name, f"{columns} values (%s, 1, 'x', 0, %s, %s, %s, %s, '{{}}')", held[0], kind, times, period, cost)


def test_a_source_grants_a_thing_once_and_somebody_did_it(held: tuple[int, UUID]) -> None:
    p, m = held
    benefits.note_plan(program_id=p, member_id=m, plan="prime", until=None, source="s")
    columns = "insert into benefits_holding (program_id, member_id, kind, key, source, since, actor, revoked_by)"
    for name, kind, source, by in (
        ("E2_a_source_grants_a_thing_once", "plan", "s", ""),
        ("E2_a_pack_or_a_plan_is_held", "coat", "t", ""),
        ("E2_somebody_granted_it", "plan", "", ""),
        ("E2_somebody_revoked_it", "plan", "t", "a"),
    ):
        refused(name, f"{columns} values (%s, %s, %s, 'prime', %s, now(), 'a', %s)", p, m, kind, source, by)


def test_a_use_is_one_use_and_is_never_rewritten(held: tuple[int, UUID]) -> None:
    p, m = held
    done = use(p, m, "lounge", "k")
    plain = USE.format(more="", values="", times=1)
    refused("E3_a_key_uses_once", plain, uuid4(), p, m, "k")
    refused("E3_a_use_uses_something", USE.format(more="", values="", times=0), uuid4(), p, m, "l")
    refused("E3_somebody_undid_it", USE.format(more=", state", values=", 'undone'", times=1), uuid4(), p, m, "l")
    refused("E3_a_use_is_never_rewritten", "update benefits_use set times = 2")
    refused("E3_a_use_is_never_deleted", "delete from benefits_use")
    benefits.undo(program_id=p, use_id=done.use_id, reason="no", actor=ACTOR)
    refused("E3_a_use_is_never_rewritten", "update benefits_use set state = 'used', undone_at = null, undone_by = ''")
    refused("E4_nothing_is_used_less_than_never", "update benefits_quota set used = -1")


def test_an_occasion_comes_once_and_a_choice_picks_something(held: tuple[int, UUID]) -> None:
    p, m = held
    with connection.cursor() as cursor:
        cursor.execute(GIFT.format(given="now()"), [p, m, "welcome", "given", "2026-01-02"])
    refused("E5_an_occasion_comes_once", GIFT.format(given="now()"), p, m, "welcome", "given", "2026-01-02")
    refused("E5_a_state_of_gifts_is_known", GIFT.format(given="now()"), p, m, "x", "lost", "2026-01-02")
    refused("E5_no_gift_comes_before_its_day", GIFT.format(given="now()"), p, m, "x", "given", "2026-01-01")
    refused("E5_a_gift_was_given_sometime", GIFT.format(given="null"), p, m, "x", "given", "2026-01-02")
    refused(
        "E6_a_choice_picks_something",
        "insert into benefits_choice (program_id, member_id, benefit, period, picked, chosen_at, actor)"
        " values (%s, %s, 'pick', 'lifetime', '{}', now(), 'a')",
        p,
        m,
    )


def test_proofs_see_what_was_done_past_the_services(held: tuple[int, UUID]) -> None:
    p, m = held
    use(p, m, "lounge")
    assert benefits.discrepancies() == []
    with connection.cursor() as cursor:
        cursor.execute("update benefits_quota set used = 2")
    (found,) = benefits.discrepancies(p)
    assert (found.promise, found.member_id, found.expected, found.found) == ("E4", m, "1", "2")

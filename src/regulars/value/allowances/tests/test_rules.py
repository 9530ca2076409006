"""Who pays what: parts sum to the whole, and never more than she allowed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.value.allowances.rules import document, judging, reading
from regulars.value.allowances.terms import Allowance, AllowanceState, Bound, Burn, Policy, Rule, UnitPolicy

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ADA, BOB, ONE = UUID(int=1), UUID(int=2), UUID(int=9)


def an_allowance(amount=300, used=0, left=None, state=AllowanceState.OPEN, bound=Bound.DEVICE, bound_to="t1"):
    left = amount - used if left is None else left
    return Allowance(
        id=ONE, program_id=1, member_id=ADA, hold_id=ONE, unit="points", amount=amount, used=used, left=left,
        bound=bound, bound_to=bound_to, state=state, issued_at=NOW - timedelta(hours=1),
        expires_at=NOW + timedelta(hours=1), closed_at=None, text="",
    )  # fmt: skip


def judged(amount, allowance, **seen):
    facts = {"device": "t1", "store": "s1", "member_id": ADA, "at": NOW, "is_revoked": False, "balance": 0, **seen}
    return judging.judge(burn=Burn(ONE, amount, amount), allowance=allowance, seen=judging.Seen(**facts))


@pytest.mark.parametrize(
    ("amount", "allowance", "seen", "parts", "rules"),
    [
        (300, an_allowance(), {}, (300, 0, 0), ()),
        (300, an_allowance(used=200), {"balance": 999}, (100, 0, 200), (Rule.OVERSPENT,)),
        (100, an_allowance(left=0, state=AllowanceState.ENDED), {"balance": 999}, (0, 100, 0), (Rule.LATE,)),
        (100, an_allowance(left=0, state=AllowanceState.ENDED), {"balance": 30}, (0, 30, 70), (Rule.LATE,)),
        (100, an_allowance(left=0, state=AllowanceState.ENDED), {"balance": -5}, (0, 0, 100), (Rule.LATE,)),
        (400, an_allowance(left=60), {"balance": 100}, (60, 100, 240), (Rule.LATE, Rule.OVERSPENT)),
        (100, an_allowance(left=0, state=AllowanceState.CANCELLED), {"balance": 999}, (0, 0, 100), (Rule.CANCELLED,)),
        (100, an_allowance(), {"at": NOW + timedelta(hours=1)}, (0, 0, 100), (Rule.EXPIRED,)),
        (100, an_allowance(), {"at": NOW - timedelta(hours=2)}, (0, 0, 100), (Rule.EXPIRED,)),
        (100, an_allowance(bound_to="t2"), {}, (0, 0, 100), (Rule.OTHER_DEVICE,)),
        (100, an_allowance(bound=Bound.STORE, bound_to="s1"), {}, (100, 0, 0), ()),
        (100, an_allowance(bound=Bound.STORE, bound_to="s2"), {}, (0, 0, 100), (Rule.OTHER_DEVICE,)),
        (100, an_allowance(), {"member_id": BOB}, (0, 0, 100), (Rule.OTHER_MEMBER,)),
        (100, None, {}, (0, 0, 100), (Rule.UNKNOWN_ALLOWANCE,)),
        (100, an_allowance(), {"is_revoked": True}, (0, 0, 100), (Rule.DEVICE_REVOKED,)),
    ],
)
def test_each_rule_says_who_pays(amount, allowance, seen, parts, rules):
    found = judged(amount, allowance, **seen)
    assert ((found.from_hold, found.from_balance, found.unpaid), found.rules) == (parts, rules)


@given(
    amount=st.integers(1, 1000), whole=st.integers(1, 1000), used=st.integers(0, 1000), left=st.integers(0, 1000),
    balance=st.integers(-100, 2000),
)  # fmt: skip
def test_parts_sum_to_the_burn_and_never_pass_what_she_allowed(amount, whole, used, left, balance):
    used = min(used, whole)
    left = min(left, whole - used)
    found = judged(amount, an_allowance(amount=whole, used=used, left=left), balance=balance)
    assert found.from_hold + found.from_balance + found.unpaid == amount
    assert min(found.from_hold, found.from_balance, found.unpaid) >= 0
    assert used + found.from_hold + found.from_balance <= whole
    assert found.from_hold <= left
    assert bool(found.rules) == (found.from_hold < amount)


@given(st.sets(st.integers(1, 40)))
def test_gaps_and_what_is_here_are_everything_up_to_the_last(seqs):
    whole, missing = reading.gaps(sorted(seqs), upto=0)
    lost = {n for first, last in missing for n in range(first, last + 1)}
    assert lost | seqs == set(range(1, max(seqs, default=0) + 1))
    assert not lost & seqs
    assert whole == min(lost, default=max(seqs, default=0) + 1) - 1


def test_a_clock_that_is_wrong_by_less_than_two_minutes_is_right():
    assert reading.offset_ms(sent_at=NOW, now=NOW + timedelta(seconds=119)) == 0
    assert reading.offset_ms(sent_at=NOW, now=NOW + timedelta(seconds=120)) == 120_000
    assert reading.offset_ms(sent_at=NOW + timedelta(hours=1), now=NOW) == -3_600_000


def test_the_section_is_written_as_it_is_read():
    policy = Policy(units=(UnitPolicy(unit="points", max_amount=5),), hours=3, grace_hours=0, max_open_member=1)
    assert document.read(document.write(policy)) == (policy, [])
    assert document.read({}) == (None, [])


@pytest.mark.parametrize(
    ("section", "path"),
    [
        ({"hours": 0}, "offline.hours"),
        ({"hours": 721}, "offline.hours"),
        ({"grace": 1}, "offline.grace"),
        ({"units": [{"unit": "growth", "max_amount": 1}]}, "offline.units.0.unit"),
        ({"units": [{"unit": "points"}]}, "offline.units.0.max_amount"),
        ({"max_open": {"till": 1}}, "offline.max_open.till"),
        ([], "offline"),
    ],
)
def test_a_fault_of_the_section_is_told_with_its_path(section, path):
    units = [{"key": "points", "kind": "spendable"}, {"key": "growth", "kind": "measure"}]
    assert path in [p for p, _ in document.read({"offline": section, "units": units})[1]]

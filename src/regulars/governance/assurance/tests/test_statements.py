"""A statement adds up over any history, and whoever changes a field of it is found."""

import copy
import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from click.testing import CliRunner
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.cli.verify_statement import command
from regulars.governance.assurance import rules
from regulars.governance.assurance import services as assurance
from regulars.governance.assurance.rules.sealing import NotAStatement
from regulars.governance.assurance.terms import Include
from regulars.kernel import clock
from regulars.kernel.errors import Invalid, Refusal
from regulars.people.members import services as members
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Parcel, Source
from regulars.value.ledger.tests import world

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_member(program_id):
    return members.register(program_id=program_id, actor="system:test", name="Ada Byron").member_id


@pytest.fixture
def house():
    program = world.program(zone="Europe/London")
    return program, a_member(program), a_member(program)


def live(program_id, one, other, steps):
    """Do what the steps say, a few hours apart; whatever is refused did not happen."""
    now = START
    for n, (what, amount, hours) in enumerate(steps):
        now += timedelta(hours=hours)
        who = {"program_id": program_id, "member_id": one, "key": f"k{n}", "actor": "staff:7"}
        try:
            with clock.at(now), transaction.atomic():
                do(what, who, amount, n, other, now)
        except Refusal:
            continue
    return now


def do(what, who, amount, n, other, now):
    if what == "earn":
        parts = [
            Parcel(slot=world.POINTS, amount=amount, expires_at=now + 20 * DAY),
            Parcel(slot=world.GROWTH, amount=amount),
        ]
        ledger.earn(**who, parcels=parts, source=Source(type="order", ref=f"till/{n}"), rule_version=1)
    elif what == "later":
        ledger.earn(**who, parcels=[Parcel(slot=world.STARS, amount=amount, activates_at=now + 3 * DAY)])
    elif what == "spend":
        ledger.spend(**who, unit="points", amount=amount)
    elif what == "claw":
        found = ledger.journal(program_id=who["program_id"], member_id=who["member_id"], limit=500, kinds=("earn",))
        if found:
            ledger.clawback(**who, reverses=found[-1].seq, amounts={world.POINTS: amount})
    elif what == "give":
        ledger.transfer(**who, to=other, unit="points", amount=amount)
    elif what == "hold":
        ledger.hold(**who, unit="points", amount=amount, expires_at=now + DAY)
    elif what == "adjust":
        ledger.adjust(**who, unit="points", amount=-amount, reason="mistake", limit=10**9)
    else:
        ledger.expire_due(program_id=who["program_id"], before=now, limit=500)
        ledger.activate_due(program_id=who["program_id"], before=now, limit=500)


def told(house, first=date(2026, 1, 1), last=date(2026, 12, 31), **more):
    program, member, _ = house
    return assurance.statement(program_id=program, member_id=member, from_=first, to=last, **more)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["earn", "earn", "later", "spend", "claw", "give", "hold", "adjust", "night"]),
        st.integers(1, 60),
        st.integers(1, 200),
    ),
    max_size=14,
)
A_LIFE = [
    ("earn", 100, 5), ("later", 9, 30), ("spend", 30, 30), ("hold", 10, 30), ("give", 7, 30), ("claw", 90, 30),
    ("earn", 50, 30), ("adjust", 5, 30), ("night", 1, 700), ("earn", 20, 30), ("spend", 3, 5),
]  # fmt: skip


@settings(max_examples=25)
@given(steps=STEPS, cut=st.integers(0, 60), limit=st.integers(1, 5))
def test_a_statement_always_adds_up_and_its_parts_and_halves_join(steps, cut, limit):
    with transaction.atomic():
        program = world.program(zone="Europe/London")
        house = program, a_member(program), a_member(program)
        end = live(program, house[1], house[2], steps)
        with clock.at(end + DAY):
            whole = told(house)
            assert rules.check(whole) == []
            assert assurance.statement_faults(whole) == []
            now = ledger.balances_booked(program_id=program, member_id=house[1], before=end + DAY)
            assert {u["unit"]: u["closing"]["active"] for u in whole["units"]} == {
                k: b.active for k, b in now.items()
            }
            parts, after = [], 0
            while after is not None:
                parts.append(told(house, after=after, limit=limit))
                after = parts[-1]["part"]["next"]
            assert [rules.check(p) for p in parts] == [[]] * len(parts)
            assert rules.check_parts(parts) == []
            assert [e for p in parts for e in p["entries"]] == whole["entries"]
            middle = (START + cut * DAY).date()
            one, two = told(house, last=middle), told(house, first=middle + DAY)
            assert one["entries"] + two["entries"] == whole["entries"]
            closing = {u["unit"]: u["closing"] for u in one["units"]}
            assert all(closing.get(u["unit"], u["opening"]) == u["opening"] for u in two["units"])
        transaction.set_rollback(True)


def leaves(value, path=()):
    if isinstance(value, dict) and value:
        return [leaf for name, part in value.items() for leaf in leaves(part, (*path, name))]
    if isinstance(value, list) and value:
        return [leaf for n, part in enumerate(value) for leaf in leaves(part, (*path, n))]
    return [path]


def other_than(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value[:-1] + ("0" if value[-1:] != "0" else "1")
    return "x"


def changed(document, path):
    new = copy.deepcopy(document)
    place = new
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = other_than(place[path[-1]])
    return new


@pytest.fixture
def signed(house):
    end = live(*house, A_LIFE)
    with clock.at(end + DAY):
        return told(house, include={Include.NAME})


def test_each_field_that_is_changed_is_found_and_named(signed):
    paths = leaves(signed)
    assert len(paths) > 200
    for path in paths:
        faults = rules.check(changed(signed, path))
        assert faults, path
        if path[0] not in ("seal", "entries", "units", "levels"):
            assert any(where.startswith(str(path[0])) for where, _ in faults), (path, faults)


@settings(max_examples=80)
@given(data=st.data())
def test_a_forger_who_signs_the_digests_anew_is_found_by_the_key_and_mostly_by_the_sums(data):
    document = _KEPT["signed"]
    path = data.draw(st.sampled_from([p for p in leaves(document) if p[0] != "seal"]))
    forged = changed(document, path)
    forged["seal"]["digests"] = rules.digests(forged)
    assert any(where == "seal" for where, _ in rules.check(forged))
    if (
        path[-1] in ("active", "pending", "held", "debt", "total", "amount", "from", "to")
        and path[0] != "levels"
        and "rules" not in path
    ):
        assert len(rules.check(forged)) > 1


_KEPT = {}


@pytest.fixture(autouse=True)
def _keep(request):
    if "forger" in request.node.name:
        _KEPT["signed"] = request.getfixturevalue("signed")
    return None


def test_leaving_out_adding_and_reordering_are_found(signed):
    for name in ("entries", "units"):
        for new in (signed[name][1:], signed[name][:-1], [*signed[name], signed[name][0]], signed[name][::-1]):
            assert rules.check({**signed, name: new}), name
    assert rules.check({**signed, "extra": 1})
    assert rules.check({k: v for k, v in signed.items() if k != "person"})


def test_nothing_names_a_person_unless_asked(house, signed):
    program, member, _ = house
    plain = json.dumps(told(house))
    assert "Ada" not in plain and "staff:7" not in plain
    assert members.fact(program_id=program, member_id=member).number in plain
    assert signed["person"] == {"name": "Ada Byron"}


def test_a_transfer_does_not_tell_who_the_other_is(house):
    live(*house, [("earn", 50, 1), ("give", 20, 1)])
    text = json.dumps(told(house))
    assert str(house[2]) not in text
    assert told(house)["units"][0]["totals"] == {"earned": 50, "transferred": -20}


def test_the_day_of_the_clock_change_has_23_hours_and_each_journal_its_own_day(house):
    program, member, _ = house
    times = ["2026-03-28T23:59:59.999999+00:00", "2026-03-29T00:00:00+00:00", "2026-03-29T22:59:59.999999+00:00", "2026-03-29T23:00:00+00:00"]  # fmt: skip
    for n, at in enumerate(times):
        with clock.at(datetime.fromisoformat(at)):
            ledger.earn(
                program_id=program,
                member_id=member,
                key=f"e{n}",
                actor="system:test",
                parcels=[Parcel(slot=1, amount=10**n)],
            )
    day = told(house, date(2026, 3, 29), date(2026, 3, 29))
    assert (day["period"]["begins_at"], day["period"]["ends_at"]) == ("2026-03-29T00:00:00+00:00", "2026-03-29T23:00:00+00:00")  # fmt: skip
    assert day["units"][0]["opening"]["total"] == 1
    assert day["units"][0]["totals"] == {"earned": 110}
    assert day["units"][0]["closing"]["total"] == 111
    assert told(house, date(2026, 3, 30), date(2026, 3, 30))["units"][0]["opening"]["total"] == 111


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Pacific/Apia", "Europe/London"])
def test_neighbouring_days_never_overlap_or_leave_a_gap_in_any_zone(zone):
    program = world.program(zone=zone)
    house = program, a_member(program), None
    days = [date(2026, 10, 31) + n * DAY for n in range(4)]
    found = [told(house, day, day)["period"] for day in days]
    assert all(one["ends_at"] == two["begins_at"] for one, two in pairwise(found))


def test_a_period_that_is_over_is_told_the_same_for_ever(house):
    live(*house, A_LIFE)
    first = told(house, last=date(2026, 3, 10))
    with clock.at(datetime(2026, 8, 1, tzinfo=UTC)):
        ledger.earn(
            program_id=house[0],
            member_id=house[1],
            key="late",
            actor="system:test",
            parcels=[Parcel(slot=1, amount=9)],
            occurred_at=START,
        )
    again = told(house, last=date(2026, 3, 10))
    assert {k: v for k, v in first.items() if k not in ("made_at", "seal")} == {
        k: v for k, v in again.items() if k not in ("made_at", "seal")
    }


def test_the_books_find_a_statement_that_the_programs_own_key_signed_wrongly(signed, house, monkeypatch):
    from regulars.governance.assurance import statements

    wrong = copy.deepcopy(signed)
    entry = next(e for e in wrong["entries"] if e["source"])
    entry["source"]["ref"] = "till/another"
    wrong = statements._sealed(house[0], {k: v for k, v in wrong.items() if k != "seal"})
    assert rules.check(wrong) == []
    assert assurance.statement_faults(wrong) == [
        (f"entries/{entry['seq']}.source.ref", "the books say 'till/0', the statement says 'till/another'")
    ]


def test_a_statement_of_a_running_period_stays_true_when_more_happens(house):
    end = live(*house, A_LIFE[:4])
    with clock.at(end):
        early = told(house)
    assert not early["period"]["is_over"]
    with clock.at(end + DAY):
        ledger.earn(
            program_id=house[0],
            member_id=house[1],
            key="more",
            actor="system:test",
            parcels=[Parcel(slot=1, amount=9)],
        )
        assert assurance.statement_faults(early) == []


@pytest.mark.parametrize(("first", "last"), [(date(2026, 2, 2), date(2026, 2, 1)), (date(1, 1, 1), date(2026, 1, 1)), (date(2026, 1, 1), date(9999, 12, 31))])  # fmt: skip
def test_a_period_that_cannot_be_is_refused(house, first, last):
    with pytest.raises(Invalid):
        told(house, first, last)


@pytest.mark.parametrize(
    "bad", [b"", b"[]", b"{", b'{"a":1,"a":2}', b'{"a":1.5}', b'{"a":NaN}', b"\xff", b"[" * 100_000]
)
def test_what_is_no_statement_is_refused_not_crashed_on(bad):
    with pytest.raises(NotAStatement):
        rules.read(bad)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
        max_leaves=8,
    )
)
def test_any_json_is_answered_with_faults_and_never_a_crash(value):
    assert rules.check(value if isinstance(value, dict) else {"statement": value})


@given(data=st.data())
def test_any_part_replaced_by_anything_is_answered_with_faults(data):
    document = copy.deepcopy(_KEPT["signed"]) if "signed" in _KEPT else {}
    if not document:
        return
    path = data.draw(st.sampled_from(leaves(document)))
    place = document
    for step in path[:-1]:
        place = place[step]
    was = place[path[-1]]
    place[path[-1]] = data.draw(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just([]) | st.just({})
    )
    assert rules.check(document) or (place[path[-1]] == was and type(place[path[-1]]) is type(was))


def test_the_command_says_what_was_changed_by_its_status_and_words(signed, house, tmp_path):
    good, bad, none = tmp_path / "good.json", tmp_path / "bad.json", tmp_path / "none.json"
    good.write_text(json.dumps(signed, indent=2))
    bad.write_text(json.dumps(changed(signed, ("entries", 0, "moves", 0, "amount"))))
    none.write_text("hello")
    key, run = assurance.statement_key(program_id=house[0]), CliRunner().invoke
    assert run(command, [str(good)]).exit_code == 0
    fine = run(command, [str(good), "--key", key, "--database", "--show"])
    assert (fine.exit_code, "the ledger says the same" in fine.output, "earned: order till/0" in fine.output) == (
        0,
        True,
        True,
    )
    broken = run(command, [str(bad), "--key", key])
    assert broken.exit_code == 1
    assert "entries/1: was changed after it was signed" in broken.output
    assert "units/points.closing.active" in broken.output
    assert run(command, [str(good), "--key", "00" * 32]).exit_code == 1
    assert run(command, [str(none)]).exit_code == 2
    assert run(command, [str(good), "--key", "nonsense"]).exit_code == 2


def test_a_stranger_checks_it_without_settings_or_database(signed, tmp_path):
    file = tmp_path / "statement.json"
    file.write_text(json.dumps(signed))
    bare = {"PATH": os.environ["PATH"], "DATABASE_URL": "postgresql://nobody@/none"}
    ran = subprocess.run(
        [sys.executable, "-m", "regulars.cli", "verify-statement", str(file)],
        env=bare, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout[:6]) == (0, "Whole:"), ran.stderr

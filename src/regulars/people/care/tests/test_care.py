"""Advisers, notes and follow-ups keep their promises."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid
from regulars.people.care import services as care
from regulars.people.care.models import AdviserRow, AssignmentRow, FollowUpRow, LikingRow, NoteRow
from regulars.people.care.terms import (
    AdviserFull,
    AdviserRetired,
    AlreadyClosed,
    FollowUpState,
    NoAdviserFree,
    StillHasMembers,
    UnknownAdviser,
    UnknownNote,
)
from regulars.people.members import services as members
from regulars.people.members.terms import Forgotten
from regulars.people.staff import services as staff

pytestmark = pytest.mark.django_db
A = "system:test"


def give(program, member, adviser=None, kind="adviser", **more):
    return care.assign(
        program_id=program, member_id=member, kind=kind, adviser_id=adviser and adviser.id, actor=A, **more
    )


def trail(program):
    return [(e.action, dict(e.facts)) for e in staff.entries(program_id=program, limit=200).items]


def counts(program):
    return {a.user_id: a.members for a in care.advisers(program_id=program, active=None)}


def test_a_member_has_one_adviser_now_and_history_keeps_who_had_her_before(program, someone, an_adviser):
    ann, one, two = someone(), an_adviser(), an_adviser()
    first = give(program, ann, one)
    assert give(program, ann, one) == first, "told again, nothing changes"
    give(program, ann, two)
    now = care.current(program_id=program, member_id=ann)
    assert [a.adviser.user_id for a in now] == [two.user_id]
    history = care.assignments(program_id=program, member_id=ann)
    assert [(a.adviser.user_id, a.until is None) for a in history] == [(two.user_id, True), (one.user_id, False)]
    assert counts(program) == {one.user_id: 0, two.user_id: 1}
    assert care.end(program_id=program, member_id=ann, kind="adviser", actor=A)
    assert not care.end(program_id=program, member_id=ann, kind="adviser", actor=A)
    assert care.current(program_id=program, member_id=ann) == []
    assert care.discrepancies() == []


def test_another_kind_of_care_is_another_adviser(program, someone, an_adviser):
    ann, one, stylist = someone(), an_adviser(), an_adviser(kind="stylist")
    give(program, ann, one)
    give(program, ann, stylist, kind="stylist")
    assert {a.kind for a in care.current(program_id=program, member_id=ann)} == {"adviser", "stylist"}
    with pytest.raises(Invalid):
        give(program, ann, stylist)


def test_in_turn_goes_to_who_waits_longest_and_has_room(program, someone, an_adviser):
    one, two, three = an_adviser(2), an_adviser(1), an_adviser(2)
    got = [give(program, someone()).adviser.user_id for _ in range(5)]
    assert got == [one.user_id, two.user_id, three.user_id, one.user_id, three.user_id]
    with pytest.raises(NoAdviserFree):
        give(program, someone())
    ann = someone()
    with pytest.raises(AdviserFull):
        give(program, ann, two)
    assert care.assignments(program_id=program, member_id=ann) == []


def test_lowering_a_capacity_takes_nobody_away_but_lets_nobody_in(program, someone, an_adviser):
    one = an_adviser(2)
    give(program, someone(), one)
    care.appoint(program_id=program, user_id=one.user_id, kind="adviser", capacity=1, actor=A)
    with pytest.raises(AdviserFull):
        give(program, someone(), one)
    assert counts(program) == {one.user_id: 1}


def test_who_leaves_hands_her_members_over_first(program, someone, an_adviser):
    one, two = an_adviser(5), an_adviser(2)
    for _ in range(3):
        give(program, someone(), one)
    with pytest.raises(StillHasMembers):
        care.retire(program_id=program, adviser_id=one.id, actor=A)
    assert care.hand_over(program_id=program, adviser_id=one.id, actor=A) == (2, 1)
    three = an_adviser(5)
    assert care.hand_over(program_id=program, adviser_id=one.id, to=three.id, actor=A) == (1, 0)
    assert not care.retire(program_id=program, adviser_id=one.id, actor=A).active
    with pytest.raises(AdviserRetired):
        give(program, someone(), one)
    assert counts(program) == {one.user_id: 0, two.user_id: 2, three.user_id: 1}


def test_only_staff_who_may_care_there_become_advisers(program, other_program, worker):
    for who in (worker(other_program), worker(role="analyst")):
        with pytest.raises(Invalid):
            care.appoint(program_id=program, user_id=who, kind="adviser", capacity=1, actor=A)
    with pytest.raises(Invalid):
        care.appoint(program_id=program, user_id=worker(), kind="Not a slug", capacity=-1, actor=A)
    with pytest.raises(UnknownAdviser):
        care.adviser(program_id=program, adviser_id=ids.new_id())


def test_a_note_is_sealed_masked_and_each_reading_is_in_the_trail(program, someone):
    ann = someone()
    care.write_note(program_id=program, member_id=ann, text=" Prefers calls after six. ", actor="staff:1")
    assert b"calls" not in bytes(NoteRow.objects.get().body)
    (masked,) = care.notes(program_id=program, member_id=ann)
    assert masked.text is None
    assert [a for a, _ in trail(program)] == ["care.write_note"]
    (shown,) = care.notes(program_id=program, member_id=ann, reveal_to="staff:2", reason="call")
    assert shown.text == "Prefers calls after six."
    assert trail(program)[0] == ("care.read_notes", {"notes": [ids.encode("cnt", shown.id)], "reason": "call"})
    assert "calls" not in str(trail(program))


def test_an_erased_note_has_no_words_and_stays_a_note(program, someone):
    ann = someone()
    made = care.write_note(program_id=program, member_id=ann, text="wrong", actor=A)
    for _ in range(2):
        gone = care.erase_note(program_id=program, note_id=made.id, actor="staff:2")
        assert gone.erased_at is not None
    assert [a for a, _ in trail(program)].count("care.erase_note") == 1
    (left,) = care.notes(program_id=program, member_id=ann, reveal_to="staff:1")
    assert left.text is None
    with pytest.raises(UnknownNote):
        care.erase_note(program_id=program, note_id=ids.new_id(), actor=A)


@pytest.mark.parametrize("bad", ["", "   ", "x" * 2_001, "a\x00b", "a\x1bb"])
def test_words_that_cannot_be_kept_are_refused(program, someone, bad):
    with pytest.raises(Invalid):
        care.write_note(program_id=program, member_id=someone(), text=bad, actor=A)
    assert NoteRow.objects.count() == 0


def test_a_follow_up_is_due_on_the_programs_day_and_closes_once(program, someone, an_adviser):
    ann, one = someone(), an_adviser()
    give(program, ann, one)
    make = {"program_id": program, "member_id": ann, "actor": A, "assignee": one.user_id}
    with clock.at(datetime(2026, 3, 1, 15, 59, tzinfo=UTC)):  # 23:59 on the 1st in Shanghai
        for n in range(-1, 9, 1):
            care.make_follow_up(**make, text=f"call {n}", due_on=date(2026, 3, 1) + timedelta(days=n))
        page = care.desk(program_id=program, user_id=one.user_id, reader="staff:9")
        assert ([f.text for f in page.overdue], [f.text for f in page.today]) == (["call -1"], ["call 0"])
        assert len(page.coming) == 7
        assert [m.member_id for m in page.members] == [ann]
    with clock.at(datetime(2026, 3, 1, 16, 0, tzinfo=UTC)):
        page = care.desk(program_id=program, user_id=one.user_id, reader="staff:9")
        assert [f.text for f in page.overdue] == ["call -1", "call 0"]
        done = page.overdue[0]
        close = {"program_id": program, "follow_up_id": done.id, "actor": "staff:3"}
        first = care.close_follow_up(**close, state=FollowUpState.DONE, outcome="she is glad")
        assert care.close_follow_up(**close, state=FollowUpState.DONE).closed_at == first.closed_at
        with pytest.raises(AlreadyClosed):
            care.close_follow_up(**close, state=FollowUpState.DROPPED)
        with pytest.raises(AlreadyClosed):
            care.change_follow_up(program_id=program, follow_up_id=done.id, actor=A, due_on=date(2026, 4, 1))
    told = care.follow_ups(program_id=program, member_id=ann, reveal_to="staff:1")
    assert (told[-1].state, told[-1].outcome) == (FollowUpState.DONE, "she is glad")
    assert all(f.text is None for f in care.follow_ups(program_id=program, member_id=ann))
    assert trail(program)[0][0] == "care.read_follow_ups"


def test_a_follow_up_goes_to_another_day_and_person(program, someone, worker):
    ann, one, two = someone(), worker(), worker()
    made = care.make_follow_up(
        program_id=program, member_id=ann, text="call", due_on=date(2026, 3, 1), actor=A, assignee=one
    )
    care.change_follow_up(program_id=program, follow_up_id=made.id, actor=A, due_on=date(2026, 3, 5), assignee=two)
    now = care.follow_up(program_id=program, follow_up_id=made.id)
    assert (now.due_on, now.assignee) == (date(2026, 3, 5), two)
    with pytest.raises(Invalid):
        care.change_follow_up(program_id=program, follow_up_id=made.id, actor=A, due_on=date(1, 1, 1))


def test_who_is_forgotten_leaves_no_words_and_no_adviser(program, someone, an_adviser):
    ann, one = someone(), an_adviser()
    give(program, ann, one)
    care.write_note(program_id=program, member_id=ann, text="secret", actor=A)
    care.make_follow_up(program_id=program, member_id=ann, text="call", due_on=date(2026, 3, 1), actor=A)
    mine = care.dossier(program_id=program, member_id=ann)
    assert (mine["notes"][0]["text"], mine["follow_ups"][0]["text"], mine["advisers"][0]["kind"]) == (
        "secret",
        "call",
        "adviser",
    )
    members.forget(program_id=program, member_id=ann, actor=A)
    assert care.notes(program_id=program, member_id=ann, reveal_to=A)[0].text is None, "the key is gone already"
    assert care.forget(program_id=program, member_id=ann) == 2
    assert care.forget(program_id=program, member_id=ann) == 0
    assert counts(program) == {one.user_id: 0}
    for act in (
        lambda: give(program, ann, one),
        lambda: care.write_note(program_id=program, member_id=ann, text="x", actor=A),
    ):
        with pytest.raises(Forgotten):
            act()
    assert care.discrepancies() == []


def test_sql_cannot_break_the_promises(program, other_program, someone, an_adviser):
    ann, one = someone(), an_adviser()
    give(program, ann, one)
    note = care.write_note(program_id=program, member_id=ann, text="x", actor=A)
    todo = care.make_follow_up(program_id=program, member_id=ann, text="x", due_on=date(2026, 3, 1), actor=A)
    attacks = {
        "C1_a_person": lambda: AdviserRow.objects.create(id=ids.new_id(), program_id=program, user_id=one.user_id, kind="adviser", capacity=1),
        "C1_the_kind": lambda: AdviserRow.objects.create(id=ids.new_id(), program_id=program, user_id=one.user_id, kind="No", capacity=1),
        "C2_one_adviser": lambda: AssignmentRow.objects.create(program_id=program, member_id=ann, kind="adviser", adviser_id=one.id, since=clock.now(), source="x", actor=A),
        "C2_what_ended": lambda: AssignmentRow.objects.update(until=clock.now()),
        "C3_capacity": lambda: AdviserRow.objects.update(capacity=-1),
        "C3_nobody": lambda: AdviserRow.objects.update(members=-1),
        "C4_an_erased": lambda: NoteRow.objects.filter(pk=note.id).update(body=None),
        "C5_what": lambda: FollowUpRow.objects.filter(pk=todo.id).update(state="done"),
        "C6_a_value": lambda: LikingRow.objects.create(program_id=program, member_id=ann, key="x", source="x", actor=A, set_at=clock.now()),
    }  # fmt: skip
    for name, attack in attacks.items():
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            attack()
            connection.check_constraints()
    AdviserRow.objects.update(members=5)
    NoteRow.objects.update(program_id=other_program)
    assert {d.promise for d in care.discrepancies()} == {"C3", "C7"}

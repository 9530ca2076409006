"""One person has one adviser and everything that was noted; taken apart, each has what was hers."""

import pytest

from regulars.governance.assurance import services as assurance
from regulars.governance.identity import services as identity
from regulars.people.care import services as care
from regulars.people.care.tests.conftest import PREFERENCES

pytestmark = pytest.mark.django_db
A = "system:test"


def merged(program, into, from_):
    return identity.merge(program_id=program, into=into, from_=from_, reason="one person", actor="staff:1")


def now(program, member):
    return {a.kind: a.adviser.user_id for a in care.current(program_id=program, member_id=member)}


def likes(program, member):
    return {one.preference.key: one.value for one in care.likings(program_id=program, member_id=member)}


def test_a_merge_gives_what_was_missing_and_undoing_gives_it_back(program, someone, an_adviser):
    care.apply(program, PREFERENCES)
    ann, bo, one, two, stylist = someone(), someone(), an_adviser(1), an_adviser(1), an_adviser(1, kind="stylist")
    for member, adviser in ((ann, one), (bo, two), (bo, stylist)):
        care.assign(program_id=program, member_id=member, kind=adviser.kind, adviser_id=adviser.id, actor=A)
    care.write_note(program_id=program, member_id=bo, text="of bo", actor=A)
    care.set_likings(program_id=program, member_id=ann, values={"ice": "none"}, actor=A)
    care.set_likings(program_id=program, member_id=bo, values={"ice": "less", "allergy": "nuts"}, actor=A)
    merge = merged(program, ann, bo)
    assert now(program, ann) == {"adviser": one.user_id, "stylist": stylist.user_id}
    assert now(program, bo) == {}
    assert likes(program, ann) == {"ice": "none", "allergy": "nuts"}
    assert [n.text for n in care.notes(program_id=program, member_id=ann, reveal_to=A)] == ["of bo"]
    assert assurance.discrepancies(program_id=program) == []
    identity.undo(program_id=program, merge_id=merge.merge_id, reason="two after all", actor="staff:1")
    assert now(program, ann) == {"adviser": one.user_id}
    assert now(program, bo) == {"adviser": two.user_id, "stylist": stylist.user_id}
    assert (likes(program, ann), likes(program, bo)) == ({"ice": "none"}, {"ice": "less", "allergy": "nuts"})
    assert care.notes(program_id=program, member_id=ann) == []
    assert assurance.discrepancies(program_id=program) == []


def test_what_was_changed_after_the_merge_stays_with_who_remained(program, someone, an_adviser):
    care.apply(program, PREFERENCES)
    ann, bo, one, two = someone(), someone(), an_adviser(), an_adviser()
    care.assign(program_id=program, member_id=bo, kind="adviser", adviser_id=one.id, actor=A)
    care.set_likings(program_id=program, member_id=bo, values={"ice": "less"}, actor=A)
    merge = merged(program, ann, bo)
    care.assign(program_id=program, member_id=ann, kind="adviser", adviser_id=two.id, actor=A)
    care.set_likings(program_id=program, member_id=ann, values={"ice": "none"}, actor=A)
    identity.undo(program_id=program, merge_id=merge.merge_id, reason="two after all", actor="staff:1")
    assert (now(program, ann), now(program, bo)) == ({"adviser": two.user_id}, {"adviser": one.user_id})
    assert (likes(program, ann), likes(program, bo)) == ({"ice": "none"}, {"ice": "less"})
    assert care.discrepancies() == []

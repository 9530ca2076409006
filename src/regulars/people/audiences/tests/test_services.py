from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from regulars.governance.identity import services as identity
from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.people.audiences import services as audiences
from regulars.people.audiences.models import AudienceRow, MembershipRow
from regulars.people.audiences.terms import MOST_AT_ONCE, AudienceRetired, Batch, UnknownAudience
from regulars.people.members.terms import UnknownMember  # noqa: F401 - the words of the floor below

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def add(program, *refs, key="spring", **more):
    return audiences.add(program_id=program, key=key, refs=refs, source="api", actor="key:1", **more)


def remove(program, *refs, key="spring"):
    return audiences.remove(program_id=program, key=key, refs=refs, source="api")


def count(program, key="spring"):
    return audiences.get(program_id=program, key=key).members


def test_who_is_added_is_on_it_until_removed(program, someone):
    (ann, a), (bo, b) = someone(), someone()
    assert add(program, a, b) == Batch(added=2)
    assert audiences.of(ann) == {"spring"}
    assert count(program) == 2
    assert remove(program, a) == Batch(removed=1)
    assert audiences.of(ann) == frozenset()
    assert audiences.of(bo) == {"spring"}
    one = audiences.memberships(program_id=program, member_id=ann)[0]
    assert (one.source, one.removed_source, one.removed_at is not None) == ("api", "api", True)
    assert count(program) == 1
    assert audiences.discrepancies() == []


def test_a_batch_told_again_changes_nothing(program, someone):
    (_, a), (_, b) = someone(), someone()
    add(program, a, b, a)
    before = list(MembershipRow.objects.order_by("id").values())
    assert add(program, a, b, a) == Batch(unchanged=2)
    assert list(MembershipRow.objects.order_by("id").values()) == before
    assert remove(program, a) == Batch(removed=1)
    assert remove(program, a, b) == Batch(removed=1, unchanged=1)
    assert count(program) == 0


def test_who_comes_back_begins_anew_and_is_counted_once(program, someone):
    _, a = someone()
    add(program, a)
    first = MembershipRow.objects.get().added_at
    remove(program, a)
    assert add(program, a) == Batch(added=1)
    row = MembershipRow.objects.get()
    assert (row.added_at > first, row.removed_at, row.removed_source) == (True, None, "")
    assert count(program) == 1


def test_a_membership_ends_by_itself(program, someone):
    ann, a = someone()
    ends = clock.now() + HOUR
    add(program, a, expires_at=ends)
    assert audiences.of(ann) == {"spring"}
    assert audiences.of(ann, at=ends) == frozenset()
    with clock.at(ends):
        assert audiences.of(ann) == frozenset()
        assert audiences.page(program_id=program, key="spring").items == ()
        assert audiences.expire_due(program_id=program, before=ends, limit=10) == 1
        assert audiences.expire_due(program_id=program, before=ends, limit=10) == 0
        assert count(program) == 0
        assert MembershipRow.objects.get().removed_source == "expired"
        assert add(program, a) == Batch(added=1)
    assert audiences.discrepancies() == []


def test_another_end_is_taken_over_and_the_beginning_stays(program, someone):
    ann, a = someone()
    add(program, a, expires_at=clock.now() + HOUR)
    began = MembershipRow.objects.get().added_at
    assert add(program, a) == Batch(changed=1)
    row = MembershipRow.objects.get()
    assert (row.added_at, row.expires_at) == (began, None)
    assert count(program) == 1


def test_unknown_references_are_answered_and_stop_nothing(program, someone):
    _, a = someone()
    assert add(program, "external:nobody", a, "nonsense") == Batch(added=1, unknown=("external:nobody", "nonsense"))


def test_members_of_another_program_are_unknown(program, other_program, someone):
    stranger, s = someone(other_program)
    assert add(program, s) == Batch(unknown=(s,))
    assert audiences.of(stranger) == frozenset()
    with pytest.raises(UnknownAudience):
        add(other_program, s)


@pytest.mark.parametrize("source", ["", "x" * 61, "\x00", "!"])
def test_a_source_that_says_nothing_is_refused(program, someone, source):
    _, a = someone()
    with pytest.raises(Invalid):
        audiences.add(program_id=program, key="spring", refs=[a], source=source, actor="key:1")
    assert count(program) == 0
    assert not MembershipRow.objects.exists()


def test_too_many_at_once_and_an_end_behind_are_refused(program, someone):
    _, a = someone()
    with pytest.raises(Invalid):
        add(program, *["external:x"] * (MOST_AT_ONCE + 1))
    with pytest.raises(Invalid):
        add(program, a, expires_at=clock.now())
    assert not MembershipRow.objects.exists()


def test_a_retired_audience_counts_for_nobody_and_comes_back_whole(program, someone):
    ann, a = someone()
    add(program, a)
    audiences.apply(program, {"audiences": []})
    assert audiences.of(ann) == frozenset()
    with pytest.raises(AudienceRetired):
        add(program, a)
    assert count(program) == 1
    audiences.apply(program, {"audiences": [{"key": "spring", "name": "Spring"}]})
    assert audiences.of(ann) == {"spring"}


def test_pages_are_whole_and_in_order(program, someone):
    them = sorted(str(someone()[0]) for _ in range(7))
    from uuid import UUID

    from regulars.kernel import ids

    add(program, *[ids.encode("mem", UUID(m)) for m in them])
    seen, cursor = [], None
    while True:
        page = audiences.page(program_id=program, key="spring", cursor=cursor, limit=3)
        seen += [str(one.member_id) for one in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == them
    for bad in [(), ("x",), (1,)]:
        with pytest.raises(Invalid):
            audiences.page(program_id=program, key="spring", cursor=bad)


def merge(program, into, from_):
    return identity.merge(program_id=program, into=into, from_=from_, reason="one person", actor="staff:1")


def test_merging_makes_one_person_be_on_it_once_and_undoing_returns_what_was_whose(program, someone):
    audiences.declare(program_id=program, key="vip", names={})
    (ann, a), (bo, b) = someone(), someone()
    add(program, a, b)
    add(program, b, key="vip")
    began = MembershipRow.objects.get(member_id=bo, audience__key="vip").added_at
    done = merge(program, ann, bo)
    assert (audiences.of(ann), audiences.of(bo)) == ({"spring", "vip"}, frozenset())
    assert (count(program), count(program, "vip")) == (1, 1)
    assert add(program, b) == Batch(unchanged=1)  # the old id leads to the person
    assert audiences.discrepancies() == []
    identity.undo(program_id=program, merge_id=done.merge_id, reason="two people", actor="staff:1")
    assert (audiences.of(ann), audiences.of(bo)) == ({"spring"}, {"spring", "vip"})
    assert MembershipRow.objects.get(member_id=bo, audience__key="vip").added_at == began
    assert (count(program), count(program, "vip")) == (2, 1)
    assert audiences.discrepancies() == []


def test_who_was_taken_off_while_merged_stays_off_after_the_undoing(program, someone):
    audiences.declare(program_id=program, key="vip", names={})
    (ann, a), (bo, b) = someone(), someone()
    add(program, b, key="vip")
    done = merge(program, ann, bo)
    remove(program, a, key="vip")
    identity.undo(program_id=program, merge_id=done.merge_id, reason="two people", actor="staff:1")
    assert (audiences.of(ann), audiences.of(bo)) == (frozenset(), frozenset())
    assert audiences.discrepancies() == []


def test_who_is_forgotten_leaves_no_trace(program, someone):
    ann, a = someone()
    add(program, a)
    assert [one["audience"] for one in audiences.dossier(program_id=program, member_id=ann)] == ["spring"]
    assert audiences.forget(program_id=program, member_id=ann) == 1
    assert audiences.dossier(program_id=program, member_id=ann) == []
    assert count(program) == 0
    assert audiences.discrepancies() == []


def test_the_document_declares_names_and_never_members(program, someone):
    add(program, someone()[1])
    section = audiences.describe(program)
    assert section == {"audiences": [{"key": "spring", "name": {"en": "Spring"}}]}
    assert audiences.plan(program, section) == []
    wanted = {"audiences": [{"key": "press", "name": {"zh-Hans": "媒体"}, "note": "invited"}]}
    found = [(c.path, c.action, c.adverse) for c in audiences.plan(program, wanted)]
    assert found == [("audiences.press", "add", False), ("audiences.spring", "retire", True)]
    assert audiences.describe(program) == section
    audiences.apply(program, wanted)
    assert audiences.plan(program, wanted) == []
    assert audiences.describe(program)["audiences"][1] == {"key": "spring", "name": {"en": "Spring"}, "active": False}
    assert audiences.plan(program, {}) == []


def test_a_faulty_document_says_where_and_changes_nothing(program):
    bad = {"audiences": [{"key": "A!"}, {"key": "x", "nme": 1}, {"key": "x"}, 3]}
    paths = [path for path, _ in audiences.check(bad)]
    assert paths == ["audiences.0.key", "audiences.1.nme", "audiences.2.key", "audiences.3", "audiences.3.key"]
    with pytest.raises(Invalid):
        audiences.apply(program, bad)
    assert [one.key for one in audiences.audiences(program_id=program)] == ["spring"]


@pytest.mark.parametrize(
    ("sql", "constraint"),
    [
        ("insert into audiences_audience (program_id,key,names,note,active,members,created_at)"
         " select program_id,key,'{}','',true,0,now() from audiences_audience", "G1_audience_key_is_unique"),
        ("update audiences_audience set key = 'A B'", "G1_audience_key_is_a_slug"),
        ("insert into audiences_membership (program_id,audience_id,member_id,source,actor,added_at,removed_source)"
         " select program_id,audience_id,member_id,'x','y',now(),'' from audiences_membership", "G2_a_member_is_on_it_once"),
        ("update audiences_audience set members = -1", "G3_nobody_is_counted_below_zero"),
        ("update audiences_membership set source = ''", "G4_somebody_added_her"),
        ("update audiences_membership set removed_at = now()", "G4_somebody_removed_her"),
        ("update audiences_membership set removed_source = 'x'", "G4_somebody_removed_her"),
        ("update audiences_membership set expires_at = added_at", "G5_time_on_it_ends_after_it_begins"),
    ],
)  # fmt: skip
def test_sql_cannot_break(program, someone, sql, constraint):
    add(program, someone()[1])
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_proofs_find_what_sql_can_break(program, other_program, someone):
    (ann, a), (bo, b) = someone(), someone()
    add(program, a, b)
    assert audiences.discrepancies() == []
    AudienceRow.objects.update(members=7)
    with connection.cursor() as cursor:
        cursor.execute("update members_member set merged_into = %s where id = %s", [ann, bo])
        cursor.execute("update audiences_membership set program_id = %s where member_id = %s", [other_program, ann])
    found = {(d.promise[:2], d.expected, d.found) for d in audiences.discrepancies()}
    assert found == {
        ("G3", "2", "7"),
        ("G6", "not on it", "on it"),
        ("G7", str(program), f"member {program}, row {other_program}"),
    }

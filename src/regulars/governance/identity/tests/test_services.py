"""Merging and undoing, over every context, on a real database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from regulars.governance.identity import services as identity
from regulars.governance.identity.models import MergeRow
from regulars.governance.identity.terms import AlreadyUndone, MergedOnSince, NotMergeable, TooLateToUndo, UnknownMerge
from regulars.governance.publishing import services as publishing
from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid, Refusal
from regulars.kernel.models import FactRow
from regulars.people.members import services as members
from regulars.people.members.models import MemberRow
from regulars.people.members.terms import AlreadyMerged, Claim, IdentifierType, MemberStatus, UnknownMember
from regulars.value.ledger import services as ledger

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACTOR = "staff:1"
DOCUMENT = """
program: {{key: {key}, name: Tea, zone: Asia/Shanghai, currency: CNY, locale: en}}
units:
  - {{key: points, kind: spendable, expiry: {{kind: never}}, debt: owe, transferable: true}}
  - {{key: growth, kind: measure}}
ladders:
  - key: main
    measure: growth
    levels:
      - {{key: green, name: {{en: Green, zh-Hans: 绿卡}}, enter: 0}}
      - {{key: gold, name: {{en: Gold, zh-Hans: 金卡}}, enter: 100}}
"""


@pytest.fixture(autouse=True)
def _today():
    with clock.at(NOW):
        yield


@pytest.fixture
def program():
    return publishing.apply(document=DOCUMENT.format(key="tea"), actor="system:test").program_id


def register(program, phone=None):
    claims = [Claim(type=IdentifierType.PHONE, value=phone, verified_at=NOW)] if phone else []
    return members.register(program_id=program, identifiers=claims, actor="key:1").member_id


@pytest.fixture
def ann(program):
    return register(program, "13800138000")


@pytest.fixture
def bo(program):
    return register(program)


def earn(program, member, amount, key):
    unit = next(u for u in ledger.units(program_id=program) if u.key == "points")
    ledger.earn(
        program_id=program,
        member_id=member,
        key=key,
        parcels=[ledger.parcel(unit=unit, amount=amount, earned_at=NOW, zone="Asia/Shanghai")],
        actor="key:1",
    )


def points(program, member):
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(sum(remaining), 0) from ledger_lot_facts where member_id = %s and state = 'active'",
            [member],
        )
        return int(cursor.fetchone()[0])


def merge(program, into, from_):
    return identity.merge(program_id=program, into=into, from_=from_, reason="same person", actor=ACTOR)


def undo(program, merge_id):
    return identity.undo(program_id=program, merge_id=merge_id, reason="was her sister", actor=ACTOR)


def news(kind):
    return FactRow.objects.filter(kind=kind).count()


def test_value_goes_over_and_what_is_left_comes_back(program, ann, bo):
    earn(program, ann, 100, "a")
    earn(program, bo, 10, "b")
    done = merge(program, bo, ann)
    assert (points(program, ann), points(program, bo)) == (0, 110)
    assert (done.moved["identifiers"], done.moved["value"]) == (1, {"points": {"active": 100}})
    assert members.lookup(program_id=program, type="phone", value="13800138000") == [bo]
    assert identity.discrepancies() == []
    back = undo(program, done.merge_id)
    assert (points(program, ann), points(program, bo)) == (100, 10)
    assert (back.undone_at, back.undone_by) == (NOW, ACTOR)
    assert members.lookup(program_id=program, type="phone", value="13800138000") == [ann]
    assert (
        identity.merges(program_id=program, member_id=ann)
        == identity.merges(program_id=program, member_id=bo)
        == [back]
    )
    assert (news("MembersMerged"), news("MergeUndone")) == (1, 1)
    assert identity.discrepancies() == []


def test_what_was_spent_meanwhile_is_told_and_not_returned(program, ann, bo):
    earn(program, ann, 100, "a")
    done = merge(program, bo, ann)
    ledger.spend(program_id=program, member_id=bo, unit="points", amount=30, key="s", actor="key:1")
    back = undo(program, done.merge_id)
    assert back.moved["not_returned"] == {"identifiers": 0, "withdrawn_for_both": 0, "value": {"points": 30}}
    assert (points(program, ann), points(program, bo)) == (70, 0)
    assert ledger.discrepancies() == []


def test_a_merge_can_be_made_again_after_it_was_undone(program, ann, bo):
    earn(program, ann, 100, "a")
    undo(program, merge(program, bo, ann).merge_id)
    again = merge(program, bo, ann)
    assert points(program, bo) == 100
    undo(program, again.merge_id)
    assert (points(program, ann), points(program, bo)) == (100, 0)


def test_impossible_merges_are_refused_and_change_nothing(program, ann, bo):
    other = publishing.apply(document=DOCUMENT.format(key="ink"), actor="system:test").program_id
    stranger = register(other)
    with pytest.raises(Invalid):
        merge(program, ann, ann)
    with pytest.raises(Invalid):
        identity.merge(program_id=program, into=ann, from_=bo, reason=" ", actor=ACTOR)
    with pytest.raises(UnknownMember):
        merge(program, ann, stranger)
    members.set_status(
        program_id=program, member_id=bo, status=MemberStatus.SUSPENDED, reason="fraud_suspected", actor=ACTOR
    )
    with pytest.raises(NotMergeable):
        merge(program, ann, bo)
    assert MergeRow.objects.count() == news("MembersMerged") == 0
    assert not MemberRow.objects.filter(merged_into__isnull=False).exists()


def test_a_merge_is_undone_once_and_by_its_own_program(program, ann, bo):
    done = merge(program, bo, ann)
    with pytest.raises(AlreadyMerged):
        merge(program, bo, ann)
    other = publishing.apply(document=DOCUMENT.format(key="ink"), actor="system:test").program_id
    with pytest.raises(UnknownMerge):
        undo(other, done.merge_id)
    with pytest.raises(UnknownMerge):
        identity.find(program_id=other, merge_id=done.merge_id)
    undo(program, done.merge_id)
    with pytest.raises(AlreadyUndone):
        undo(program, done.merge_id)


def test_after_thirty_days_a_merge_stays(program, ann, bo):
    done = merge(program, bo, ann)
    with clock.at(NOW + timedelta(days=30)), pytest.raises(TooLateToUndo):
        undo(program, done.merge_id)
    with clock.at(NOW + timedelta(days=30) - timedelta(seconds=1)):
        assert undo(program, done.merge_id).undone_at


def test_of_a_chain_the_later_merge_is_undone_first(program, ann, bo):
    cy = register(program)
    earn(program, ann, 100, "a")
    first = merge(program, bo, ann)
    second = merge(program, cy, bo)
    assert points(program, cy) == 100
    with pytest.raises(MergedOnSince) as no:
        undo(program, first.merge_id)
    assert no.value.facts == {"merge": ids.encode("mrg", second.merge_id)}
    undo(program, second.merge_id)
    undo(program, first.merge_id)
    assert (points(program, ann), points(program, bo), points(program, cy)) == (100, 0, 0)
    assert identity.discrepancies() == []
    assert ledger.discrepancies() == []


def test_a_redirect_without_a_merge_is_told(program, ann, bo):
    members.redirect(program_id=program, from_id=ann, into_id=bo)
    (told,) = identity.discrepancies(program)
    assert (told.promise, told.what, told.member_id) == ("I6", "a redirect without a merge", ann)


@pytest.mark.parametrize(
    ("name", "sql"),
    [
        (
            "I1_a_member_is_merged_once_at_a_time",
            "insert into identity_merge (id, program_id, from_id, into_id, reason, actor, at, record, moved,"
            " undone_by, undone_reason) select gen_random_uuid(), program_id, from_id, into_id, reason, actor, at,"
            " record, moved, '', '' from identity_merge",
        ),
        ("I2_a_member_is_merged_into_another", "update identity_merge set into_id = from_id"),
        (
            "I3_undone_within_30_days",
            "update identity_merge set undone_at = at + interval '30 days', undone_by = 'staff:1'",
        ),
        ("I4_somebody_undid_it", "update identity_merge set undone_at = at"),
        ("I4_somebody_undid_it", "update identity_merge set undone_by = 'staff:1'"),
        ("I5_somebody_merged_for_a_reason", "update identity_merge set reason = ''"),
    ],
)
def test_sql_cannot_break(program, ann, bo, name, sql):
    merge(program, bo, ann)
    with pytest.raises(IntegrityError) as no, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert no.value.__cause__.diag.constraint_name == name


@pytest.mark.django_db(transaction=True)
def test_merges_both_ways_at_once_merge_once(program, ann, bo):
    earn(program, ann, 100, "a")

    def one(pair):
        try:
            return type(merge(program, *pair)).__name__
        except Refusal as no:
            return type(no).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as them:
        came = sorted(them.map(one, [(ann, bo), (bo, ann)] * 3))
    assert came == ["AlreadyMerged"] * 5 + ["Merge"]
    assert points(program, ann) + points(program, bo) == 100

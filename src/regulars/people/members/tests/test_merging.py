"""Absorbing one member into another, and taking them apart again."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid
from regulars.people.members import services as members
from regulars.people.members.terms import (
    AlreadyMerged,
    Attribute,
    AttributeType,
    Birthday,
    Claim,
    IdentifierType,
    MemberStatus,
    UnknownMember,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def claim(kind, value, verified=True):
    return Claim(type=IdentifierType(kind), value=value, verified_at=clock.now() if verified else None)


@pytest.fixture(autouse=True)
def _today():
    with clock.at(NOW):
        yield


@pytest.fixture
def pair(program):
    """An older member with a phone, a name and a birthday; a younger one with an e-mail and nothing else."""
    declared = [
        Attribute(key="shoes", type=AttributeType.INTEGER),
        Attribute(key="doctor", type=AttributeType.TEXT, personal=True),
    ]
    members.declare_attributes(program_id=program, declared=declared, actor="key:1")
    with clock.at(NOW - timedelta(days=100)):
        old = members.register(
            program_id=program,
            identifiers=[claim("phone", "13800138000"), claim("card", "77")],
            name="王小明",
            birthday=Birthday(month=5, day=1, year=1990),
            attributes={"shoes": 42, "doctor": "Dr No"},
            actor="key:1",
        ).member_id
    young = members.register(
        program_id=program, identifiers=[claim("email", "ming@example.com")], actor="key:1"
    ).member_id
    return program, old, young


def shown(program, member):
    whole = members.profile(program_id=program, member_id=member, reveal=True)
    return (
        whole.name,
        whole.phone,
        whole.email,
        whole.birth_year,
        whole.facts.birth_month,
        whole.attributes,
        whole.facts.joined_at,
        whole.facts.masked_name,
    )


def test_a_merge_moves_identifiers_fills_blanks_and_can_be_undone(pair):
    program, old, young = pair
    before = shown(program, old), shown(program, young)
    record = members.absorb(program_id=program, from_id=old, into_id=young)
    json.dumps(record)
    assert "13800138000" not in str(record)
    assert "小明" not in str(record)
    assert shown(program, young) == (
        "王小明",
        "+8613800138000",
        "ming@example.com",
        1990,
        5,
        {"shoes": 42, "doctor": "Dr No"},
        NOW - timedelta(days=100),
        "王••",
    )
    assert members.resolve(program_id=program, ref=ids.encode("mem", old)) == young
    assert members.resolve(program_id=program, ref="card:77") == young
    assert members.lookup(program_id=program, type="phone", value="13800138000") == [young]
    assert members.lookup(program_id=program, type="name", value="王小明") == [young]
    assert members.separate(program_id=program, record=record) == {"kept": []}
    assert (shown(program, old), shown(program, young)) == before
    assert members.resolve(program_id=program, ref="card:77") == old
    assert members.lookup(program_id=program, type="phone", value="13800138000") == [old]


def test_what_changed_since_the_merge_stays_where_it_is(pair):
    program, old, young = pair
    record = members.absorb(program_id=program, from_id=old, into_id=young)
    phone = next(i for i in members.identifiers(program_id=program, member_id=young) if i.type == "phone")
    members.release_identifier(
        program_id=program, member_id=young, identifier_id=phone.identifier_id, reason="lost", actor="key:1"
    )
    members.update(program_id=program, member_id=young, name="小明 Wang", actor="key:1")
    assert members.separate(program_id=program, record=record) == {"kept": [str(phone.identifier_id)]}
    assert members.profile(program_id=program, member_id=young, reveal=True).name == "小明 Wang"
    assert members.profile(program_id=program, member_id=old, reveal=True).phone == ""


def test_a_verified_phone_and_the_others_mere_claim_to_it_change_places(program):
    holder = members.register(
        program_id=program, identifiers=[claim("phone", "13800138000")], actor="key:1"
    ).member_id
    claimant = members.register(
        program_id=program, identifiers=[claim("phone", "13800138000", verified=False)], actor="key:1"
    ).member_id
    record = members.absorb(program_id=program, from_id=holder, into_id=claimant)
    assert members.lookup(program_id=program, type="phone", value="13800138000") == [claimant]
    assert members.profile(program_id=program, member_id=claimant, reveal=True).phone == "+8613800138000"
    members.separate(program_id=program, record=record)
    assert members.lookup(program_id=program, type="phone", value="13800138000", claims=True) == [holder, claimant]
    for one in (holder, claimant):
        assert members.profile(program_id=program, member_id=one, reveal=True).phone == "+8613800138000"


def test_redirects_stay_flat_and_come_apart_in_any_order(program):
    a, b, c = (members.register(program_id=program, actor="key:1").member_id for _ in range(3))
    first = members.absorb(program_id=program, from_id=a, into_id=b)
    second = members.absorb(program_id=program, from_id=b, into_id=c)
    means = lambda m: members.resolve(program_id=program, ref=ids.encode("mem", m))  # noqa: E731
    assert [means(m) for m in (a, b, c)] == [c, c, c]
    assert members.merged_from(program_id=program, member_id=c) == sorted([a, b])
    members.separate(program_id=program, record=first)
    assert [means(m) for m in (a, b, c)] == [a, c, c]
    members.separate(program_id=program, record=second)
    assert [means(m) for m in (a, b, c)] == [a, b, c]


def test_the_later_merge_undone_first_leaves_the_earlier_one(program):
    a, b, c = (members.register(program_id=program, actor="key:1").member_id for _ in range(3))
    members.absorb(program_id=program, from_id=a, into_id=b)
    second = members.absorb(program_id=program, from_id=b, into_id=c)
    members.separate(program_id=program, record=second)
    assert [members.resolve(program_id=program, ref=ids.encode("mem", m)) for m in (a, b, c)] == [b, b, c]


def test_impossible_merges_are_refused(pair, other_program):
    program, old, young = pair
    stranger = members.register(program_id=other_program, actor="key:1").member_id
    with pytest.raises(Invalid):
        members.absorb(program_id=program, from_id=old, into_id=old)
    with pytest.raises(UnknownMember):
        members.absorb(program_id=program, from_id=old, into_id=stranger)
    members.absorb(program_id=program, from_id=old, into_id=young)
    with pytest.raises(AlreadyMerged):
        members.absorb(program_id=program, from_id=old, into_id=young)


def test_forgetting_forgets_those_merged_in_as_well(pair):
    program, old, young = pair
    members.absorb(program_id=program, from_id=old, into_id=young)
    members.forget(program_id=program, member_id=young, actor="staff:1")
    assert members.lookup(program_id=program, type="name", value="王小明") == []
    assert all(f.forgotten_at for f in members.facts(program_id=program, member_ids=[old, young]).values())


def test_what_is_told_of_a_merged_id_is_refused_and_not_lost_behind_the_redirect(pair):
    program, old, young = pair
    waiting = members.add_identifier(
        program_id=program, member_id=old, claim=claim("email", "x@example.com", verified=False), actor="key:1"
    )
    members.absorb(program_id=program, from_id=old, into_id=young)
    ask = {"program_id": program, "member_id": old}
    for verb, said in (
        (members.add_identifier, {"claim": claim("card", "88"), "actor": "key:1"}),
        (members.update, {"name": "Late", "actor": "key:1"}),
        (members.set_status, {"status": MemberStatus.SUSPENDED, "reason": "x", "actor": "key:1"}),
        (members.send_code, {"identifier_id": waiting.identifier_id}),
    ):
        with pytest.raises(AlreadyMerged):
            verb(**ask, **said)
    assert members.lookup(program_id=program, type="card", value="88") == []
    assert members.profile(program_id=program, member_id=old, reveal=True).name == "王小明"

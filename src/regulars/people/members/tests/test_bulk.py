"""Members by the thousand."""

from datetime import UTC, datetime

import pytest

from regulars.kernel.errors import Invalid
from regulars.kernel.models import FactRow
from regulars.people.members import services as members
from regulars.people.members.models import IdentifierRow, MemberRow
from regulars.people.members.terms import Attribute, AttributeType, Birthday, Claim, IdentifierType, Newcomer

pytestmark = pytest.mark.django_db
JOINED = datetime(2024, 5, 6, tzinfo=UTC)


def phone(number):
    return Claim(type=IdentifierType.PHONE, value=number)


def newcomer(n, **rest):
    return Newcomer(external=f"C-{n}", joined_at=JOINED, **{"claims": (phone(f"138{n:08d}"),), **rest})


def test_an_import_brings_everything_in_and_a_second_one_changes_nothing(program):
    members.declare_attributes(
        program_id=program,
        declared=[
            Attribute(key="shoes", type=AttributeType.INTEGER),
            Attribute(key="doctor", type=AttributeType.TEXT, personal=True),
        ],
        actor="key:1",
    )
    rows = [newcomer(n) for n in range(20)]
    rows.append(
        newcomer(
            99,
            name='O\'Neil\t"Ann"'.replace("\t", " "),
            birthday=Birthday(month=2, day=29, year=1988),
            locale="en-GB",
            zone="Europe/London",
            channel="web",
            store="sh01",
            attributes={"shoes": 42, "doctor": "Dr No"},
        )
    )
    found = members.register_many(program_id=program, rows=rows, actor="system:import")
    assert len(found) == 21
    one = members.profile(program_id=program, member_id=found["C-99"], reveal=True)
    assert (one.name, one.birth_year, one.phone) == ('O\'Neil "Ann"', 1988, "+8613800000099")
    assert (one.facts.joined_at, one.facts.locale, one.facts.zone) == (JOINED, "en-GB", "Europe/London")
    assert one.attributes == {"shoes": 42, "doctor": "Dr No"}
    assert members.resolve(program_id=program, ref="external:C-99") == found["C-99"]
    assert members.lookup(program_id=program, type="name", value='o\'neil "ann"') == [found["C-99"]]
    before = (MemberRow.objects.count(), IdentifierRow.objects.count(), FactRow.objects.count())
    assert members.register_many(program_id=program, rows=rows, actor="system:import") == found
    assert (MemberRow.objects.count(), IdentifierRow.objects.count(), FactRow.objects.count()) == before
    assert list(FactRow.objects.values_list("kind", "body")) == [
        ("MembersImported", {"count": 21, "actor": "system:import"})
    ]


def test_a_phone_given_twice_is_held_once_and_claimed_by_the_other(program):
    shared = (phone("13800138000"),)
    first = members.register_many(program_id=program, rows=[newcomer(1, claims=shared)], actor="system:import")
    later = members.register_many(
        program_id=program, rows=[newcomer(2, claims=shared), newcomer(3, claims=shared)], actor="system:import"
    )
    assert members.lookup(program_id=program, type="phone", value="13800138000") == [first["C-1"]]
    assert set(members.lookup(program_id=program, type="phone", value="13800138000", claims=True)) == {
        first["C-1"],
        *later.values(),
    }


def test_the_same_external_id_twice_in_one_batch_is_one_member(program):
    found = members.register_many(program_id=program, rows=[newcomer(1), newcomer(1)], actor="system:import")
    assert len(found) == MemberRow.objects.count() == 1


def test_a_batch_with_faults_tells_them_all_and_writes_nothing(program):
    rows = [newcomer(1), newcomer(2, claims=(phone("x"),)), newcomer(3, zone="Mars/North"), Newcomer(external=" ")]
    with pytest.raises(Invalid) as no:
        members.register_many(program_id=program, rows=rows, actor="system:import")
    assert {path for path, _ in no.value.errors} == {"rows.1.identifiers.0.value", "rows.2.zone", "rows.3.external"}
    assert MemberRow.objects.count() == 0

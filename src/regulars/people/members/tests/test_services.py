"""The verbs of members on a real database."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid
from regulars.kernel.models import FactRow
from regulars.people.members import services as members
from regulars.people.members.models import IdentifierRow, MemberRow
from regulars.people.members.rules import numbers
from regulars.people.members.terms import (
    Attribute,
    AttributeInUse,
    AttributeType,
    Birthday,
    Claim,
    Forgotten,
    HeldByAnother,
    IdentifierType,
    MemberStatus,
    TwoMembers,
    UnknownMember,
)

pytestmark = pytest.mark.django_db

PHONE, EMAIL = "138 0013 8000", "Xiao.Ming@Example.com"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACTOR = "key:1"


def phone(value=PHONE, verified=True):
    return Claim(
        type=IdentifierType.PHONE,
        value=value,
        verified_at=NOW if verified else None,
        method="sms" if verified else "",
    )


def email(value=EMAIL, verified=True):
    return Claim(type=IdentifierType.EMAIL, value=value, verified_at=NOW if verified else None)


def external(value):
    return Claim(type=IdentifierType.EXTERNAL, value=value, verified_at=NOW)


def register(program, *claims, **rest):
    return members.register(program_id=program, identifiers=claims, actor=ACTOR, **rest)


def news(kind):
    return [row.body for row in FactRow.objects.filter(kind=kind).order_by("id")]


@pytest.fixture(autouse=True)
def _today():
    with clock.at(NOW):
        yield


def test_a_newcomer_gets_an_id_and_a_number_with_a_check_digit(program):
    done = register(program, phone(), name="王小明", channel="web", store="sh01", locale="zh-Hans")
    assert done.created
    assert done.matched_by is None
    assert done.pending == ()
    assert numbers.is_right(done.number)
    known = members.fact(program_id=program, member_id=done.member_id)
    assert (known.status, known.joined_at, known.joined_channel, known.masked_name) == ("active", NOW, "web", "王••")
    assert news("MemberRegistered") == [
        {
            "member_id": str(done.member_id),
            "joined_at": NOW.isoformat(),
            "channel": "web",
            "store": "sh01",
            "actor": ACTOR,
        }
    ]


def test_a_verified_phone_finds_the_member_however_it_is_written(program):
    first = register(program, phone())
    again = register(program, phone("+86 (138) 0013-8000"), email())
    assert (again.member_id, again.created, again.matched_by) == (first.member_id, False, "phone")
    assert members.lookup(program_id=program, type="email", value=EMAIL.upper()) == [first.member_id]


def test_typing_a_number_never_hands_over_an_account(program):
    owner = register(program, phone())
    typed = register(program, phone(verified=False))
    assert typed.created
    assert typed.member_id != owner.member_id
    assert [(p.type, p.hint) for p in typed.pending] == [("phone", "•••• 8000")]
    assert members.lookup(program_id=program, type="phone", value=PHONE) == [owner.member_id]
    assert members.lookup(program_id=program, type="phone", value=PHONE, claims=True) == [
        owner.member_id,
        typed.member_id,
    ]


def test_an_unverified_claim_matches_nobody_even_when_the_key_attests(program):
    claimed = register(program, phone(verified=False))
    attested = register(program, phone(verified=False), attested=True)
    assert attested.created
    assert attested.member_id != claimed.member_id
    assert register(program, phone(verified=False), attested=True).member_id == attested.member_id


def test_two_verified_identifiers_of_two_members_are_refused_and_nothing_changes(program):
    one, two = register(program, phone()), register(program, email())
    before = IdentifierRow.objects.count()
    with pytest.raises(TwoMembers) as no:
        register(program, phone(), email(), name="New")
    wanted = sorted([one.member_id, two.member_id])
    assert no.value.facts == {"members": [ids.encode("mem", m) for m in wanted], "suggestion": "merge"}
    assert (IdentifierRow.objects.count(), MemberRow.objects.count()) == (before, 2)


def test_a_match_fills_blanks_and_overwrites_nothing(program):
    first = register(program, phone(), name="王小明")
    register(program, phone(), name="Somebody Else", birthday=Birthday(month=5, day=1, year=1990), locale="zh-CN")
    shown = members.profile(program_id=program, member_id=first.member_id, reveal=True)
    assert (shown.name, shown.birth_year, shown.facts.birth_month, shown.facts.locale) == ("王小明", 1990, 5, "zh-CN")


def test_the_same_key_gives_the_same_member(program):
    one = register(program, name="Ann", key_for_repeat="k1")
    two = register(program, name="Ann", key_for_repeat="k1")
    assert (two.member_id, two.created, two.matched_by) == (one.member_id, False, "key")


def test_every_fault_is_told_at_once_and_nothing_is_written(program):
    with pytest.raises(Invalid) as no:
        register(
            program,
            phone("12"),
            email("nobody"),
            Claim(type=IdentifierType.CARD, value="1", verified_at=NOW + timedelta(hours=1)),
            name="x" * 200,
            zone="Mars/North",
            birthday=Birthday(month=2, day=30),
            attributes={"hat": 1},
        )
    assert {path for path, _ in no.value.errors} == {
        "name",
        "zone",
        "birthday.day",
        "attributes.hat",
        "identifiers.0.value",
        "identifiers.1.value",
        "identifiers.2.verified_at",
    }
    assert MemberRow.objects.count() == 0


def test_programs_never_see_each_others_members(program, other_program):
    mine = register(program, phone(), external("c1"))
    theirs = register(other_program, phone("+8613800138000"))
    assert theirs.created
    for ref in (ids.encode("mem", mine.member_id), f"number:{mine.number}", "external:c1"):
        assert members.resolve(program_id=program, ref=ref) == mine.member_id
        with pytest.raises(UnknownMember):
            members.resolve(program_id=other_program, ref=ref)
    with pytest.raises(UnknownMember):
        members.profile(program_id=other_program, member_id=mine.member_id)


@pytest.mark.parametrize(
    "ref", ["", "mem_", "mem_zz", "number:", "external:", "phone:1", "x:y", "mem_" + "z" * 26, "card:a\x00"]
)
def test_a_malformed_reference_is_an_unknown_member(program, ref):
    with pytest.raises(UnknownMember):
        members.resolve(program_id=program, ref=ref)


def test_many_references_take_two_queries(program):
    found = [register(program, external(f"c{n}")) for n in range(5)]
    refs = [f"external:c{n}" for n in range(5)] + [f"number:{m.number}" for m in found] + ["external:nobody"]
    with CaptureQueriesContext(connection) as asked:
        answers = members.resolve_many(program_id=program, refs=refs)
    assert len([q for q in asked.captured_queries if "kernel_program_key" not in q["sql"]]) == 2
    assert answers == {
        **{f"external:c{n}": m.member_id for n, m in enumerate(found)},
        **{f"number:{m.number}": m.member_id for m in found},
    }


def test_members_are_found_by_name_and_payment_token(program):
    token = Claim(type=IdentifierType.PAYMENT_TOKEN, value="tok_4242_secret", verified_at=NOW)
    done = register(program, token, name="Émilie  Zola")
    assert members.lookup(program_id=program, type="name", value="émilie zola") == [done.member_id]
    assert members.lookup(program_id=program, type="payment_token", value="tok_4242_secret") == [done.member_id]
    row = IdentifierRow.objects.get()
    assert (row.sealed, row.hint) == (None, "")
    with pytest.raises(Invalid):
        members.lookup(program_id=program, type="shoe", value="42")


def test_a_profile_is_masked_until_it_is_revealed(program):
    members.declare_attributes(
        program_id=program,
        declared=[
            Attribute(key="size", type=AttributeType.CHOICE, choices=("s", "m")),
            Attribute(key="doctor", type=AttributeType.TEXT, personal=True),
        ],
        actor=ACTOR,
    )
    done = register(program, phone(), email(), name="Ann Lee", attributes={"size": "m", "doctor": "Dr No"})
    masked = members.profile(program_id=program, member_id=done.member_id)
    assert (masked.name, masked.phone, masked.email) == ("A•• L••", "•••• 8000", "x••••.com")
    assert masked.attributes == {"size": "m", "doctor": "••••"}
    assert all(one.value is None for one in masked.identifiers)
    shown = members.profile(program_id=program, member_id=done.member_id, reveal=True)
    assert (shown.name, shown.phone, shown.email) == ("Ann Lee", "+8613800138000", "xiao.ming@example.com")
    assert shown.attributes == {"size": "m", "doctor": "Dr No"}
    assert members.fact(program_id=program, member_id=done.member_id).attributes == {"size": "m"}


def test_what_is_not_said_stays_and_none_takes_away(program):
    members.declare_attributes(
        program_id=program, declared=[Attribute(key="shoes", type=AttributeType.INTEGER)], actor=ACTOR
    )
    who = register(
        program, name="Ann", birthday=Birthday(month=1, day=2, year=1980), attributes={"shoes": 42}
    ).member_id
    members.update(program_id=program, member_id=who, actor=ACTOR, notes="likes oolong")
    members.update(program_id=program, member_id=who, actor=ACTOR, birthday=None, attributes={"shoes": None})
    shown = members.profile(program_id=program, member_id=who, reveal=True)
    assert (shown.name, shown.notes, shown.facts.birth_month, shown.birth_year) == ("Ann", "likes oolong", None, None)
    assert shown.attributes == {}
    assert [n["fields"] for n in news("MemberChanged")] == [["notes"], ["birthday", "attributes.shoes"]]
    with pytest.raises(Invalid):
        members.update(program_id=program, member_id=who, actor=ACTOR, name="Bob", attributes={"shoes": "big"})
    assert members.profile(program_id=program, member_id=who, reveal=True).name == "Ann"


def test_a_carried_attribute_keeps_its_type(program):
    shoes = Attribute(key="shoes", type=AttributeType.INTEGER)
    members.declare_attributes(program_id=program, declared=[shoes], actor=ACTOR)
    register(program, attributes={"shoes": 42})
    with pytest.raises(AttributeInUse):
        members.declare_attributes(
            program_id=program, declared=[Attribute(key="shoes", type=AttributeType.TEXT)], actor=ACTOR
        )
    assert members.attributes(program_id=program) == {"shoes": shoes}


def test_a_status_changes_once_and_is_told(program):
    who = register(program).member_id
    for _ in range(2):
        members.set_status(
            program_id=program, member_id=who, status=MemberStatus.SUSPENDED, reason="asked", actor="staff:1"
        )
    assert news("MemberStatusChanged") == [
        {"member_id": str(who), "was": "active", "status": "suspended", "reason": "asked", "actor": "staff:1"}
    ]
    with connection.cursor() as cursor:
        cursor.execute("select * from members_standing(%s)", [who])
        assert cursor.fetchone() == ("suspended", None, program)


def test_a_released_phone_is_free_for_the_next(program):
    old = register(program, phone())
    (held,) = members.identifiers(program_id=program, member_id=old.member_id, reveal=True)
    assert held.value == "+8613800138000"
    with pytest.raises(HeldByAnother):
        members.add_identifier(program_id=program, member_id=register(program).member_id, claim=phone(), actor=ACTOR)
    for _ in range(2):
        members.release_identifier(
            program_id=program, member_id=old.member_id, identifier_id=held.identifier_id, reason="lost", actor=ACTOR
        )
    assert len(news("IdentifierReleased")) == 1
    assert register(program, phone()).member_id != old.member_id


# Lists


def test_the_list_turns_its_pages_without_gap_or_repeat(program, other_program):
    register(other_program)
    made = [register(program).member_id for _ in range(7)]
    with clock.at(NOW + timedelta(days=1)):
        made += [register(program).member_id for _ in range(3)]
    seen, cursor, turns = [], None, 0
    while turns == 0 or cursor:
        page = members.recent(program_id=program, limit=4, cursor=cursor)
        seen += [one.member_id for one in page.items]
        cursor, turns = page.next_cursor, turns + 1
    assert (turns, seen) == (3, made[:6:-1] + made[6::-1])
    assert members.recent(program_id=program, status=MemberStatus.CLOSED).items == ()


def test_a_leap_day_is_kept_on_the_28th_in_other_years(program):
    leap = register(program, birthday=Birthday(month=2, day=29)).member_id
    eve = register(program, birthday=Birthday(month=2, day=28)).member_id
    assert members.born_on(program_id=program, day=date(2026, 2, 28)) == [leap, eve]
    assert members.born_on(program_id=program, day=date(2028, 2, 28)) == [eve]
    assert members.born_on(program_id=program, day=date(2028, 2, 29)) == [leap]


def test_a_number_is_drawn_as_a_picture():
    drawn = members.number_qr(number="123456789012")
    assert drawn.startswith("<svg")
    assert "viewBox" in drawn or "width" in drawn


# Forgetting


def test_forgetting_leaves_an_id_a_number_and_nothing_else(program):
    done = register(program, phone(), email(), name="Ann Lee", birthday=Birthday(month=1, day=2, year=1980))
    letter = members.dossier(program_id=program, member_id=done.member_id)
    assert (letter["name"], letter["birthday"]) == ("Ann Lee", {"month": 1, "day": 2, "year": 1980})
    assert {one["value"] for one in letter["identifiers"]} == {"+8613800138000", "xiao.ming@example.com"}
    for _ in range(2):
        members.forget(program_id=program, member_id=done.member_id, actor="staff:1")
    known = members.fact(program_id=program, member_id=done.member_id)
    assert (known.number, known.status, known.masked_name, known.birth_month) == (done.number, "closed", "", None)
    assert members.lookup(program_id=program, type="name", value="Ann Lee") == []
    assert members.lookup(program_id=program, type="phone", value=PHONE, claims=True) == []
    assert len(news("MemberForgotten")) == 1
    with pytest.raises(Forgotten):
        members.update(program_id=program, member_id=done.member_id, actor=ACTOR, name="Back")
    with pytest.raises(Forgotten):
        members.set_status(
            program_id=program, member_id=done.member_id, status=MemberStatus.ACTIVE, reason="x", actor=ACTOR
        )
    assert register(program, phone()).created


def test_an_unknown_member_is_unknown_to_every_verb(program):
    for verb in (members.fact, members.profile, members.dossier, members.identifiers):
        with pytest.raises(UnknownMember):
            verb(program_id=program, member_id=UUID(int=1))

"""People and grants on a real database: who may give what, and what is written down."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.db import DatabaseError, IntegrityError, connection, transaction

from regulars.kernel.errors import Forbidden, Invalid
from regulars.people.programs.terms import NoProgram, NoStore
from regulars.people.staff import services as staff
from regulars.people.staff.models import AuditRow, GrantRow, StaffUser
from regulars.people.staff.terms import (
    EmailTaken,
    LastOwner,
    MoreThanYouHave,
    NoGrant,
    NoPerson,
    Role,
    SecondFactorNeeded,
)
from regulars.people.staff.tests.helpers import PASSWORD, SYSTEM, granted, person, program, tree

pytestmark = pytest.mark.django_db


def state():
    return (
        list(GrantRow.objects.order_by("id").values()),
        list(StaffUser.objects.order_by("id").values("id", "name", "locale", "is_active")),
        AuditRow.objects.count(),
    )


def test_a_grant_reaches_its_store_and_below_in_its_program_only():
    town, other = program(), program("other")
    stores, there = tree(town.id), tree(other.id)
    boss = granted("boss", "store_manager", town.id, stores["east"].id)
    may = lambda place, what="orders:write", p=town.id: staff.may(boss.id, what, p, place)  # noqa: E731
    assert [may(stores[k].id) for k in ("east", "e1", "e2", "west", "w1")] == [True, True, True, False, False]
    assert not may(None)
    assert may(None, "members:read"), "members belong to the program, not to a store"
    assert not may(None, "members:reveal")
    assert not may(None, "members:read", other.id)
    assert not may(there["e1"].id, p=other.id)
    assert not may(there["e1"].id), "another program's store"
    assert not may(stores["e1"].id, "no:such")
    assert not staff.may(0, "orders:read", town.id)
    assert staff.programs_of(boss.id) == [town.id]
    assert staff.programs_of(boss.id, "program:apply") == []


def test_require_says_what_is_missing():
    town = program()
    clerk = granted("clerk", "cashier", town.id)
    staff.require(clerk.id, "orders:write", town.id)
    with pytest.raises(Forbidden) as no:
        staff.require(clerk.id, "points:adjust", town.id)
    assert no.value.facts == {"permission": "points:adjust"}
    with pytest.raises(Forbidden):
        staff.require(0, "orders:write", town.id)


def test_nobody_gives_more_than_she_has():
    town = program()
    stores = tree(town.id)
    boss = granted("boss", "store_manager", town.id, stores["east"].id)
    new = person("new")
    give = lambda **more: staff.grant(  # noqa: E731
        **{
            "user_id": new.id,
            "role": "cashier",
            "program_id": town.id,
            "store_id": stores["e1"].id,
            "actor": boss.actor,
        }
        | more
    )
    before = state()
    for refused, why in (
        ({"role": "owner"}, MoreThanYouHave),
        ({"role": "service"}, MoreThanYouHave),
        ({"role": "auditor"}, MoreThanYouHave),  # may read the audit trail, which she may not
        ({"role": "store_manager", "adjust_limit": 1_001}, MoreThanYouHave),
        ({"store_id": stores["w1"].id}, Forbidden),
        ({"store_id": None}, Forbidden),
        ({"actor": f"staff:{new.id}"}, Forbidden),
        ({"actor": "key:1"}, Forbidden),
        ({"actor": "member:mem_1"}, Forbidden),
        ({"actor": "staff:0"}, NoPerson),
        ({"role": "king"}, Invalid),
        ({"adjust_limit": -1}, Invalid),
        ({"user_id": 0}, NoPerson),
        ({"program_id": 0}, NoProgram),
        ({"store_id": 0}, NoStore),
    ):
        with pytest.raises(why):
            give(**refused)
    assert state() == before
    assert give().role is Role.CASHIER
    assert give(role="store_manager", adjust_limit=1_000).adjust_limit == 1_000
    assert staff.adjust_limit(new.id, town.id, stores["e1"].id) == 1_000
    assert staff.adjust_limit(new.id, town.id, stores["e2"].id) == 0


def test_nobody_takes_away_more_than_she_has():
    town = program()
    stores = tree(town.id)
    boss = granted("boss", "store_manager", town.id, stores["east"].id)
    owner = granted("owner", "owner", town.id)
    rival = granted("rival", "store_manager", town.id, stores["e1"].id, limit=5_000)
    before = state()
    for someone in (owner, rival):
        for g in staff.grants(program_id=town.id, user_id=someone.id):
            with pytest.raises(Forbidden):
                staff.revoke(grant_id=g.id, actor=boss.actor)
    with pytest.raises(MoreThanYouHave):  # lowering a limit that is above her own
        staff.grant(
            user_id=rival.id,
            role="store_manager",
            program_id=town.id,
            store_id=stores["e1"].id,
            adjust_limit=0,
            actor=boss.actor,
        )
    with pytest.raises(Forbidden):
        staff.change_person(user_id=rival.id, is_active=False, actor=boss.actor)
    assert state() == before


def test_a_grant_given_twice_is_one_and_takes_the_new_limit():
    town = program()
    who = granted("who", "service", town.id, limit=7)
    again = staff.grant(user_id=who.id, role="service", program_id=town.id, adjust_limit=7, actor=SYSTEM)
    assert (GrantRow.objects.count(), again.adjust_limit) == (1, 7)
    staff.grant(user_id=who.id, role="service", program_id=town.id, adjust_limit=9, actor=SYSTEM)
    assert [g.adjust_limit for g in staff.grants(program_id=town.id)] == [9]
    assert AuditRow.objects.filter(action="staff.grant").count() == 2, "what changed nothing is not written down"


def test_the_last_owner_stays():
    town = program()
    stores = tree(town.id)
    first = granted("first", "owner", town.id)
    granted("local", "owner", town.id, stores["east"].id)  # owns a region only
    only = staff.grants(program_id=town.id, user_id=first.id)[0]
    before = state()
    for act in (
        lambda: staff.revoke(grant_id=only.id, actor=SYSTEM),
        lambda: staff.revoke(grant_id=only.id, actor=first.actor),
        lambda: staff.change_person(user_id=first.id, is_active=False, actor=SYSTEM),
    ):
        with pytest.raises(LastOwner):
            act()
    assert state() == before
    second = granted("second", "owner", town.id)
    staff.revoke(grant_id=only.id, actor=second.actor, reason="left the company")
    assert [g.user_id for g in staff.grants(program_id=town.id) if g.store_id is None] == [second.id]
    with pytest.raises(NoGrant):
        staff.revoke(grant_id=only.id, actor=SYSTEM)


def test_who_is_not_active_may_nothing_and_is_no_owner():
    town = program()
    first, second = granted("first", "owner", town.id), granted("second", "owner", town.id)
    staff.change_person(user_id=second.id, is_active=False, actor=first.actor, reason="on leave")
    assert not staff.may(second.id, "orders:read", town.id)
    with pytest.raises(LastOwner):
        staff.change_person(user_id=first.id, is_active=False, actor=SYSTEM)
    with pytest.raises(Forbidden):
        staff.change_person(user_id=second.id, is_active=True, actor=second.actor)


def test_without_a_required_second_factor_every_grant_sleeps(settings):
    town = program()
    boss = granted("boss", "owner", town.id)
    operator = staff.add_person(email="root@shop.example", actor=SYSTEM, operator=True)
    settings.REGULARS_REQUIRE_2FA = True
    for who in (boss, operator):
        assert not staff.may(who.id, "orders:read", town.id)
        assert staff.programs_of(who.id) == []
        assert staff.adjust_limit(who.id, town.id) == 0
        with pytest.raises(SecondFactorNeeded):
            staff.require(who.id, "orders:read", town.id)
    with pytest.raises(Forbidden):
        staff.grant(user_id=boss.id, role="cashier", program_id=town.id, actor=boss.actor)
    Authenticator.objects.create(user_id=boss.id, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert not staff.may(boss.id, "orders:read", town.id), "codes to recover with are no second factor"
    Authenticator.objects.create(user_id=boss.id, type=Authenticator.Type.TOTP, data={})
    assert staff.may(boss.id, "orders:read", town.id)
    assert staff.person(user_id=boss.id).has_second_factor


def test_people_are_added_once_by_those_who_manage_staff():
    town = program()
    boss, clerk = granted("boss", "owner", town.id), granted("clerk", "cashier", town.id)
    new = staff.add_person(email=" New@Shop.Example ", name=" Nü ", actor=boss.actor, password=PASSWORD)
    assert (new.email, new.name, new.is_superuser) == ("new@shop.example", "Nü", False)
    assert StaffUser.objects.get(id=new.id).check_password(PASSWORD)
    assert staff.person_by_email(email="NEW@shop.example") == new
    before = state()
    for more, why in (
        ({"email": "new@SHOP.example"}, EmailTaken),
        ({"email": "nobody"}, Invalid),
        ({"email": "x@shop.example", "password": "short"}, Invalid),
        ({"email": "x@shop.example", "operator": True}, Forbidden),
        ({"email": "x@shop.example", "actor": clerk.actor}, Forbidden),
        ({"email": "x@shop.example", "actor": "key:1"}, Forbidden),
    ):
        with pytest.raises(why):
            staff.add_person(**{"actor": boss.actor, **more})
    assert state() == before


def test_every_change_is_in_the_audit_trail_and_the_pages_are_whole():
    town = program()
    boss = granted("boss", "owner", town.id)
    clerk = person("clerk")
    given = staff.grant(user_id=clerk.id, role="cashier", program_id=town.id, actor=boss.actor, reason="new till")
    staff.revoke(grant_id=given.id, actor=boss.actor)
    trail = staff.entries(program_id=town.id, actor=boss.actor).items
    assert [(e.actor, e.action, e.object, e.facts) for e in trail] == [
        (boss.actor, "staff.revoke", clerk.actor, {"role": "cashier", "store_id": None, "adjust_limit": None}),
        (
            boss.actor,
            "staff.grant",
            clerk.actor,
            {"role": "cashier", "store_id": None, "adjust_limit": None, "reason": "new till"},
        ),
    ]
    for n in range(5):
        staff.record(actor=boss.actor, action="members.reveal", object=f"mem_{n}", program_id=town.id, facts={"n": n})
    seen, cursor = [], None
    while True:
        page = staff.entries(program_id=town.id, action="members.reveal", cursor=cursor, limit=2)
        seen += [e.object for e in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == ["mem_4", "mem_3", "mem_2", "mem_1", "mem_0"]
    assert staff.entries(program_id=program("other").id).items == ()


@pytest.mark.parametrize(
    "sql",
    [
        "update staff_audit set actor = 'x'",
        "delete from staff_audit",
        "set constraints all immediate; truncate staff_audit",
    ],
)
def test_the_audit_trail_is_never_changed(sql):
    staff.record(actor="staff:1", action="a", object="b")
    with pytest.raises(DatabaseError, match="S4_audit_is_append_only"), transaction.atomic():
        connection.cursor().execute(sql)
    assert AuditRow.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "sql"),
    [
        ("S1_email_is_lower_case", "update staff_user set email = 'A@shop.example'"),
        ("S1_one_person_per_email", "update staff_user set email = 'a@shop.example'"),
        ("S2_role_is_known", "update staff_grant set role = 'king'"),
        ("S2_grant_limit_not_negative", "update staff_grant set adjust_limit = -1"),
        ("S2_a_grant_is_given_once", "update staff_grant set user_id = (select min(user_id) from staff_grant)"),
        ("S5_one_key_per_secret", "update staff_key set hash = (select hash from staff_key limit 1)"),
        ("S5_only_a_hash_is_kept", "update staff_key set hash = 'rk_live_'"),
        ("S5_key_limit_not_negative", "update staff_key set adjust_limit = -1"),
        ("S5_rate_is_positive", "update staff_key set rate_per_minute = 0"),
    ],
)
def test_each_named_constraint_stops_what_it_names(name, sql):
    town = program()
    for who in ("one", "two"):
        granted(who, "owner", town.id)
        staff.make_key(program_id=town.id, name=who, scopes=["orders:read"], actor=SYSTEM)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        connection.cursor().execute(sql)

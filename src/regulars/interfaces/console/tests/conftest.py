"""A small house for the console's tests: a program, people of several roles, a member with an order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from tests.stories import cast

from regulars.people.members import services as members
from regulars.people.members.terms import Claim, IdentifierType
from regulars.people.staff import services as staff
from regulars.value.orders import services as orders

SYSTEM = "system:test"
PEOPLE = count(1)


@dataclass
class Desk:
    """A program, and whoever sits at it."""

    program_id: int
    ann: str

    def sits(self, role: str, program_id: int | None = None) -> Client:
        """A browser of a new person with a role."""
        person = staff.add_person(email=f"{role}{next(PEOPLE)}@shop.example", name=role, actor=SYSTEM)
        staff.grant(user_id=person.id, role=role, program_id=program_id or self.program_id, actor=SYSTEM)
        return as_person(person.id)

    def last_act(self) -> tuple[str, dict[str, Any]]:
        (entry,) = staff.entries(program_id=self.program_id, limit=1).items
        return entry.action, dict(entry.facts)


def as_person(user_id: int) -> Client:
    from regulars.people.staff.models import StaffUser

    client = Client()
    client.force_login(
        StaffUser.objects.get(id=user_id), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    return client


@pytest.fixture
def desk(db: None, settings: Any) -> Desk:
    """The shop called Corner with one member, Ann, who bought for 300."""
    settings.REGULARS_REQUIRE_2FA = False
    cache.clear()
    program_id = cast.a_program()
    return Desk(program_id=program_id, ann=buyer(program_id, "Ann Lee", "+8613800138000", "c-1", "A-1"))


def buyer(program_id: int, name: str, phone: str, external: str, ref: str) -> str:
    claims = [Claim(type=IdentifierType.PHONE, value=phone), Claim(type=IdentifierType.EXTERNAL, value=external)]
    done = members.register(
        program_id=program_id, actor=SYSTEM, attested=True, identifiers=claims, name=name, store="bund"
    )
    public = cast.members_id(done.member_id)
    told = orders.read_order(cast.an_order(ref, public, (30_000,)))
    orders.place(program_id=program_id, told=told, actor=SYSTEM)
    return public

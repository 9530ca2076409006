"""A program with a store, staff who may care, and members."""

from itertools import count

import pytest

from regulars.people.care import services as care
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.people.staff import services as staff

PEOPLE = count(1)
PREFERENCES = {
    "preferences": [
        {"key": "ice", "name": {"en": "Ice", "zh-Hans": "冰量"}, "type": "choice", "choices": [{"key": "less"}, {"key": "none"}], "till": True},
        {"key": "likes", "type": "choices", "choices": [{"key": "tea"}, {"key": "coffee"}, {"key": "cake"}]},
        {"key": "receipt", "type": "flag", "till": True},
        {"key": "allergy", "type": "text", "note": "ask once a year"},
    ]
}  # fmt: skip


@pytest.fixture
def program():
    return programs.create(key="tea", name="Tea", zone="Asia/Shanghai", currency="CNY", actor="system:test").id


@pytest.fixture
def other_program():
    return programs.create(key="ink", name="Ink", zone="Europe/London", currency="GBP", actor="system:test").id


@pytest.fixture
def someone(program):
    """Makes members."""

    def make(in_program=None):
        return members.register(program_id=in_program or program, actor="system:test").member_id

    return make


@pytest.fixture
def worker(program):
    """Makes people of the staff who may care."""

    def make(in_program=None, role="service"):
        n = next(PEOPLE)
        person = staff.add_person(email=f"care{n}@shop.example", name=f"Care {n}", actor="system:test")
        staff.grant(user_id=person.id, role=role, program_id=in_program or program, actor="system:test")
        return person.id

    return make


@pytest.fixture
def an_adviser(program, worker):
    """Makes advisers."""

    def make(capacity=10, kind="adviser", **more):
        return care.appoint(
            program_id=program, user_id=worker(), kind=kind, capacity=capacity, actor="system:test", **more
        )

    return make

"""A program with members for the tests of audiences."""

import pytest

from regulars.kernel import ids
from regulars.people.audiences import services as audiences
from regulars.people.members import services as members
from regulars.people.programs import services as programs


@pytest.fixture
def program():
    """A program with the audience `spring`."""
    made = programs.create(key="tea", name="Tea", zone="Asia/Shanghai", currency="CNY", actor="system:test").id
    audiences.declare(program_id=made, key="spring", names={"en": "Spring"})
    return made


@pytest.fixture
def other_program():
    """Another program of the same install."""
    return programs.create(key="ink", name="Ink", zone="Europe/London", currency="GBP", actor="system:test").id


@pytest.fixture
def someone(program):
    """Makes members; answers (uuid, public id)."""

    def make(in_program=None):
        found = members.register(program_id=in_program or program, actor="key:1").member_id
        return found, ids.encode("mem", found)

    return make

"""A program for the tests of consent."""

import pytest

from regulars.people.members import services as members
from regulars.people.programs import services as programs


@pytest.fixture
def program():
    """A Chinese program; phones without a country code are Chinese."""
    return programs.create(key="tea", name="Tea", zone="Asia/Shanghai", currency="CNY", actor="system:test").id


@pytest.fixture
def other_program():
    """Another program of the same install."""
    return programs.create(key="ink", name="Ink", zone="Europe/London", currency="GBP", actor="system:test").id


@pytest.fixture
def ann(program):
    """A member."""
    return members.register(program_id=program, actor="key:1").member_id


@pytest.fixture
def bo(program):
    """Another member."""
    return members.register(program_id=program, actor="key:1").member_id

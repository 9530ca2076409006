"""A program for the tests of members."""

import pytest

from regulars.people.programs import services as programs


@pytest.fixture
def program():
    """A Chinese program; phones without a country code are Chinese."""
    return programs.create(key="tea", name="Tea", zone="Asia/Shanghai", currency="CNY", actor="system:test").id


@pytest.fixture
def other_program():
    """Another program of the same install."""
    return programs.create(key="ink", name="Ink", zone="Europe/London", currency="GBP", actor="system:test").id

"""`regulars operator` makes the first log-in, and never twice."""

import pytest
from click.testing import CliRunner

from regulars.cli import regulars
from regulars.people.staff import services as staff

pytestmark = pytest.mark.django_db
PASSWORD = {"REGULARS_OPERATOR_PASSWORD": "correct horse battery"}


def test_the_first_operator_is_made_from_the_command_line():
    done = CliRunner().invoke(regulars, ["operator", "ada@example.com", "--name", "Ada"], env=PASSWORD)
    assert done.exit_code == 0, done.output
    person = staff.person_by_email(email="ada@example.com")
    assert person.is_superuser


def test_a_weak_password_or_a_taken_address_is_refused_and_changes_nothing():
    runner = CliRunner()
    weak = runner.invoke(regulars, ["operator", "ada@example.com"], env={"REGULARS_OPERATOR_PASSWORD": "short"})
    assert weak.exit_code != 0
    runner.invoke(regulars, ["operator", "ada@example.com"], env=PASSWORD)
    again = runner.invoke(regulars, ["operator", "ada@example.com"], env=PASSWORD)
    assert again.exit_code != 0

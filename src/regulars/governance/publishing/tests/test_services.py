"""Publishing against a real database: whole or nothing, one number after another, unchangeable."""

import pytest

from regulars.governance.publishing import services as publishing

pytestmark = pytest.mark.django_db


def test_a_blueprint_becomes_a_program_and_its_export_changes_nothing():
    made = publishing.apply(document=publishing.blueprint(key="online-retail").text, actor="staff:1", note="first")
    assert (made.number, made.unchanged, made.program_key) == (1, False, "online-retail")
    text = publishing.export(program_id=made.program_id)
    again = publishing.apply(document=text, actor="staff:1")
    assert (again.number, again.unchanged, again.digest) == (1, True, made.digest)
    assert publishing.export(program_id=made.program_id, version=1) == text

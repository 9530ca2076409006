"""Every call of the OpenAPI document, with good and bad input: no 5xx, and no answer that it does not declare."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from regulars.people.staff import services as staff
from regulars.people.staff.rules import SCOPES
from regulars.wsgi import application
from tests.stories.cast import a_member, a_program

REFUSALS = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 429]  # the right answers to what breaks the document
config = schemathesis.Config.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}})
schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application, config=config)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]
RELAXED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much]


@pytest.fixture
def secret(one_transaction):
    """A key that may do everything, in a program with a member."""
    program_id = a_program()
    a_member(program_id, "M1")
    _, secret = staff.make_key(
        program_id=program_id, name="all", scopes=sorted(SCOPES), actor="system:test", rate_per_minute=1_000_000
    )
    return secret


def test_every_call_and_every_parameter_is_described():
    for path, methods in schema.raw_schema["paths"].items():
        for method, call in methods.items():
            assert call["operationId"], (method, path)
            assert call["summary"], (method, path)
            assert call["security"], (method, path)
            assert all(parameter["description"] for parameter in call.get("parameters", ())), (method, path)


def _call(case, secret):
    case.headers = {**(case.headers or {}), "Authorization": f"Bearer {secret}"}
    case.call_and_validate(checks=CHECKS)


@schema.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=RELAXED)
def test_no_call_breaks_its_promise(case, secret):
    _call(case, secret)


@pytest.mark.deep
@schema.parametrize()
@settings(max_examples=200, deadline=None, suppress_health_check=RELAXED)
def test_no_call_breaks_its_promise_however_often_it_is_tried(case, secret):
    _call(case, secret)

"""What the API refuses, and that a refusal changes nothing."""

from datetime import timedelta
from typing import Any

import orjson
import psycopg
import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client

from regulars.kernel import clock
from regulars.people.staff import services as staff
from regulars.value.orders import services as orders
from regulars.wsgi import application
from tests.stories.cast import Caller, a_caller, a_member, a_program, an_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return a_program()


def test_no_key_or_a_wrong_one_is_unauthorised_without_a_hint(program):
    ada = a_member(program, "ADA")
    for secret in ("", "rk_live_nonsense", "x" * 5_000):
        for path in (f"/members/{ada}", "/members/mem_00000000000000000000000001"):
            status, answer = Caller(secret).get(path)
            assert status == 401
            assert ada not in orjson.dumps(answer).decode()


def test_an_expired_or_revoked_key_is_refused(program):
    key, secret = staff.make_key(
        program_id=program,
        name="old",
        scopes=["members:read"],
        actor="system:test",
        expires_at=clock.now() + timedelta(seconds=1),
    )
    with clock.at(clock.now() + timedelta(minutes=1)):
        assert Caller(secret).get("/members")[1]["code"] == "key_expired"
    caller = a_caller(program)
    assert caller.get("/members")[0] == 200


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("members:read", "POST", "/orders"),
        ("orders:read", "POST", "/orders"),
        ("orders:write", "GET", "/members"),
        ("members:write", "POST", "/transfers"),
        ("points:read", "POST", "/transfers"),
        ("program:read", "POST", "/program/apply"),
    ],
)
def test_a_key_without_the_scope_is_forbidden(program, scope, method, path):
    bodies = {
        "/orders": an_order("1"),
        "/transfers": {"from": "a", "to": "b", "unit": "points", "amount": 1, "reason": "x"},
        "/program/apply": {"document": {}},
    }
    status, answer = a_caller(program, scopes=[scope]).send(method, path, bodies.get(path))
    assert (status, answer["code"]) == (403, "missing_scope")


def test_a_mutating_call_without_a_key_of_its_own_is_refused(program):
    caller = a_caller(program)
    answer = Client().post(
        "/api/v1/orders",
        data=orjson.dumps(an_order("1")),
        content_type="application/json",
        headers={"Authorization": f"Bearer {caller.secret}"},
    )
    assert answer.status_code == 422
    assert any("Idempotency-Key" in e["path"] for e in answer.json()["errors"])
    assert caller.get("/orders")[1]["items"] == []


@pytest.mark.parametrize(
    "broken", [psycopg.OperationalError, psycopg.InterfaceError, OperationalError, InterfaceError]
)
def test_a_database_that_went_away_is_said_so_that_the_till_tries_again(program, monkeypatch, broken):
    caller = a_caller(program)

    def gone(**_: Any) -> None:
        raise broken("server closed the connection unexpectedly")

    monkeypatch.setattr(orders, "place", gone)
    status, answer = caller.post("/orders", an_order("1", a_member(program, "ADA")))
    assert (status, caller.headers["Retry-After"], answer["code"]) == (503, "2", "unavailable")


def test_two_megabytes_are_refused_unread():
    sent = {}

    class Unread:
        def read(self, *_):
            raise AssertionError("the body was read")

        readline = read

    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/api/v1/orders", "SERVER_NAME": "localhost", "SERVER_PORT": "80",
        "wsgi.url_scheme": "http", "CONTENT_LENGTH": str(2 * 1024 * 1024), "CONTENT_TYPE": "application/json",
        "HTTP_HOST": "localhost", "wsgi.input": Unread(),
    }  # fmt: skip
    answer = b"".join(application(environ, lambda status, headers, *_: sent.update(status=status)))
    assert sent["status"].startswith("413")
    assert orjson.loads(answer)["code"] == "too_large"


def test_another_programs_orders_and_members_do_not_exist_here(program):
    other = a_program("harbour")
    theirs = a_caller(other)
    eve = a_member(other, "EVE")
    _, order = theirs.post("/orders", an_order("1", eve))
    here = a_caller(program)
    assert here.get(f"/orders/{order['id']}")[0] == 404
    assert here.get(f"/members/{eve}/balances")[0] == 404
    status, answer = here.post("/orders", an_order("2", eve))
    assert (status, answer["code"]) == (404, "unknown_member")
    back = {"ref": "R", "occurred_at": "2026-01-06T12:00:00+08:00", "lines": [{"id": "1", "quantity": "1"}]}
    assert here.post(f"/orders/{order['id']}/returns", back)[0] == 404
    assert here.get("/orders")[1]["items"] == []


def test_too_many_calls_are_told_when_to_come_back(program):
    caller = a_caller(program, rate_per_minute=6)
    statuses = [caller.get("/members")[0] for _ in range(5)]
    assert statuses[0] == 200
    assert statuses[-1] == 429
    assert int(caller.headers["Retry-After"]) >= 1


def test_a_cursor_of_another_list_is_refused(program):
    caller = a_caller(program)
    for path in ("/members", "/orders", "/program/versions"):
        status, answer = caller.get(f"{path}?cursor=nonsense!")
        assert (status, answer["errors"][0]["path"]) == (422, "cursor")


def test_an_answer_says_what_is_left_of_the_rate_and_who_answered(program):
    caller = a_caller(program)
    caller.get("/members")
    assert "r=" in caller.headers["RateLimit"]
    assert caller.headers["X-Request-ID"]

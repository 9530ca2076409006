"""The API's manners with strange callers: a problem is always told as one, and nothing strange reaches the database."""

from __future__ import annotations

import gc
import io
import weakref
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from django.http import HttpResponse

from regulars import wsgi
from regulars.wsgi import application
from tests.stories.cast import Caller, a_caller, a_member, a_program, an_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_transaction")]
NUL = "a\x00b"


def asked(method: str, address: str, body: bytes = b"", **environ: str) -> tuple[int, dict[str, str], bytes]:
    """A request at the very door, as a server hands it in: no length is said unless the caller says it."""
    path, _, query = address.partition("?")
    told: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        told.update(status=int(status.split()[0]), headers=dict(headers))

    content = b"".join(
        application(
            {
                "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "SERVER_NAME": "localhost",
                "SERVER_PORT": "80", "wsgi.url_scheme": "http", "CONTENT_TYPE": "application/json",
                "HTTP_HOST": "localhost", "wsgi.input": io.BytesIO(body), **environ,
            },
            start,
        )
    )  # fmt: skip
    return told["status"], told["headers"], content


@dataclass
class Shop(Caller):
    program_id: int = 0


@pytest.fixture
def shop():
    program_id = a_program()
    return Shop(a_caller(program_id).secret, program_id=program_id)


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/members/", 404),
        ("POST", "/api/", 404),
        ("DELETE", "/api/v1/members", 405),
        ("OPTIONS", "/api/v1/orders", 405),
    ],
)
def test_an_address_or_method_that_does_not_exist_is_a_problem_too(method, address, status):
    found, headers, content = asked(method, address)
    assert (found, headers["Content-Type"]) == (status, "application/problem+json")
    assert orjson.loads(content)["status"] == status
    assert ("Allow" in headers) == (status == 405)


def test_head_is_get_without_its_body(shop):
    status, headers, content = asked("HEAD", "/api/v1/members", HTTP_AUTHORIZATION=f"Bearer {shop.secret}")
    assert (status, headers["Content-Type"], content) == (200, "application/json", b"")
    assert asked("HEAD", "/api/v1/members")[0] == 401


def test_a_body_in_chunks_is_read_and_one_too_large_is_refused(shop):
    more = {"HTTP_AUTHORIZATION": f"Bearer {shop.secret}", "HTTP_TRANSFER_ENCODING": "chunked"}
    status, _, content = asked(
        "POST", "/api/v1/members", b'{"name":"Ann Lee"}', HTTP_IDEMPOTENCY_KEY="chunks", **more
    )
    assert status == 201
    assert shop.get(f"/members/{orjson.loads(content)['id']}")[1]["name"] == "A•• L••"
    large = b'{"name":"' + b"a" * 2**20 + b'"}'
    assert asked("POST", "/api/v1/members", large, HTTP_IDEMPOTENCY_KEY="large", **more)[0] == 413


def test_a_packed_body_is_refused_with_the_reason(shop):
    status, answer = shop.send("POST", "/members", b"\x1f\x8b", **{"Content-Encoding": "gzip"})
    assert (status, answer["code"]) == (415, "unsupported_encoding")


def test_what_is_no_json_says_where(shop):
    status, answer = shop.send("POST", "/members", b'{"name": NaN}')
    assert (status, answer["code"]) == (400, "bad_json")
    assert "at character 9" in answer["detail"]


def test_the_character_that_no_database_holds_is_refused_wherever_it_stands(shop):
    ada = a_member(shop.program_id, "ADA")
    for address in (f"/members/number:{NUL}", f"/orders/{NUL}", f"/orders/till:{NUL}"):
        assert asked("GET", f"/api/v1{address}", HTTP_AUTHORIZATION=f"Bearer {shop.secret}")[0] == 422
    assert shop.get(f"/members/{ada}/lots?unit=%00")[0] == 422
    line = {"id": "1", "sku": "A", "quantity": "1", "amount_minor": 1, "attributes": {NUL: 1}}
    for path, body, at in (
        ("/orders", an_order("1", ada, attributes={"a": [{"b": NUL}]}), "attributes"),
        ("/orders", {**an_order("1", ada), "lines": [line]}, "lines.0.attributes"),
        ("/consent-texts", {"purpose": "news", "version": "1", "language": "en", "text": NUL}, "text"),
        ("/program/plan", {"document": {"program": {"name": NUL}}}, "document"),
        ("/transfers", {"from": f"number:{NUL}", "to": ada, "unit": "points", "amount": 1, "reason": "x"}, "from"),
    ):
        status, answer = shop.post(path, body)
        assert (status, [e["path"] for e in answer["errors"]]) == (422, [at]), path
    assert shop.get("/orders")[1]["items"] == []


def test_what_is_nested_without_end_is_refused(shop):
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    for path, body in (
        ("/orders", an_order("1", attributes={"a": deep})),
        ("/program/plan", {"document": {"units": deep}}),
        ("/event-types", {"key": "visit", "schema": {"type": "object", "properties": {"a": deep}}}),
    ):
        status, answer = shop.post(path, body)
        assert (status, answer["errors"][0]["message"]) == (422, "must have at most 32 levels"), path


@pytest.mark.parametrize(
    "at",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1700000000", "2026-01-01", "2026-01-01T00:00:00"],
)
def test_an_instant_that_cannot_be_kept_is_refused_everywhere(shop, at):
    ada = a_member(shop.program_id, "ADA")
    consent = {"purpose": "news", "granted": True, "text_version": "1", "source": "web", "at": at}
    for path, body in (
        ("/orders", an_order("1", ada, occurred_at=at)),
        (f"/members/{ada}/consents", consent),
        (f"/members/{ada}/identifiers", {"type": "external", "value": "ADA-2", "verified_at": at}),
        ("/members", {"identifiers": [{"type": "external", "value": "BOB", "verified_at": at}]}),
    ):
        assert shop.post(path, body)[0] == 422, path
    assert [i["hint"] for i in shop.get(f"/members/{ada}")[1]["identifiers"]] == ["•••• A"]


def test_an_instant_far_east_of_every_zone_is_only_another_way_to_write_it(shop):
    ada = a_member(shop.program_id, "ADA")
    status, _ = shop.post(
        f"/members/{ada}/identifiers",
        {"type": "external", "value": "ADA-2", "verified_at": "2026-01-01T23:59:00+23:59"},
    )
    assert status == 201
    found = shop.get(f"/members/{ada}")[1]["identifiers"]
    assert "2026-01-01T00:00:00+00:00" in [i["verified_at"] for i in found]


def test_a_channel_or_store_longer_than_any_key_is_refused_with_its_path(shop):
    status, answer = shop.post("/members", {"channel": "c" * 100, "store": "s" * 61})
    assert (status, [e["path"] for e in answer["errors"]]) == (422, ["channel", "store"])


@pytest.mark.parametrize("key", ["a\tb", " ", "é", "x" * 201])
def test_an_idempotency_key_is_the_same_kind_of_text_for_every_call(shop, key):
    for path, body in (("/orders", an_order("1")), ("/members", {}), ("/events", {"items": []})):
        status, answer = shop.post(path, body, key=key)
        assert (status, "Idempotency-Key" in [e["path"] for e in answer["errors"]]) == (422, True), path


def test_the_journals_reason_is_a_code_so_that_nobody_is_named_there_for_ever(shop):
    ada = a_member(shop.program_id, "ADA")
    body = {"unit": "points", "amount": 1, "reason": "sorry, Ann Lee"}
    for path, more in (
        (f"/members/{ada}/points", {"kind": "earn"}),
        (f"/members/{ada}/holds", {}),
    ):
        status, answer = shop.post(path, {**body, **more})
        assert (status, [e["path"] for e in answer["errors"]]) == (422, ["reason"])


def test_a_request_that_breaks_at_the_door_leaves_no_broken_connection_behind(shop, monkeypatch):
    given_back = []
    monkeypatch.setattr(wsgi, "_give_back", lambda: given_back.append(1))

    def breaks(*_: Any) -> None:
        raise OSError("the till hung up")

    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/healthz", "SERVER_NAME": "x", "SERVER_PORT": "80",
               "HTTP_HOST": "localhost", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO()}  # fmt: skip
    with pytest.raises(OSError, match="hung up"):
        application(environ, breaks)
    assert given_back == [1]
    assert application(environ, lambda *_: None) == [b"ok\n"]
    assert given_back == [1, 1]


def test_an_answer_is_one_piece_and_leaves_nothing_behind(monkeypatch):
    answers = []
    handler = wsgi._for_machines
    monkeypatch.setattr(
        handler, "_middleware_chain", lambda _: answers.append(HttpResponse("x" * 50_000)) or answers[-1]
    )
    closed = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/healthz", "SERVER_NAME": "x", "SERVER_PORT": "80",
               "HTTP_HOST": "localhost", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO()}  # fmt: skip
    gc.collect()
    gc.disable()
    try:
        assert application(environ, lambda *_: None) == [b"x" * 50_000]
        answer = weakref.ref(answers[0])
        assert answers.pop().closed
        assert answer() is None  # gone at once, not when the collector comes by
    finally:
        gc.enable()
    answers.append(HttpResponse())
    answers[-1]._resource_closers.append(lambda: closed.append(1))
    monkeypatch.setattr(handler, "_middleware_chain", lambda _: answers[-1])
    application(environ, lambda *_: None)
    assert closed == [1]
    _none_broken(monkeypatch, handler, environ)


def _none_broken(monkeypatch, handler, environ):
    def breaks() -> None:
        raise OSError("the till hung up")

    given_back, broken = [], HttpResponse()
    broken._resource_closers.append(breaks)
    monkeypatch.setattr(handler, "_middleware_chain", lambda _: broken)
    monkeypatch.setattr(wsgi, "_give_back", lambda: given_back.append(1))
    with pytest.raises(OSError, match="hung up"):
        application(environ, lambda *_: None)
    assert given_back == [1]

"""The calls that are read without detours answer as the framework's own way does, well-formed or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test import Client
from tests.stories.cast import a_caller, a_member, a_program, an_order

from regulars.interfaces.http_api import swift
from regulars.interfaces.http_api.api import api
from regulars.kernel.errors import Broken

pytestmark = pytest.mark.django_db
SWIFT = ("place_order", "put_session", "close_session")
TOO_LONG = b'{"channel": "%b"}' % (b"x" * 2 * 1024 * 1024)
TABLES = ("orders_order", "checkout_session", "kernel_idempotency", "ledger_journal")


def operations() -> list[Any]:
    views = [view for router in api._get_bound_routers() for view in router.path_operations.values()]
    return [one for view in views for one in view.operations if one.operation_id in SWIFT]


@contextmanager
def slowly() -> Iterator[None]:
    """The framework's own way, meanwhile."""
    runs = {one.operation_id: one.__dict__.pop("run") for one in operations()}
    try:
        yield
    finally:
        for one in operations():
            one.run = runs[one.operation_id]


class Shop:
    def __init__(self, *scopes: str) -> None:
        self.program = a_program()
        self.scopes = scopes or ("orders:write", "sessions:write")
        self.secret = a_caller(self.program, scopes=self.scopes).secret
        self.ada = a_member(self.program, "ADA")

    def send(self, method: str, path: str, body: bytes, **headers: str | None) -> tuple[int, Any]:
        told = {"Authorization": f"Bearer {self.secret}", "Idempotency-Key": "once", **headers}
        sent = {name: value for name, value in told.items() if value is not None}
        answer = Client().generic(method, f"/api/v1{path}", data=body, content_type="application/json", headers=sent)
        return answer.status_code, orjson.loads(answer.content)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def basket(shop: Shop, ref: str, **more: Any) -> dict[str, Any]:
    told = {**an_order(ref, shop.ada, (1_200, 3_450)), **more}
    del told["source"], told["ref"]
    return told


CALLS = {  # method, address, what is told
    "place_order": ("POST", "/orders", lambda shop: an_order("A", shop.ada, (1_200, 3_450))),
    "put_session": ("PUT", "/sessions/A", lambda shop: basket(shop, "A")),
    "close_session": ("POST", "/sessions/A/close", lambda shop: {}),
}


def call(shop: Shop, name: str, body: bytes | None = None, query: str = "", **headers: str | None) -> tuple[int, Any]:
    method, path, told = CALLS[name]
    return shop.send(method, path + query, orjson.dumps(told(shop)) if body is None else body, **headers)


def rows() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("select " + ", ".join(f"(select count(*) from {table})" for table in TABLES))
        return list(cursor.fetchone())


def steady(answer: Any) -> Any:
    """An answer without what each call makes anew."""
    return {k: v for k, v in answer.items() if k not in ("id", "recorded_at", "order", "expires_at", "instance")}


def both_ways(name: str, *args: Any, **headers: str | None) -> tuple[tuple[int, Any], ...]:
    """What the short way and the long way say, each with nothing done before."""
    found = []
    for way in (None, slowly):
        shop = found[0][2] if found else Shop()
        with connection.cursor() as cursor:
            cursor.execute("savepoint before_the_call")
            call(shop, "put_session") if name == "close_session" else None
            if way is None:
                status, answer = call(shop, name, *args, **headers)
            else:
                with way():
                    status, answer = call(shop, name, *args, **headers)
            counted = rows()
            cursor.execute("rollback to savepoint before_the_call")
        found.append((status, (steady(answer), counted), shop))
    return tuple([one[:2] for one in found])


def test_all_three_calls_are_swift_and_the_long_way_is_another_one():
    assert sorted(one.operation_id for one in operations()) == sorted(SWIFT)
    assert all("run" in one.__dict__ for one in operations())
    with slowly():
        assert not any("run" in one.__dict__ for one in operations())


@pytest.mark.parametrize("name", SWIFT)
def test_a_well_formed_call_answers_as_the_long_way_does(name):
    short, long = both_ways(name)
    assert short[0] == 201
    assert short == long


@pytest.mark.parametrize("name", SWIFT)
def test_a_well_formed_call_does_not_take_the_long_way(monkeypatch, shop, name):
    call(shop, "put_session")
    for one in operations():
        monkeypatch.setattr(one, "_get_values", None)
    assert call(shop, name)[0] in (200, 201)


FAULTS = {
    "bad JSON": (b'{"lines": [', 400),
    "no JSON at all": (b"\xff\xfe", 400),
    "nothing": (b"", 422),
    "a list": (b"[]", 422),
    "null": (b"null", 422),
    "an unknown field": (b'{"chanel": "store"}', 422),
    "wrong types": (b'{"channel": 7, "lines": "tea", "digest": 7, "ref": [], "currency": null}', 422),
    "two megabytes": (TOO_LONG, 413),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", SWIFT)
def test_a_body_with_faults_is_told_them_as_the_long_way_does(name, fault):
    body, status = FAULTS[fault]
    short, long = both_ways(name, body)
    assert short[0] == status
    assert short == long


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"quantity": "two"}, "lines.0.quantity"),
        ({"quantity": 1}, "lines.0.quantity"),
        ({"amount_minor": "300"}, "lines.0.amount_minor"),
        ({"amount_minor": 1.5}, "lines.0.amount_minor"),
        ({"amount_minor": True}, "lines.0.amount_minor"),
        ({"tax_included": "yes"}, "lines.0.tax_included"),
        ({"kind": "promise"}, "lines.0.kind"),
        ({"sku": "a\u0000"}, "lines.0.sku"),
        ({"more": 1}, "lines.0.more"),
    ],
)
@pytest.mark.parametrize("name", ["place_order", "put_session"])
def test_a_wrong_type_in_a_line_is_told_with_its_place(shop, name, change, path):
    told = CALLS[name][2](shop)
    told["lines"][0].update(change)
    short, long = both_ways(name, orjson.dumps(told))
    assert short[0] == 422
    assert [e["path"] for e in short[1][0]["errors"]] == [path]
    assert short == long


@pytest.mark.parametrize("name", SWIFT)
@pytest.mark.parametrize(
    ("key", "is_good"), [("x" * 200, True), ("", False), (" x", False), ("x" * 201, False), ("käse", False)]
)
def test_an_idempotency_key_is_looked_at_as_the_long_way_does(name, key, is_good):
    if name == "put_session":
        pytest.skip("it has none")
    short, long = both_ways(name, **{"Idempotency-Key": key})
    assert (short[0] == 201) is is_good
    assert short == long


@pytest.mark.parametrize("name", SWIFT)
def test_without_an_idempotency_key_it_is_as_the_long_way_says(name):
    short, long = both_ways(name, **{"Idempotency-Key": None})
    assert short[0] == (422 if name == "place_order" else 201)
    assert short == long


@pytest.mark.parametrize("query", ["?dry=true", "?dry=perhaps", "?only=x&only=y", "?other=1", "?dry"])
def test_what_stands_behind_the_address_is_read_as_the_long_way_does(query):
    short, long = both_ways("put_session", None, query)
    assert short == long


@pytest.mark.parametrize("name", SWIFT)
def test_a_key_without_the_scope_is_refused_before_anything_is_read(name):
    shop = Shop("members:read")
    before = rows()
    for body in (None, b"{", TOO_LONG[:900]):
        status, answer = call(shop, name, body)
        assert (status, answer["code"]) == (403, "missing_scope")
    shop.secret = "rk_nobody"
    assert call(shop, name)[0] == 401
    assert rows() == before


def test_a_refusal_of_the_service_is_the_same_problem_both_ways():
    for name in ("place_order", "put_session"):
        told = {**CALLS[name][2](Shop()), "channel": "nowhere", "currency": "EUR"}
        short, long = both_ways(name, orjson.dumps(told))
        assert short[0] == 422
        assert short == long
    short, long = both_ways("close_session", b'{"digest": "00000000000000000000000000000000"}')
    assert (short[0], short[1][0]["code"]) == (409, "quote_changed")
    assert short == long


def test_only_operations_that_are_there_can_be_made_swift():
    with pytest.raises(Broken, match="no_such_call"):
        swift.quicken(api, ["no_such_call"])

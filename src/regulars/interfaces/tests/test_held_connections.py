"""A thread of the server keeps its connection while it is sound; nothing is lost to the pool."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from psycopg.pq import TransactionStatus

from regulars import wsgi


class Wrapper:
    """Django's connection, as far as it is asked here."""

    def __init__(self, **told: Any) -> None:
        self.said: list[str] = []
        self.errors_occurred = told.get("errors_occurred", False)
        self.in_atomic_block = told.get("in_atomic_block", False)
        status = told.get("status", TransactionStatus.IDLE)
        gate = SimpleNamespace(transaction_status=status)
        is_open = told.get("is_open", True)
        self.connection = SimpleNamespace(autocommit=told.get("autocommit", True), pgconn=gate) if is_open else None

    def inc_thread_sharing(self) -> None:
        """Django's own refuses to be closed from another thread until it is asked this."""

    def close(self) -> None:
        self.said.append("close")

    def close_if_unusable_or_obsolete(self) -> None:
        self.said.append("look")


def _requests(wrapper: Wrapper, monkeypatch: pytest.MonkeyPatch, *, keeps: bool = True) -> list[str]:
    """What is said to a connection in two requests of one thread."""
    monkeypatch.setattr(wsgi, "connections", {"default": wrapper})
    monkeypatch.setattr(wsgi, "_KEEPS", keeps)
    during: list[str] = []

    def serve() -> None:
        wsgi._give_back()
        wsgi._give_back()
        during.extend(wrapper.said)

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join()
    return during


def test_a_thread_keeps_a_sound_connection_and_the_pool_gets_it_when_the_thread_ends(monkeypatch):
    wrapper = Wrapper()
    assert _requests(wrapper, monkeypatch) == []
    until = time.monotonic() + 10
    while not wrapper.said and time.monotonic() < until:
        time.sleep(0.01)
    assert wrapper.said == ["close"]


def test_without_a_connection_for_every_thread_each_request_gives_its_own_back(monkeypatch):
    assert _requests(Wrapper(), monkeypatch, keeps=False) == ["look", "look"]


@pytest.mark.parametrize(
    "broken",
    [
        {"errors_occurred": True},
        {"in_atomic_block": True},
        {"autocommit": False},
        {"status": TransactionStatus.INTRANS},
        {"status": TransactionStatus.UNKNOWN},
        {"is_open": False},
    ],
)
def test_what_is_not_sound_is_not_kept(broken, monkeypatch):
    assert _requests(Wrapper(**broken), monkeypatch) == ["look", "look"]

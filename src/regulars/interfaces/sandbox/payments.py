"""A payment provider for trying things out: no money moves, and every way in which one fails can be scripted.

It keeps its own books in a file beside the data folder, as a stranger would: no transaction of ours undoes them. The
method says how it behaves:

`ok` pays. `declined` never does. `declined-2` declines twice and pays then. `lost-1` pays, but the first answer is
lost on the way. `down-2` cannot be reached twice. `duplicate-1` says once that it has seen the key. `slow-500`
answers after 500 milliseconds. Parts may stand together: `down-1+declined-1`. Whatever else is said pays.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from regulars.kernel import home
from regulars.value.subscriptions.terms import Answer, DuplicateKey, Outcome, Unreachable

NAME = "sandbox"
ALWAYS = 10**9
SLOWEST_MS = 10_000
_PART = re.compile(r"(ok|declined|lost|down|duplicate|slow)(?:-(\d{1,5}))?\Z")
_TABLES = """
create table if not exists movement (key text primary key, kind text, amount integer, currency text, of text,
                                     outcome text, reason text, n integer);
create table if not exists call (method text, what text, times integer, primary key (method, what));
create table if not exists script (n integer primary key, method text, what text);
"""


@dataclass(frozen=True, kw_only=True)
class Movement:
    """Money as the provider sees it."""

    key: str
    kind: str
    amount_minor: int
    outcome: Outcome


class SandboxPayments:
    """A provider that behaves as its methods say. Safe for threads and processes: its books are one SQLite file."""

    def __init__(self, path: Callable[[], Path], sleep: Callable[[float], None] = time.sleep) -> None:
        self._path = path
        self._sleep = sleep

    def charge(self, *, key: str, amount_minor: int, currency: str, method: str, about: str) -> Answer:
        """Take money, once by the key, unless the method says otherwise.

        Raises: Unreachable, before or after the money moved; DuplicateKey.
        """
        parts = _parts(method)
        if "slow" in parts:
            self._sleep(min(parts["slow"], SLOWEST_MS) / 1000)
        with self._books() as books:
            told = _told(books, key)
            if told is not None:
                return told
            scripted = _next_of_script(books, method)
            fails = _counting(books, method, parts)
            if scripted == "down" or (scripted is None and fails("down", 1)):
                raise Unreachable
            outcome = Outcome.DONE
            if scripted == "declined" or (scripted is None and fails("declined", ALWAYS)):
                outcome = Outcome.DECLINED
            _write(books, key, "charge", amount_minor, currency, "", outcome)
            is_lost = scripted == "lost" or (scripted is None and fails("lost", 1))
            is_twice = scripted == "duplicate" or (scripted is None and fails("duplicate", 1))
        if is_twice:
            raise DuplicateKey
        if is_lost:
            raise Unreachable
        return _answer(key, outcome)

    def refund(self, *, key: str, ref: str, amount_minor: int, currency: str) -> Answer:
        """Give back a part of a charge, once by the key; never more than was charged.

        Raises: Unreachable when scripted (`script("refunds", …)`).
        """
        with self._books() as books:
            told = _told(books, key)
            if told is not None:
                return told
            scripted = _next_of_script(books, "refunds")
            if scripted == "down":
                raise Unreachable
            (charged,) = books.execute(
                "select coalesce(sum(amount), 0) from movement where key = ? and outcome = 'done'", (ref,)
            ).fetchone()
            (back,) = books.execute(
                "select coalesce(sum(amount), 0) from movement where of = ? and outcome = 'done'", (ref,)
            ).fetchone()
            fits = amount_minor <= charged - back and scripted != "declined"
            outcome = Outcome.DONE if fits else Outcome.DECLINED
            _write(books, key, "refund", amount_minor, currency, ref, outcome)
        if scripted == "lost":
            raise Unreachable
        return _answer(key, outcome)

    def find(self, *, key: str) -> Answer | None:
        """What became of a key; None: it never arrived."""
        with self._books() as books:
            return _told(books, key)

    def script(self, method: str, *outcomes: str) -> None:
        """Say how the next calls with a method go, one word each: ok, declined, lost, down, duplicate.

        The method `refunds` stands for refunds.
        """
        with self._books() as books:
            for what in outcomes:
                books.execute("insert into script (method, what) values (?, ?)", (method, what))

    def movements(self) -> list[Movement]:
        """Everything that moved or was declined, in order."""
        with self._books() as books:
            rows = books.execute("select key, kind, amount, outcome from movement order by n").fetchall()
        return [Movement(key=k, kind=kind, amount_minor=a, outcome=Outcome(o)) for k, kind, a, o in rows]

    @contextmanager
    def _books(self) -> Iterator[sqlite3.Connection]:
        path = self._path()
        path.parent.mkdir(parents=True, exist_ok=True)
        books = sqlite3.connect(path, timeout=30, isolation_level=None)
        try:
            books.executescript(_TABLES)
            books.execute("begin immediate")
            try:
                yield books
            except Unreachable:
                books.execute("commit")  # what was counted stays counted
                raise
            except BaseException:
                books.execute("rollback")
                raise
            books.execute("commit")
        finally:
            books.close()


def _parts(method: str) -> dict[str, int]:
    found = {}
    for part in method.split("+"):
        match = _PART.match(part.strip())
        if match:
            found[match[1]] = int(match[2]) if match[2] else 0
    return found


def _counting(books: sqlite3.Connection, method: str, parts: dict[str, int]) -> Callable[[str, int], bool]:
    """Whether a method's part fails this time; without a number as often as said."""

    def fails(what: str, otherwise: int) -> bool:
        if what not in parts:
            return False
        row = books.execute("select times from call where method = ? and what = ?", (method, what)).fetchone()
        times = row[0] if row else 0
        if times >= (parts[what] or otherwise):
            return False
        books.execute("insert or replace into call values (?, ?, ?)", (method, what, times + 1))
        return True

    return fails


def _next_of_script(books: sqlite3.Connection, method: str) -> str | None:
    row = books.execute("select n, what from script where method = ? order by n limit 1", (method,)).fetchone()
    if row is None:
        return None
    books.execute("delete from script where n = ?", (row[0],))
    return str(row[1])


def _told(books: sqlite3.Connection, key: str) -> Answer | None:
    row = books.execute("select outcome from movement where key = ?", (key,)).fetchone()
    return _answer(key, Outcome(row[0])) if row else None


def _write(
    books: sqlite3.Connection, key: str, kind: str, amount: int, currency: str, of: str, outcome: Outcome
) -> None:
    books.execute(
        "insert into movement select ?, ?, ?, ?, ?, ?, ?, coalesce(max(n), 0) + 1 from movement",
        (key, kind, amount, currency, of, outcome.value, ""),
    )


def _answer(key: str, outcome: Outcome) -> Answer:
    return Answer(outcome=outcome, ref=key, reason="" if outcome is Outcome.DONE else "card_declined")


def usual() -> SandboxPayments:
    """The provider of this installation, whose books lie in its data folder."""
    return SandboxPayments(lambda: home.folder() / "sandbox-payments.sqlite3")

"""A small memory of what changes rarely, per process, at most five seconds old."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import TypeVar

from django.db import connection, transaction

T = TypeVar("T")
SECONDS = 5
MOST = 10_000


class Memory:
    """Remembers answers for `SECONDS`. Another process's change is seen after that at the latest, our own at once.

    Nothing is remembered inside a transaction: what was read there may be rolled back, or be older than a change
    that another thread has just committed and forgotten.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[int, object]] = {}

    def get(self, key: Hashable, read: Callable[[], T], kind: type[T]) -> T:
        """The answer of `read()`, or the same as at most five seconds ago. What `read` raises is never kept."""
        found = self._kept.get(key)
        # ages are measured by the machine's steady clock: a clock set for a test must not freeze the memory
        now = time.monotonic_ns()
        if found is not None and now - found[0] < SECONDS * 1_000_000_000 and isinstance(found[1], kind):
            return found[1]
        answer = read()
        if not connection.in_atomic_block:
            if len(self._kept) >= MOST:
                self._kept.clear()
            self._kept[key] = (now, answer)
        return answer

    def forget(self) -> None:
        """Drop everything now, and once more when the running transaction has committed."""
        self._kept.clear()
        if connection.in_atomic_block:
            transaction.on_commit(self._kept.clear)


memory = Memory()

"""What a published version says: it never changes, so each process reads it once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import connection

from regulars.people.programs.services.base import by_id

V = TypeVar("V")
MOST = 200


class ByVersion(Generic[V]):
    """Remembers what `read(program id, version)` answered, for `MOST` versions.

    Nothing is remembered inside a transaction, where a version in the making may still be rolled back; nor a version
    of which `is_there` finds nothing.
    """

    def __init__(self, read: Callable[[int, int], V], is_there: Callable[[V], object] = bool) -> None:
        self._read, self._is_there = read, is_there
        self._kept: dict[tuple[int, int], V] = {}

    def of(self, program_id: int, version: int | None) -> V:
        """What a version says; None: the current one.

        Raises: NoProgram.
        """
        number = by_id(program_id=program_id).current_version if version is None else version
        found = self._kept.get((program_id, number))
        if found is None:
            found = self._read(program_id, number)
            if self._is_there(found) and not connection.in_atomic_block:
                if len(self._kept) >= MOST:
                    self._kept.clear()
                self._kept[program_id, number] = found
        return found

    def forget(self) -> None:
        """Drop every remembered version; for tests, whose databases are emptied and numbered anew."""
        self._kept.clear()

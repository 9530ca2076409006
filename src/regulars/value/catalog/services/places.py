"""Brands, channels and stores of the program, as the catalog needs to check what it is told."""

from __future__ import annotations

from collections.abc import Iterable

from regulars.people.programs import services as programs
from regulars.people.programs.terms import NoStore, Store


def brands(program_id: int) -> frozenset[str]:
    """The keys of all brands."""
    return frozenset([one.key for one in programs.brands(program_id=program_id)])


def channels(program_id: int) -> frozenset[str]:
    """The keys of all channels."""
    return frozenset([one.key for one in programs.channels(program_id=program_id)])


def stores(program_id: int, keys: Iterable[str | None]) -> dict[str, Store]:
    """The stores with these keys; unknown ones are left out."""
    found = {}
    for key in {key for key in keys if key is not None}:
        try:
            found[key] = programs.store(program_id=program_id, key=key)
        except NoStore:
            continue
    return found


def store(program_id: int, key: str) -> Store:
    """The store with this key.

    Raises: NoStore.
    """
    return programs.store(program_id=program_id, key=key)

"""Small things that the verbs share: calls of stored functions, instants, the tree of stores."""

from __future__ import annotations

from regulars.people.programs import services as programs

_memory = programs.Memory()


def lineage(*, program_id: int, store: str | None) -> frozenset[str]:
    """A store's key and those of all regions above it; remembered for a few seconds."""
    if store is None:
        return frozenset()
    parents = _memory.get(("parents", program_id), lambda: _parents(program_id), dict)
    found: set[str] = set()
    at: str | None = store
    while at is not None and at not in found:
        found.add(at)
        at = parents.get(at)
    return frozenset(found)


def forget() -> None:
    """Drop what is remembered, e.g. after a publication and in tests."""
    _memory.forget()


def _parents(program_id: int) -> dict[str, str | None]:
    described = programs.describe(program_id)
    return {s["key"]: s.get("parent") for s in described["stores"]}

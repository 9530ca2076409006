"""A version with promotions that are not published: compiled for a trial, never remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from regulars.value.promotions.terms import Snapshot


def with_bodies(*, snapshot: Snapshot, bodies: Iterable[Mapping[str, Any]]) -> Snapshot:
    """The snapshot with these promotions in the place of their keys, or beside the others.

    Raises: Invalid with every fault of a body.
    """
    return snapshot

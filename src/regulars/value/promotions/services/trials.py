"""A version with promotions that are not published: compiled for a trial, never remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from regulars.kernel.errors import Invalid
from regulars.value.promotions.rules import document
from regulars.value.promotions.services.snapshots import snapshot_with
from regulars.value.promotions.terms import Snapshot


def with_bodies(*, snapshot: Snapshot, bodies: Iterable[Mapping[str, Any]]) -> Snapshot:
    """The snapshot with these promotions in the place of their keys, or beside the others.

    Raises: Invalid with every fault of a body.
    """
    told = {"program": {"currency": snapshot.currency}, "promotions": list(bodies)}
    promotions, faults = document.read_promotions(told, beside=[p.key for p in snapshot.promotions])
    if faults:
        raise Invalid(errors=faults)
    return snapshot_with(base=snapshot, promotions=promotions)

"""A version with promotions that are not published: compiled for a trial, never remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from regulars.kernel.errors import Invalid
from regulars.value.promotions.rules import document
from regulars.value.promotions.services import drafts
from regulars.value.promotions.services.snapshots import snapshot_with
from regulars.value.promotions.terms import Snapshot
from regulars.value.promotions.terms.drafts import DraftState, WrongDraftState

_TRIED = (DraftState.TESTING, DraftState.APPROVED)


def with_bodies(*, snapshot: Snapshot, bodies: Iterable[Mapping[str, Any]]) -> Snapshot:
    """The snapshot with these promotions in the place of their keys, or beside the others.

    Raises: Invalid with every fault of a body.
    """
    told = {"program": {"currency": snapshot.currency}, "promotions": list(bodies)}
    promotions, faults = document.read_promotions(told, beside=[p.key for p in snapshot.promotions])
    if faults:
        raise Invalid(errors=faults)
    return snapshot_with(base=snapshot, promotions=promotions)


def with_drafts(*, snapshot: Snapshot, draft_ids: Iterable[UUID]) -> tuple[Snapshot, frozenset[str]]:
    """The snapshot with drafts that were tested, and their keys: for dry baskets of tills and shops.

    Raises: NoDraft; WrongDraftState for one that was not tested; Invalid.
    """
    found = [drafts.draft(program_id=snapshot.program_id, draft_id=draft_id) for draft_id in draft_ids]
    for one in found:
        if one.state not in _TRIED:
            raise WrongDraftState(f"The draft {one.public_id} is {one.state}; test it first.", state=one.state)
    made = with_bodies(snapshot=snapshot, bodies=[one.body for one in found])
    return made, frozenset(one.key for one in found)

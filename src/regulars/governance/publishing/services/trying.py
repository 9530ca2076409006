"""A promotion that is not published, tried on a basket beside the program as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regulars.governance.publishing.rules import comparing
from regulars.governance.publishing.terms import Tried
from regulars.kernel import clock
from regulars.value.checkout.services import deciding, places
from regulars.value.checkout.terms import SessionTold
from regulars.value.promotions import services as promotions
from regulars.value.promotions.services import trials

KEY = "preview"


def on_basket(*, program_id: int, body: Mapping[str, Any], told: SessionTold) -> Tried:
    """What a basket saves and earns with this promotion, and without it. Nothing is kept, nothing reserved.

    Raises: Invalid with the faults of the promotion or the basket; UnknownMember.
    """
    now = clock.now()
    found = deciding.decide(
        deciding.Asked(
            program_id=program_id,
            key=KEY,
            told=told,
            place=places.place_of(program_id=program_id, told=told),
            member_id=places.member_of(program_id=program_id, told=told),
            occurred_at=told.occurred_at or now,
            now=now,
        )
    )
    trial = trials.with_bodies(snapshot=found.snapshot, bodies=[body])
    after = promotions.decide(question=found.question, snapshot=trial)
    key = str(body.get("key"))
    return Tried(
        key=key,
        before=found.verdict,
        after=after,
        question=found.question,
        changes=comparing.changes(found.verdict, after, key),
    )

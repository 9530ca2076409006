"""When members become one or come apart, and what a member may read of herself."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

import orjson

from regulars.kernel import clock, postgres
from regulars.value.benefits.models import ChoiceRow
from regulars.value.benefits.services import holding, reading


def absorb(*, program_id: int, from_id: UUID, into_id: UUID) -> dict[str, Any]:
    """Take one member's packs, uses, choices and occasions over to another. Returns: the record for `separate`."""
    found = postgres.ask(
        "select benefits_absorb(%s::int, %s::uuid, %s::uuid, %s::timestamptz)::text",
        (program_id, from_id, into_id, clock.now()),
    )[0][0]
    return dict(orjson.loads(found))


def separate(*, program_id: int, record: dict[str, Any]) -> int:
    """Give back what was taken over; returns how many uses and packs went back."""
    return int(
        postgres.ask("select benefits_separate(%s::int, %s::jsonb)", (program_id, orjson.dumps(record).decode()))[0][
            0
        ]
    )


def dossier(*, program_id: int, member_id: UUID) -> dict[str, Any]:
    """What we keep about a member, for her to see."""
    chosen = ChoiceRow.objects.filter(program_id=program_id, member_id=member_id).order_by("chosen_at")
    return {
        "holdings": [asdict(h) for h in holding.holdings(program_id=program_id, member_id=member_id)],
        "uses": [asdict(u) for u in reading.uses(program_id=program_id, member_id=member_id, limit=10_000)],
        "gifts": [asdict(g) for g in reading.gifts(program_id=program_id, member_id=member_id, limit=10_000)],
        "choices": [{"benefit": c.benefit, "period": c.period, "picked": c.picked} for c in chosen],
    }


def forget(*, program_id: int, member_id: UUID) -> None:
    """Nothing here names a person: uses and occasions stay under the anonymous id, because quotas are their sums."""

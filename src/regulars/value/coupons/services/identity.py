"""When members become one or come apart, and what a member may read of herself."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

import orjson

from regulars.kernel import clock, postgres
from regulars.value.coupons.models import EventRow
from regulars.value.coupons.services import looking


def absorb(*, program_id: int, from_id: UUID, into_id: UUID) -> dict[str, Any]:
    """Take one member's coupons, uses and counts over to another. Returns: the record that `separate` needs."""
    found = postgres.ask(
        "select coupons_absorb(%s::int, %s::uuid, %s::uuid, %s::timestamptz)::text",
        (program_id, from_id, into_id, clock.now()),
    )[0][0]
    return dict(orjson.loads(found))


def separate(*, program_id: int, record: dict[str, Any]) -> int:
    """Give back what was taken over, but for what was given away since; returns how many coupons went back."""
    return int(
        postgres.ask(
            "select coupons_separate(%s::int, %s::jsonb, %s::timestamptz)",
            (program_id, orjson.dumps(record).decode(), clock.now()),
        )[0][0]
    )


def dossier(*, program_id: int, member_id: UUID) -> dict[str, Any]:
    """What we keep about a member, for her to see."""
    page = looking.wallet(program_id=program_id, member_id=member_id, limit=10_000)
    events = EventRow.objects.filter(program_id=program_id, member_id=member_id).order_by("id")
    return {
        "coupons": [asdict(c) for c in page.items],
        "history": [{"coupon_id": e.coupon_id, "kind": e.kind, "at": e.at, "ref": e.ref} for e in events],
    }


def forget(*, program_id: int, member_id: UUID) -> None:
    """Nothing here names a person: coupons and their story stay under the anonymous id."""

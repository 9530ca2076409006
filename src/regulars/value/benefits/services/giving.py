"""What a benefit gives: points and coupons handed over with the use, and taken back as far as it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock, ids
from regulars.kernel.errors import Busy, Refusal
from regulars.people.programs import services as programs
from regulars.value.benefits.models import UseRow
from regulars.value.benefits.terms import PREFIX, Given
from regulars.value.coupons import services as coupons
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Clawed, Source
from regulars.value.rewards import services as rewards
from regulars.value.tiers import services as tiers


def give(*, program_id: int, member_id: UUID, use_id: UUID, gives: Sequence[Given], actor: str) -> None:
    """Hand over all that a use brings, and note it on the use; all or nothing.

    Raises: what the ledger, coupons or rewards refuse.
    """
    told = [_give(program_id, member_id, use_id, n, part, actor) for n, part in enumerate(gives)]
    UseRow.objects.filter(id=use_id).update(given=told)


def _give(program_id: int, member_id: UUID, use_id: UUID, n: int, part: Given, actor: str) -> dict[str, Any]:
    key = f"benefit/{ids.encode(PREFIX, use_id)}/{n}"
    if part.unit:
        return {"points": _points(program_id, member_id, use_id, key, part, actor)}
    if part.template:
        issued = coupons.issue(
            program_id=program_id,
            template=part.template,
            member_id=member_id,
            n=part.count,
            key=key,
            actor=actor,
            source=key,
        )
        return {"coupon": {"template": part.template, "ids": [str(c.coupon_id) for c in issued]}}
    made = rewards.grant(
        program_id=program_id, member_id=member_id, reward=part.reward, source=key, key=key, actor=actor
    )
    return {"reward": {"key": part.reward, "id": str(made.redemption_id)}}


def _points(program_id: int, member_id: UUID, use_id: UUID, key: str, part: Given, actor: str) -> dict[str, Any]:
    unit = ledger.unit(program_id=program_id, key=part.unit)
    standing = tiers.standing(program_id=program_id, member_id=member_id)
    parcel = ledger.parcel_for(
        program_id=program_id,
        member_id=member_id,
        unit=unit,
        amount=part.amount,
        earned_at=clock.now(),
        zone=programs.by_id(program_id=program_id).zone,
        tier=standing.level if standing else None,
    )
    moved = ledger.earn(
        program_id=program_id,
        member_id=member_id,
        key=key,
        parcels=[parcel],
        actor=actor,
        kind="bonus",
        source=Source(type="benefit", ref=ids.encode(PREFIX, use_id)),
    )
    return {
        "unit": unit.key,
        "slot": unit.slot,
        "amount": part.amount,
        "seq": moved.seq,
        "member": str(member_id),
    }


def take_back(*, row: UseRow, actor: str) -> bool:
    """Take back what a use had brought, part by part, and note on the use what came back.

    Points become a debt or are let go by their unit's policy; coupons that were used stay used.
    Returns: whether all of it came back.
    """
    row.returned = [_take_back(row, n, part, actor) for n, part in enumerate(row.given)]
    row.save(update_fields=["returned"])
    return all(part["whole"] for part in row.returned)


def _take_back(row: UseRow, n: int, part: Mapping[str, Any], actor: str) -> dict[str, Any]:
    reason = f"benefit/{ids.encode(PREFIX, row.id)}"
    if "points" in part:
        return _take_points(row, n, part["points"], actor)
    if "coupon" in part:
        found = coupons.void(
            program_id=row.program_id,
            coupon_ids=[UUID(c) for c in part["coupon"]["ids"]],
            actor=actor,
            reason=reason,
        )
        gone = sum(1 for _, _, withdrawn, _ in found if withdrawn)
        wanted = len(part["coupon"]["ids"])
        return {"coupon": part["coupon"]["template"], "taken": gone, "of": wanted, "whole": gone == wanted}
    told = {"reward": part["reward"]["key"]}
    try:
        with transaction.atomic():
            rewards.cancel(
                program_id=row.program_id, redemption_id=UUID(part["reward"]["id"]), actor=actor, reason=reason
            )
    except Busy:
        raise
    except Refusal as refused:  # e.g. it was handed over, and stays with her
        return {**told, "whole": False, "why": refused.code}
    return {**told, "whole": True}


def _take_points(row: UseRow, n: int, points: Mapping[str, Any], actor: str) -> dict[str, Any]:
    gave = UUID(points["member"])
    told = {"points": points["unit"], "of": points["amount"]}
    try:
        with transaction.atomic():
            back: Clawed = ledger.clawback(
                program_id=row.program_id,
                member_id=row.member_id,
                key=f"benefit/{ids.encode(PREFIX, row.id)}/{n}/undo",
                reverses=points["seq"],
                amounts={points["slot"]: points["amount"]},
                actor=actor,
                kind="reverse",
                source=Source(type="benefit", ref=ids.encode(PREFIX, row.id)),
                of=gave if gave != row.member_id else None,
            )
    except Busy:
        raise
    except Refusal as refused:  # e.g. somebody has reversed the very journal by hand
        return {**told, "whole": False, "why": refused.code}
    taken, owed, forgiven = back.taken[0], back.owed[0], back.forgiven[0]
    return {**told, "taken": taken, "owed": owed, "forgiven": forgiven, "whole": forgiven == 0}

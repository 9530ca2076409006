"""What identity and privacy ask: allowances go where their holds go; what we keep of a member; forgetting her."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock, ids
from regulars.value.allowances.models import AllowanceRow, ConflictRow, OptInRow
from regulars.value.allowances.services.issuing import end, of_member, opt_ins
from regulars.value.allowances.terms import PREFIX, AllowanceState
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import HoldState


@transaction.atomic
def absorb(*, program_id: int, from_member: UUID, into_member: UUID) -> None:
    """Allowances follow their holds to whom a member was merged into, after the ledger has moved them.

    What could not be held again there closes the allowance or lessens it: a till that lets it pay meets the rule for
    late uploads. Her wishes end; the survivor's stand.
    """
    rows = AllowanceRow.objects.select_for_update().filter(program_id=program_id, member_id=from_member)
    for row in rows.filter(state=AllowanceState.OPEN).order_by("id"):
        hold = ledger.hold_of(program_id=program_id, hold_id=row.hold_id)
        row.member_id = into_member
        row.left = hold.amount - hold.captured - hold.released if hold.state is HoldState.OPEN else 0
        if row.left == 0:
            row.state, row.closed_at = AllowanceState.ENDED, clock.now()
        row.save(update_fields=["member_id", "left", "state", "closed_at"])
    OptInRow.objects.filter(program_id=program_id, member_id=from_member).delete()


def separate(*, program_id: int, members: list[UUID]) -> None:
    """Holds stay with whom they went to, and allowances with their holds: nothing to undo."""


def dossier(*, program_id: int, member_id: UUID) -> dict[str, Any]:
    """What we keep about a member, for her to see."""
    allowances = of_member(program_id=program_id, member_id=member_id, limit=10_000)
    conflicts = ConflictRow.objects.filter(program_id=program_id, member_id=member_id).order_by("id")
    fields = ("rule", "state", "unit", "asked", "paid", "unpaid", "found_at", "resolution", "resolved_at")
    return {
        "allowances": [{**asdict(a), "id": ids.encode(PREFIX, a.id)} for a in allowances],
        "opt_ins": [asdict(o) for o in opt_ins(program_id=program_id, member_id=member_id)],
        "conflicts": list(conflicts.values(*fields)),
    }


@transaction.atomic
def forget(*, program_id: int, member_id: UUID, actor: str = "system:privacy") -> int:
    """Take back what is open and end her wishes; the rest names nobody and stays. Answers how many went."""
    rows = AllowanceRow.objects.filter(program_id=program_id, member_id=member_id, state=AllowanceState.OPEN)
    found = list(rows.select_for_update().order_by("id"))
    for row in found:
        end(row, AllowanceState.CANCELLED, actor)
    gone, _ = OptInRow.objects.filter(program_id=program_id, member_id=member_id).delete()
    return len(found) + gone

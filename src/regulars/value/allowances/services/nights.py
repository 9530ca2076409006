"""The night: an allowance whose hold's time is over gives back what is left of it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from regulars.value.allowances.models import AllowanceRow
from regulars.value.allowances.services.issuing import end
from regulars.value.allowances.services.locking import locked
from regulars.value.allowances.terms import AllowanceState


def end_due(*, program_id: int, before: datetime, limit: int = 500) -> int:
    """Close allowances whose holds ended at or before an instant, each by itself. Answers how many."""
    due = AllowanceRow.objects.filter(program_id=program_id, state=AllowanceState.OPEN, hold_until__lte=before)
    found = list(due.order_by("hold_until", "id").values_list("id", flat=True)[:limit])
    for allowance_id in found:
        with transaction.atomic():
            row = locked(program_id=program_id, allowance_id=allowance_id)
            if row.state == AllowanceState.OPEN:
                end(row, AllowanceState.ENDED, "system:night")
    return len(found)

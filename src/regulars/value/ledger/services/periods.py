"""What the books say of a stretch of time, by when it was recorded: so a period that is over never changes again."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from regulars.value.ledger.models import JournalRow
from regulars.value.ledger.services.calls import rows
from regulars.value.ledger.services.reading import entries_of
from regulars.value.ledger.services.units import units
from regulars.value.ledger.terms import Balance, Entry

_SUMS = """
select unit, {sums} from ledger_posting
 where member_id = %s and program_id = %s and (recorded_at < %s or (recorded_at < %s and seq <= %s))
 group by unit order by unit
""".format(
    sums=", ".join(
        f"sum(case '{account}' when {plus} then amount when {minus} then -amount else 0 end)::bigint"
        for account, plus, minus in (
            ("wallet", "credit", "debit"),
            ("pending", "credit", "debit"),
            ("held", "credit", "debit"),
            ("debt", "debit", "credit"),
        )
    )
)


def balances_booked(
    *, program_id: int, member_id: UUID, before: datetime, through: datetime | None = None, seq: int = 0
) -> dict[str, Balance]:
    """What a member held of each unit that ever moved, by the journals that were recorded before an instant.

    Args: through, seq: count also what was recorded from `before` on and before `through`, up to this journal.
    """
    keys = {u.slot: u.key for u in units(program_id=program_id)}
    found = rows(_SUMS, member_id, program_id, before, through or before, seq)
    return {
        keys[slot]: Balance(unit=keys[slot], slot=slot, active=active, pending=pending, held=held, debt=debt)
        for slot, active, pending, held, debt in found
    }


def journal_booked(
    *, program_id: int, member_id: UUID, begins_at: datetime, ends_at: datetime, after: int = 0, limit: int = 50
) -> list[Entry]:
    """The journals that were recorded within a stretch of time, oldest first, with their postings.

    Args: ends_at: exclusive. after: the seq of the last one seen.
    """
    found = JournalRow.objects.filter(
        program_id=program_id, member_id=member_id, recorded_at__gte=begins_at, recorded_at__lt=ends_at, seq__gt=after
    )
    return entries_of(program_id, member_id, list(found.order_by("seq")[:limit]))

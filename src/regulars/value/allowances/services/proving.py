"""Proving what allowances promise, over the whole database."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from regulars.kernel import clock
from regulars.value.allowances.models import AllowanceRow
from regulars.value.allowances.terms import AllowanceState, Discrepancy
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Hold, HoldState

_AT_ONCE = 500
_LOST_ORDERS = """
select u.program_id, u.device_id::text || '/' || u.seq from allowances_upload u
 where (%s::int is null or u.program_id = %s) and u.order_id is not null
   and not exists (select from orders_facts o where o.order_id = u.order_id and o.program_id = u.program_id)
"""


def discrepancies(*, program_id: int | None = None) -> list[Discrepancy]:
    """F3: every open allowance has its open hold of as much as is left. F6: every upload that became an order has it.

    Should be none.
    """
    return [*_holds(program_id), *_orders(program_id)]


def _holds(program_id: int | None) -> Iterator[Discrepancy]:
    rows = AllowanceRow.objects.filter(state=AllowanceState.OPEN)
    if program_id is not None:
        rows = rows.filter(program_id=program_id)
    batch: list[AllowanceRow] = []
    for row in rows.order_by("program_id", "id").iterator(chunk_size=_AT_ONCE):
        if batch and (len(batch) == _AT_ONCE or batch[0].program_id != row.program_id):
            yield from _compared(batch)
            batch = []
        batch.append(row)
    if batch:
        yield from _compared(batch)


def _compared(batch: list[AllowanceRow]) -> Iterator[Discrepancy]:
    program, now = batch[0].program_id, clock.now()
    holds = {h.id: h for h in ledger.holds_of(program_id=program, hold_ids=[row.hold_id for row in batch])}
    for row in batch:
        hold = holds.get(row.hold_id)
        expected, found = f"open, {row.left} {row.unit} of {row.member_id}", _says(hold)
        is_over = row.hold_until <= now and hold is not None and hold.state is HoldState.EXPIRED  # the night comes
        if found != expected and not is_over:
            yield Discrepancy(
                promise="F3",
                what=f"the hold of allowance {row.id}",
                program_id=program,
                member_id=row.member_id,
                expected=expected,
                found=found,
            )


def _says(hold: Hold | None) -> str:
    if hold is None:
        return "no hold"
    left = hold.amount - hold.captured - hold.released if hold.state is HoldState.OPEN else 0
    return f"{hold.state}, {left} {hold.unit} of {hold.member_id}"


def _orders(program_id: int | None) -> Iterator[Discrepancy]:
    with connection.cursor() as cursor:
        cursor.execute(_LOST_ORDERS, [program_id, program_id])
        for program, upload in cursor.fetchall():
            yield Discrepancy(promise="F6", what=f"an upload without its order: {upload}", program_id=program)

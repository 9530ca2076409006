"""What did not fit: listed, and decided by people."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid
from regulars.value.allowances.models import ConflictRow
from regulars.value.allowances.services.rows import conflict_of
from regulars.value.allowances.terms import (
    CONFLICT_PREFIX,
    Conflict,
    ConflictState,
    NoConflict,
    NothingToResolve,
    Page,
    Resolution,
)
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Source

MOST = 200


def conflicts(
    *,
    program_id: int,
    state: ConflictState | None = None,
    store_id: int | None = None,
    cursor: tuple[Any, ...] | None = None,
    limit: int = 50,
) -> Page:
    """The conflicts of a program, newest first, a page at a time.

    Raises: Invalid for a cursor of another list.
    """
    limit = max(1, min(MOST, limit))
    rows = ConflictRow.objects.filter(program_id=program_id).select_related("device")
    if state is not None:
        rows = rows.filter(state=state)
    if store_id is not None:
        rows = rows.filter(store_id=store_id)
    if cursor is not None:
        rows = rows.filter(id__lt=_last(cursor))
    found = list(rows.order_by("-id")[: limit + 1])
    following = (str(found[limit - 1].id),) if len(found) > limit else None
    return Page(items=tuple(conflict_of(row) for row in found[:limit]), cursor=following)


def _last(cursor: tuple[Any, ...]) -> UUID:
    try:
        (last,) = cursor
        return UUID(last)
    except (ValueError, TypeError, AttributeError):
        raise Invalid(errors=[("cursor", "is not a cursor of this list; start again without one")]) from None


def open_count(*, program_id: int) -> int:
    """How many wait for a person."""
    return ConflictRow.objects.filter(program_id=program_id, state=ConflictState.OPEN).count()


def conflict(*, program_id: int, conflict_id: UUID) -> Conflict:
    """One conflict. Raises: NoConflict."""
    row = ConflictRow.objects.select_related("device").filter(program_id=program_id, id=conflict_id).first()
    if row is None:
        raise NoConflict
    return conflict_of(row)


@transaction.atomic
def resolve(*, program_id: int, conflict_id: UUID, action: Resolution, reason: str, actor: str) -> Conflict:
    """Decide about a conflict that is open: the member pays from her balance now, or the store bears it.

    Raises: NoConflict; NothingToResolve; Invalid without a reason, or when there is nobody to charge;
    NotEnoughPoints and what else a spend refuses.
    """
    rows = ConflictRow.objects.select_for_update(of=("self",)).select_related("device")
    row = rows.filter(program_id=program_id, id=conflict_id).first()
    if row is None:
        raise NoConflict
    if row.state != ConflictState.OPEN:
        raise NothingToResolve
    if not reason.strip():
        raise Invalid(errors=[("reason", "is missing")])
    if action is Resolution.CHARGE_MEMBER:
        _charge(row, actor)
    row.state, row.resolution, row.reason = ConflictState.RESOLVED, action, reason.strip()[:200]
    row.resolved_at, row.resolved_by = clock.now(), actor
    row.save(update_fields=["state", "resolution", "reason", "resolved_at", "resolved_by"])
    return conflict_of(row)


def _charge(row: ConflictRow, actor: str) -> None:
    if row.member_id is None or row.unit is None or not row.unpaid:
        raise Invalid(errors=[("action", "there is nobody, or nothing, to charge")])
    ref = ids.encode(CONFLICT_PREFIX, row.id)
    ledger.spend(
        program_id=row.program_id,
        member_id=row.member_id,
        key=f"offline/{ref}",
        unit=row.unit,
        amount=row.unpaid,
        actor=actor,
        source=Source(type="offline", ref=ref),
    )

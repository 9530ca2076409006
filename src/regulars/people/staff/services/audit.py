"""The audit trail: who did what to which thing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regulars.kernel import clock
from regulars.people.staff.models import AuditRow
from regulars.people.staff.terms import AuditEntry, AuditPage

MOST_PER_PAGE = 200


def record(
    *, actor: str, action: str, object: str, program_id: int | None = None, facts: Mapping[str, Any] | None = None
) -> None:
    """Write one line of the trail, in the caller's transaction: it stands exactly if the act does.

    Args: actor: `staff:7`, `key:3`, `system:import`. action: `members.reveal`. object: what was touched, by its
    public id. facts: JSON values a reader needs (a reason, a limit), never a name, phone or e-mail of a member.
    """
    AuditRow.objects.create(
        program_id=program_id, actor=actor, action=action, object=object, facts=dict(facts or {}), at=clock.now()
    )


def entries(
    *,
    program_id: int | None,
    cursor: int | None = None,
    limit: int = 50,
    actor: str | None = None,
    object: str | None = None,
    action: str | None = None,
) -> AuditPage:
    """One page of the trail, newest first.

    Args: program_id: None reads what belongs to the installation and to no program. cursor: the last page's
    `next_cursor`. limit: 1 to 200.
    """
    size = max(1, min(limit, MOST_PER_PAGE))
    said = {"actor": actor, "object": object, "action": action}
    if any("\x00" in (value or "") for value in said.values()):
        return AuditPage(items=(), next_cursor=None)  # no text in PostgreSQL holds it, not even to be compared
    rows = AuditRow.objects.filter(**{name: value for name, value in said.items() if value is not None})
    rows = rows.filter(program_id=program_id).order_by("-id")
    if cursor is not None:
        rows = rows.filter(id__lt=cursor)
    found = [_entry(row) for row in rows[: size + 1]]
    return AuditPage(items=tuple(found[:size]), next_cursor=found[size - 1].id if len(found) > size else None)


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        program_id=row.program_id,
        actor=row.actor,
        action=row.action,
        object=row.object,
        facts=row.facts,
        at=row.at,
    )

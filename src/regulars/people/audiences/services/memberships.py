"""Who is on an audience: added and removed in batches, read, carried over merges, forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from regulars.kernel import clock, postgres
from regulars.kernel.errors import Busy, Invalid, sure
from regulars.kernel.outbox import announce
from regulars.people.audiences import rules
from regulars.people.audiences.models import AudienceRow, MembershipRow
from regulars.people.audiences.services.lists import row_of
from regulars.people.audiences.terms import (
    MOST_AT_ONCE,
    AudienceChanged,
    AudienceRetired,
    Batch,
    Discrepancy,
    Membership,
    MembershipPage,
)
from regulars.people.members import services as members

_MERGE = "merge"


def of(member_id: UUID, *, at: datetime | None = None) -> frozenset[str]:
    """The audiences that a member is on (now, if no moment is said). A merged member is on none."""
    row = postgres.call(connection, "select audiences_of(%s::uuid, %s::timestamptz)", (member_id, at or clock.now()))
    return frozenset(row[0] if row else ())


@transaction.atomic
def add(
    *,
    program_id: int,
    key: str,
    refs: Sequence[str],
    source: str,
    actor: str,
    expires_at: datetime | None = None,
) -> Batch:
    """Put members on an audience, at most a thousand. Told again it changes nothing; another end is taken over.

    Args: refs: ids or `number:…`, `external:…`, `card:…`; merged members are followed. expires_at: exclusive.
    Raises: UnknownAudience; AudienceRetired; Invalid; Busy. Unknown references are answered, and stop nothing.
    """
    audience = _checked(program_id, key, refs, source)
    if not audience.active:
        raise AudienceRetired
    if expires_at is not None and expires_at <= clock.now():
        raise Invalid(errors=[("expires_at", "must lie ahead")])
    found = _found(program_id, refs)
    them = set(found.values())
    added, changed = _add(audience, them, source, actor, expires_at)
    _tell(audience, added=added, removed=0, source=source)
    return Batch(
        added=added,
        changed=changed,
        unchanged=len(them) - added - changed,
        unknown=tuple([ref for ref in dict.fromkeys(refs) if ref not in found]),
    )


@transaction.atomic
def remove(*, program_id: int, key: str, refs: Sequence[str], source: str) -> Batch:
    """Take members off an audience, at most a thousand. Told again it changes nothing.

    Raises: UnknownAudience; Invalid; Busy. Unknown references are answered, and stop nothing.
    """
    audience = _checked(program_id, key, refs, source)
    found = _found(program_id, refs)
    them = set(found.values())
    removed = _remove(audience, them, source)
    _tell(audience, added=0, removed=removed, source=source)
    unknown = tuple([ref for ref in dict.fromkeys(refs) if ref not in found])
    return Batch(removed=removed, unchanged=len(them) - removed, unknown=unknown)


def _checked(program_id: int, key: str, refs: Sequence[str], source: str) -> AudienceRow:
    faults = rules.source_faults(source)
    if len(refs) > MOST_AT_ONCE:
        faults.append(("members", f"at most {MOST_AT_ONCE} at once"))
    if faults:
        raise Invalid(errors=faults)
    return row_of(program_id, key)


def _found(program_id: int, refs: Sequence[str]) -> dict[str, UUID]:
    """The members that references mean, locked against merges until the transaction ends.

    Members are locked before audiences, as merges do.
    """
    for _ in range(3):
        found = members.resolve_many(program_id=program_id, refs=refs)
        facts = members.hold(program_id=program_id, member_ids=set(found.values()))
        if all(one.merged_into is None for one in facts.values()):
            return found
    raise Busy("Members are being merged just now. Nothing was changed; try again.")


def _add(
    audience: AudienceRow, them: Iterable[UUID], source: str, actor: str, expires_at: datetime | None
) -> tuple[int, int]:
    told = list(them)
    row = postgres.call(
        connection,
        "select added, changed from audiences_add(%s::int, %s::bigint, %s::uuid[], %s::text, %s::text,"
        " %s::timestamptz, %s::timestamptz)",
        (audience.program_id, audience.id, told, source, actor, expires_at, clock.now()),
    )
    sure(row is not None, "a function answers one row")
    added, changed = row or (0, 0)
    return added, changed


def _remove(audience: AudienceRow, them: Iterable[UUID], source: str) -> int:
    row = postgres.call(
        connection,
        "select audiences_remove(%s::int, %s::bigint, %s::uuid[], %s::text, %s::timestamptz)",
        (audience.program_id, audience.id, list(them), source, clock.now()),
    )
    return int(row[0]) if row else 0


def _tell(audience: AudienceRow, *, added: int, removed: int, source: str) -> None:
    if added or removed:
        event = AudienceChanged(
            program_id=audience.program_id, audience=audience.key, added=added, removed=removed, source=source
        )
        announce(event, program_id=audience.program_id)


def page(*, program_id: int, key: str, cursor: tuple[Any, ...] | None = None, limit: int = 100) -> MembershipPage:
    """The members of an audience in order of id, a page at a time; who has run out of time is not on it.

    Args: limit: 1 to 1,000. cursor: of the page before.
    Raises: UnknownAudience; Invalid for a cursor of another list.
    """
    audience = row_of(program_id, key)
    limit = max(1, min(MOST_AT_ONCE, limit))
    after = UUID(int=0)
    if cursor is not None:
        try:
            after = UUID(str(cursor[0]))
        except (ValueError, IndexError) as no:
            raise Invalid(errors=[("cursor", "is not a cursor of this list; start again without one")]) from no
    # pages follow ids, not dates of ending: a page may be short, and only the last has no cursor
    rows = list(
        MembershipRow.objects.filter(audience=audience, removed_at=None, member_id__gt=after).order_by("member_id")[
            : limit + 1
        ]
    )
    now = clock.now()
    items = [_membership(row, key) for row in rows[:limit] if row.expires_at is None or row.expires_at > now]
    return MembershipPage(items=tuple(items), cursor=(str(rows[limit - 1].member_id),) if len(rows) > limit else None)


def memberships(*, program_id: int, member_id: UUID) -> list[Membership]:
    """Every audience that a member is on or was on, by key."""
    rows = MembershipRow.objects.filter(program_id=program_id, member_id=member_id).select_related("audience")
    return [_membership(row, row.audience.key) for row in rows.order_by("audience__key")]


def _membership(row: MembershipRow, audience: str) -> Membership:
    return Membership(
        member_id=row.member_id,
        audience=audience,
        source=row.source,
        added_at=row.added_at,
        expires_at=row.expires_at,
        removed_at=row.removed_at,
        removed_source=row.removed_source,
    )


def expire_due(*, program_id: int, before: datetime, limit: int) -> int:
    """End at most `limit` memberships whose time has run out; answers how many, 0 when none is left."""
    row = postgres.call(
        connection, "select audiences_expire(%s::int, %s::timestamptz, %s::int)", (program_id, before, limit)
    )
    return int(row[0]) if row else 0


def absorb(*, program_id: int, from_id: UUID, into_id: UUID) -> dict[str, Any]:
    """Merge: what one was on, the other is on. Both members are locked by the caller, in one transaction.

    Answers a record for `separate`: what was taken from the one, and what the other got by it.
    """
    taken, given = [], []
    rows = MembershipRow.objects.filter(program_id=program_id, member_id=from_id, removed_at=None)
    now = clock.now()
    for row in rows.select_related("audience").order_by("audience_id"):
        _remove(row.audience, [from_id], _MERGE)
        is_over = row.expires_at is not None and row.expires_at <= now
        taken.append(row.audience_id)
        holds = MembershipRow.objects.filter(audience=row.audience, member_id=into_id, removed_at=None)
        if not is_over and not holds.exists():
            _add(row.audience, [into_id], _MERGE, "system:merge", row.expires_at)
            given.append(row.audience_id)
    return {"from": str(from_id), "into": str(into_id), "taken": taken, "given": given}


def separate(*, program_id: int, record: dict[str, Any]) -> dict[str, Any]:
    """Undo a merge: each is on what was hers, unless she has been taken off it meanwhile.

    Must be called after the redirect is gone. Answers `{"returned": count}`.
    """
    from_id, into_id = UUID(record["from"]), UUID(record["into"])
    returned, now = 0, clock.now()
    rows = MembershipRow.objects.filter(program_id=program_id, audience_id__in=record["taken"])
    theirs = {(row.audience_id, row.member_id): row for row in rows.filter(member_id__in=[from_id, into_id])}
    for audience in AudienceRow.objects.filter(id__in=record["taken"]).order_by("id"):
        old, new = theirs.get((audience.id, from_id)), theirs.get((audience.id, into_id))
        was_given = audience.id in record["given"]
        if was_given and new is not None and new.removed_at is None and new.source == _MERGE:
            _remove(audience, [into_id], _MERGE)
        elif was_given and (new is None or new.removed_at is not None):
            continue  # somebody took the person off it meanwhile: so neither is on it
        if old is None or old.removed_source != _MERGE or (old.expires_at is not None and old.expires_at <= now):
            continue
        _add(audience, [from_id], old.source, old.actor, old.expires_at)
        MembershipRow.objects.filter(pk=old.pk).update(added_at=old.added_at)  # as if she had never been away
        returned += 1
    return {"returned": returned}


def dossier(*, program_id: int, member_id: UUID) -> list[dict[str, Any]]:
    """Every audience that a person is on or was on, as JSON values, for herself."""
    return [
        {
            "audience": one.audience,
            "source": one.source,
            "added_at": one.added_at.isoformat(),
            "expires_at": one.expires_at.isoformat() if one.expires_at else None,
            "removed_at": one.removed_at.isoformat() if one.removed_at else None,
        }
        for one in memberships(program_id=program_id, member_id=member_id)
    ]


@transaction.atomic
def forget(*, program_id: int, member_id: UUID) -> int:
    """Erase: she is on no audience, and no row says that she was. Answers how many rows went."""
    rows = MembershipRow.objects.filter(program_id=program_id, member_id=member_id)
    for row in rows.filter(removed_at=None).select_related("audience").order_by("audience_id"):
        _remove(row.audience, [member_id], "forgotten")
    gone, _ = rows.delete()
    return gone


def discrepancies(*, program_id: int | None = None) -> list[Discrepancy]:
    """G3, G6, G7 over the whole database: the first thousand. Should be none."""
    with connection.cursor() as cursor:
        cursor.execute("select * from audiences_discrepancies(%s::int)", [program_id])
        return [
            Discrepancy(promise=promise, what=what, expected=expected, found=found, member_id=member_id)
            for promise, what, expected, found, member_id in cursor.fetchall()
        ]

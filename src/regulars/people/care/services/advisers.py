"""Advisers, and who looks after whom: one adviser now per member and kind, as many members as she has room for."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, QuerySet

from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid
from regulars.kernel.outbox import announce
from regulars.kernel.reading import KEY
from regulars.people.care.models import AdviserRow, AssignmentRow
from regulars.people.care.services.words import hold
from regulars.people.care.terms import (
    Adviser,
    AdviserAssigned,
    AdviserFull,
    AdviserRetired,
    Assignment,
    NoAdviserFree,
    StillHasMembers,
    UnknownAdviser,
)
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.people.staff import services as staff

MOST_CAPACITY = 100_000
HAND, TURN, MERGE = "hand", "turn", "merge"  # how a member came to an adviser
_LOCK = 0x0CA7  # who takes the next adviser in turn of one program does so one after another


@transaction.atomic
def appoint(
    *, program_id: int, user_id: int, kind: str, capacity: int, actor: str, store_id: int | None = None
) -> Adviser:
    """Make somebody of the staff an adviser, or change how many members she can look after; told again, she is one.

    Args: kind: of care (`adviser`, `stylist`). capacity: members at once; below what she has, nobody is taken away.
    Raises: Invalid; NoPerson; NoStore.
    """
    faults = []
    if not KEY.match(kind):
        faults.append(("kind", "must be lower-case letters, digits, '_', '.' or '-', at most 64"))
    if not 0 <= capacity <= MOST_CAPACITY:
        faults.append(("capacity", f"must be between 0 and {MOST_CAPACITY}"))
    if store_id is not None:
        programs.store_by_id(program_id=program_id, store_id=store_id)
    if not staff.access(user_id=user_id).may("care:write", program_id, store_id):
        faults.append(("staff", "needs care:write there first: give her a role that has it"))
    if faults:
        raise Invalid(errors=faults)
    row, _ = AdviserRow.objects.select_for_update(no_key=True).update_or_create(
        program_id=program_id,
        user_id=user_id,
        kind=kind,
        defaults={"store_id": store_id, "capacity": capacity, "active": True},
        create_defaults={"id": ids.new_id(), "store_id": store_id, "capacity": capacity},
    )
    _record(actor, "care.appoint", row, capacity=capacity)
    return adviser_of(row)


@transaction.atomic
def retire(*, program_id: int, adviser_id: UUID, actor: str) -> Adviser:
    """Let an adviser take no members any more. Raises: UnknownAdviser; StillHasMembers."""
    row = _locked(program_id, [adviser_id])[adviser_id]
    if row.members:
        raise StillHasMembers(members=row.members)
    row.active = False
    row.save(update_fields=["active"])
    _record(actor, "care.retire_adviser", row)
    return adviser_of(row)


def adviser(*, program_id: int, adviser_id: UUID) -> Adviser:
    """An adviser by id. Raises: UnknownAdviser."""
    row = _rows(program_id).filter(pk=adviser_id).first()
    if row is None:
        raise UnknownAdviser
    return adviser_of(row)


def advisers(
    *, program_id: int, kind: str | None = None, store_id: int | None = None, active: bool | None = True
) -> list[Adviser]:
    """The advisers of a program, by kind and then in the order in which they joined; 500 at most.

    Args: store_id: only those of this store and below it.
    """
    rows = _rows(program_id)
    if kind is not None:
        rows = rows.filter(kind=kind)
    if store_id is not None:
        rows = rows.filter(store_id__in=programs.subtree(program_id=program_id, store_id=store_id))
    if active is not None:
        rows = rows.filter(active=active)
    return [adviser_of(row) for row in rows.order_by("kind", "id")[:500]]


def adviser_of_person(*, program_id: int, user_id: int) -> list[Adviser]:
    """What a person of the staff advises on, by kind; retired ones last."""
    rows = _rows(program_id).filter(user_id=user_id)
    return [adviser_of(row) for row in rows.order_by("-active", "kind")]


@transaction.atomic
def assign(
    *,
    program_id: int,
    member_id: UUID,
    kind: str,
    actor: str,
    adviser_id: UUID | None = None,
    store_id: int | None = None,
) -> Assignment:
    """Put a member into somebody's care; who had her before has her no longer, and history keeps it.

    Told again with the same adviser, nothing changes.
    Args: adviser_id: who; None takes the one who waits longest among those with room. store_id: in turn, only of
    this store and below it.
    Raises: UnknownMember; AlreadyMerged; Forgotten; UnknownAdviser; AdviserFull; AdviserRetired; NoAdviserFree; Busy.
    """
    source = TURN if adviser_id is None else HAND
    if adviser_id is None:
        _take_turns(program_id)
    hold(program_id, member_id)
    now = _now_of(member_id, kind)
    if adviser_id is None:
        adviser_id = _next(program_id, kind, store_id, now.adviser_id if now else None)
    elif now is not None and now.adviser_id == adviser_id:
        return assignment_of(now)
    if now is not None and now.adviser_id == adviser_id:
        return assignment_of(now)
    rows = _locked(program_id, [adviser_id, *([now.adviser_id] if now else [])])
    new = rows[adviser_id]
    if new.kind != kind:
        raise Invalid(errors=[("kind", f"this adviser is one for {new.kind!r}")])
    if not new.active:
        raise AdviserRetired
    if new.members >= new.capacity:
        raise AdviserFull(capacity=new.capacity)
    made = place(program_id=program_id, member_id=member_id, new=new, now=now, source=source, actor=actor)
    staff.record(
        actor=actor,
        action="care.assign",
        object=ids.encode("mem", member_id),
        program_id=program_id,
        facts={"adviser": new.user_id, "kind": kind, "source": source},
    )
    return made


def _take_turns(program_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s::int, %s::int)", [_LOCK, program_id])


def _next(program_id: int, kind: str, store_id: int | None, but: UUID | None) -> UUID:
    rows = AdviserRow.objects.filter(program_id=program_id, kind=kind, active=True, members__lt=F("capacity"))
    if store_id is not None:
        rows = rows.filter(store_id__in=programs.subtree(program_id=program_id, store_id=store_id))
    if but is not None:
        rows = rows.exclude(pk=but)
    found = rows.order_by(F("given_at").asc(nulls_first=True), "id").values_list("id", flat=True).first()
    if found is None:
        raise NoAdviserFree
    return UUID(str(found))


def place(
    *, program_id: int, member_id: UUID, new: AdviserRow, now: AssignmentRow | None, source: str, actor: str
) -> Assignment:
    """Write that a member goes from one adviser to another; both rows are locked. Capacity is the caller's affair."""
    at = clock.now()
    if now is not None:
        leave(now, at=at, by=actor)
    row = AssignmentRow.objects.create(
        program_id=program_id,
        member_id=member_id,
        kind=new.kind,
        adviser=new,
        since=at,
        source=source,
        actor=actor,
    )
    AdviserRow.objects.filter(pk=new.pk).update(members=F("members") + 1, given_at=at)
    announce(
        AdviserAssigned(member_id=member_id, adviser_id=new.pk, kind=new.kind, actor=actor),
        program_id=program_id,
        member_id=member_id,
    )
    return assignment_of(_with_adviser(AssignmentRow.objects.filter(pk=row.pk)).get())


def leave(row: AssignmentRow, *, at: datetime, by: str) -> None:
    """End an assignment; the adviser's row is locked, or is about to be written by this transaction alone."""
    ended = AssignmentRow.objects.filter(pk=row.pk, until=None).update(until=max(at, row.since), ended_by=by)
    AdviserRow.objects.filter(pk=row.adviser_id).update(members=F("members") - ended)


@transaction.atomic
def end(*, program_id: int, member_id: UUID, kind: str, actor: str) -> bool:
    """Take a member out of care of a kind; answers whether she was in it. Raises: UnknownMember; Busy."""
    members.hold(program_id=program_id, member_ids=[member_id])
    row = _now_of(member_id, kind)
    if row is None:
        return False
    _locked(program_id, [row.adviser_id])
    leave(row, at=clock.now(), by=actor)
    staff.record(
        actor=actor,
        action="care.end",
        object=ids.encode("mem", member_id),
        program_id=program_id,
        facts={"kind": kind},
    )
    return True


@transaction.atomic
def hand_over(
    *, program_id: int, adviser_id: UUID, actor: str, to: UUID | None = None, limit: int = 500
) -> tuple[int, int]:
    """Give an adviser's members to another, or in turn to all others of her kind, in one transaction.

    Answers how many went and how many are left (when `limit` is reached, or nobody has room).
    Raises: Invalid when she should give them to herself; UnknownAdviser; Busy.
    """
    if to == adviser_id:
        raise Invalid(errors=[("to", "must be somebody else")])
    kind = adviser(program_id=program_id, adviser_id=adviser_id).kind
    rows = AssignmentRow.objects.filter(adviser_id=adviser_id, until=None).order_by("id")
    _take_turns(program_id)
    them = list(rows.values_list("member_id", flat=True)[:limit])
    members.hold(program_id=program_id, member_ids=them)  # all at once and in order, so that nobody waits in a ring
    peers = AdviserRow.objects.filter(program_id=program_id, kind=kind)
    _locked(program_id, list(peers.values_list("id", flat=True)))
    went = 0
    for member_id in list(rows.filter(member_id__in=them).values_list("member_id", flat=True)):  # who still is hers
        try:
            assign(program_id=program_id, member_id=member_id, kind=kind, actor=actor, adviser_id=to)
        except (NoAdviserFree, AdviserFull, AdviserRetired):
            break
        went += 1
    return went, rows.count()


def current(*, program_id: int, member_id: UUID) -> list[Assignment]:
    """Who looks after a member now, by kind."""
    rows = AssignmentRow.objects.filter(program_id=program_id, member_id=member_id, until=None)
    return [assignment_of(row) for row in _with_adviser(rows).order_by("kind")]


def assignments(*, program_id: int, member_id: UUID, before: int | None = None, limit: int = 50) -> list[Assignment]:
    """Who looked after a member, newest first. Args: before: the id of the last one seen."""
    rows = AssignmentRow.objects.filter(program_id=program_id, member_id=member_id)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [assignment_of(row) for row in _with_adviser(rows).order_by("-id")[:limit]]


def _rows(program_id: int) -> QuerySet[AdviserRow]:
    return AdviserRow.objects.filter(program_id=program_id).select_related("user")


def _with_adviser(rows: QuerySet[AssignmentRow]) -> QuerySet[AssignmentRow]:
    return rows.select_related("adviser__user")


def _now_of(member_id: UUID, kind: str) -> AssignmentRow | None:
    return _with_adviser(AssignmentRow.objects.filter(member_id=member_id, kind=kind, until=None)).first()


def _locked(program_id: int, wanted: list[UUID]) -> dict[UUID, AdviserRow]:
    rows = AdviserRow.objects.filter(program_id=program_id, pk__in=set(wanted)).order_by("pk")
    found = {row.pk: row for row in rows.select_for_update(no_key=True)}
    if len(found) < len(set(wanted)):
        raise UnknownAdviser
    return found


def adviser_of(row: AdviserRow) -> Adviser:
    """A row as others see it."""
    return Adviser(
        id=row.pk,
        user_id=row.user_id,
        name=row.user.name or row.user.email,
        kind=row.kind,
        store_id=row.store_id,
        capacity=row.capacity,
        members=row.members,
        active=row.active,
    )


def assignment_of(row: AssignmentRow) -> Assignment:
    """A row as others see it."""
    return Assignment(
        id=row.id,
        member_id=row.member_id,
        kind=row.kind,
        adviser=adviser_of(row.adviser),
        since=row.since,
        until=row.until,
        source=row.source,
        actor=row.actor,
        ended_by=row.ended_by,
    )


def _record(actor: str, action: str, row: AdviserRow, **facts: int) -> None:
    staff.record(
        actor=actor,
        action=action,
        object=f"staff:{row.user_id}",
        program_id=row.program_id,
        facts={"kind": row.kind, **facts},
    )

"""Levels beside what is earned: granted by a paid membership or a promotion, locked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from regulars.kernel import clock
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.value.tiers import rules
from regulars.value.tiers.models import GivenRow
from regulars.value.tiers.services.document import ladders
from regulars.value.tiers.terms import AlreadyOver, Given, LockNeedsReason, NothingGiven, UnknownLevel

_HAND = "hand"


@transaction.atomic
def grant(
    *, program_id: int, member_id: UUID, ladder: str, level: str, until: datetime | None, source: str, actor: str
) -> Given:
    """Give a level beside what is earned: she stands on the higher of both. A source replaces its own.

    Args: until: exclusive; None until `revoke`. It ends at the first midnight of the program after it. source: who
    gives it, one level at a time (`subscription/…`, `promotion/…/ord_…`).
    Raises: UnknownLevel, AlreadyOver.
    """
    _check(program_id, ladder, level, until)
    row = _give("grant", program_id, member_id, ladder, level, until, source, "", actor)
    _review(program_id, member_id, "grant")
    return _given(row)


@transaction.atomic
def grant_as_reached(*, program_id: int, member_id: UUID, ladder: str, level: str, source: str, actor: str) -> Given:
    """Give a level for as long as one that is reached today would last.

    Args: ladder: empty: the one that has the level.
    Raises: UnknownLevel.
    """
    found = next((x for x in ladders(program_id=program_id) if level in [v.key for v in x.levels]), None)
    if found is None or (ladder and found.key != ladder):
        raise UnknownLevel
    zone = programs.by_id(program_id=program_id).zone
    joined = members.fact(program_id=program_id, member_id=member_id).joined_at
    end = rules.ends(found, clock.local_day(clock.now(), zone), clock.local_day(joined, zone))
    return grant(
        program_id=program_id, member_id=member_id, ladder=found.key, level=level,
        until=clock.day_starts(end, zone) if end else None, source=source, actor=actor,
    )  # fmt: skip


@transaction.atomic
def revoke(*, program_id: int, member_id: UUID, ladder: str, source: str, actor: str) -> Given:
    """End what a source gave; she stands on what she earned, or was given otherwise.

    Raises: NothingGiven.
    """
    row = _end("grant", program_id, member_id, ladder, source, actor)
    _review(program_id, member_id, "revoke")
    return _given(row)


@transaction.atomic
def take_back(*, program_id: int, member_id: UUID, source: str, actor: str) -> tuple[Given, ...]:
    """End what a source gave because the purchase behind it has come back; nothing given is nothing to take.

    She stands on what she earned, or was given otherwise; what the level had brought goes back as after any return.
    """
    _one_at_a_time(member_id)
    live = GivenRow.objects.filter(program_id=program_id, member_id=member_id, kind="grant", source=source)
    rows = list(live.filter(ended_at=None).order_by("id"))
    for row in rows:
        row.ended_at, row.ended_by = clock.now(), actor
        row.save(update_fields=["ended_at", "ended_by"])
    if rows:
        _review(program_id, member_id, "return")
    return tuple([_given(row) for row in rows])


@transaction.atomic
def lock(
    *, program_id: int, member_id: UUID, ladder: str, level: str, until: datetime | None, reason: str, actor: str
) -> Given:
    """Hold a member on a level whatever she earns, up or down, until an instant or until `unlock`.

    Raises: UnknownLevel, AlreadyOver, LockNeedsReason.
    """
    if not reason.strip():
        raise LockNeedsReason
    _check(program_id, ladder, level, until)
    row = _give("lock", program_id, member_id, ladder, level, until, _HAND, reason.strip(), actor)
    _review(program_id, member_id, "lock")
    return _given(row)


@transaction.atomic
def unlock(*, program_id: int, member_id: UUID, ladder: str, actor: str) -> Given:
    """End a lock; she stands where her own history has led meanwhile.

    Raises: NothingGiven.
    """
    row = _end("lock", program_id, member_id, ladder, _HAND, actor)
    _review(program_id, member_id, "unlock")
    return _given(row)


def given(*, program_id: int, member_id: UUID, is_live: bool = True) -> list[Given]:
    """What a member was given or is locked on, newest first; `is_live`: only what has neither ended nor run out."""
    rows = GivenRow.objects.filter(program_id=program_id, member_id=member_id).order_by("-id")
    if is_live:
        now = clock.now()
        return [_given(r) for r in rows.filter(ended_at=None) if r.until is None or r.until > now]
    return [_given(r) for r in rows[:200]]


def carry(*, program_id: int, from_member: UUID, into_member: UUID) -> None:
    """Hand over what a merged member was given. Of two by one source the longer one stands."""
    hers = {(r.ladder, r.kind, _of(r)): r for r in _live(program_id, into_member)}
    for row in _live(program_id, from_member):
        other = hers.get((row.ladder, row.kind, _of(row)))
        if other is not None:
            longer, shorter = (row, other) if _lasts(row, other) else (other, row)
            shorter.ended_at, shorter.ended_by = clock.now(), "system:merge"
            shorter.save(update_fields=["ended_at", "ended_by"])
            if longer is other:
                continue
        row.member_id = into_member
        row.save(update_fields=["member_id"])


def give_back(*, program_id: int, members: Sequence[UUID]) -> None:
    """Undo `carry` between these members: each has again what was given to her, unless it has ended."""
    rows = GivenRow.objects.select_for_update().filter(program_id=program_id, given_to__in=members)
    for row in rows.order_by("id"):
        if row.member_id in members and row.member_id != row.given_to and row.ended_at is None:
            row.member_id = row.given_to
            row.save(update_fields=["member_id"])
    for row in rows.filter(ended_by="system:merge").order_by("id"):
        taken = GivenRow.objects.filter(
            member_id=row.given_to, ladder=row.ladder, kind=row.kind, source=row.source, ended_at=None
        )
        if not taken.exists():
            row.member_id, row.ended_at, row.ended_by = row.given_to, None, None
            row.save(update_fields=["member_id", "ended_at", "ended_by"])


def _of(row: GivenRow) -> str:
    return row.source if row.kind == "grant" else ""


def _lasts(row: GivenRow, other: GivenRow) -> bool:
    return other.until is not None and (row.until is None or row.until > other.until)


def _live(program_id: int, member_id: UUID) -> list[GivenRow]:
    rows = GivenRow.objects.select_for_update().filter(program_id=program_id, member_id=member_id, ended_at=None)
    return list(rows.order_by("id"))


def _check(program_id: int, ladder: str, level: str, until: datetime | None) -> None:
    found = next((x for x in ladders(program_id=program_id) if x.key == ladder), None)
    if found is None or level not in [v.key for v in found.levels]:
        raise UnknownLevel
    if until is not None and until <= clock.now():
        raise AlreadyOver


def _give(
    kind: str, program_id: int, member_id: UUID, ladder: str, level: str, until: datetime | None, source: str,
    reason: str, actor: str,
) -> GivenRow:  # fmt: skip
    now = clock.now()
    _one_at_a_time(member_id)
    live = GivenRow.objects.filter(member_id=member_id, ladder=ladder, kind=kind, source=source, ended_at=None)
    same = live.filter(level=level, until=until, reason=reason).first()
    if same is not None:  # told again
        return same
    live.update(ended_at=now, ended_by=actor)
    return GivenRow.objects.create(
        program_id=program_id,
        member_id=member_id,
        given_to=member_id,
        ladder=ladder,
        level=level,
        kind=kind,
        source=source,
        until=until,
        reason=reason,
        given_by=actor,
        given_at=now,
    )


def _end(kind: str, program_id: int, member_id: UUID, ladder: str, source: str, actor: str) -> GivenRow:
    _one_at_a_time(member_id)
    row = GivenRow.objects.filter(
        program_id=program_id, member_id=member_id, ladder=ladder, kind=kind, source=source, ended_at=None
    ).first()
    if row is None:
        raise NothingGiven
    row.ended_at, row.ended_by = clock.now(), actor
    row.save(update_fields=["ended_at", "ended_by"])
    return row


def _one_at_a_time(member_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('tiers_given' || %s, 0))", [str(member_id)])


def _review(program_id: int, member_id: UUID, cause: str) -> None:
    version = programs.by_id(program_id=program_id).current_version
    with connection.cursor() as cursor:
        cursor.execute(
            "select seen from tiers_review(%s::int, %s::int, %s::uuid[], %s::text, %s::timestamptz, true)",
            [program_id, version, [member_id], cause, clock.now()],
        )


def _given(row: GivenRow) -> Given:
    return Given(
        id=row.pk,
        ladder=row.ladder,
        level=row.level,
        is_lock=row.kind == "lock",
        source=row.source,
        until=row.until,
        reason=row.reason,
        given_by=row.given_by,
        given_at=row.given_at,
        ended_by=row.ended_by,
        ended_at=row.ended_at,
    )

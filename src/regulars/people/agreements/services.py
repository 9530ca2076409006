"""The verbs of agreements: tell a change, let it take effect, keep each yes, say whose old terms still hold."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid
from regulars.kernel.outbox import announce
from regulars.people.agreements.models import AcknowledgementRow, TellingRow
from regulars.people.agreements.terms import (
    PREFIX,
    Acknowledgement,
    ChangeAcknowledged,
    ChangeTold,
    Discrepancy,
    Telling,
    TellingOver,
    TellingWithdrawn,
    UnknownTelling,
)
from regulars.people.members import services as members
from regulars.people.members.terms import MemberFacts, UnknownMember
from regulars.people.programs import services as programs

MOST = 1_000
_LONGEST_SOURCE, _LONGEST_NOTE = 60, 2_000
_AHEAD = timedelta(minutes=5)
_MOST_KEPT, _SECONDS = 1_000, 300
_running: dict[tuple[int, int], tuple[int, tuple[_Keeping, ...]]] = {}


class _Keeping(NamedTuple):
    """Old terms that are kept: since when for whom, until when."""

    applied_at: datetime
    keep_until: datetime
    before_version: int


@transaction.atomic
def tell(
    *, program_id: int, changes: Sequence[Mapping[str, Any]], applies_at: datetime, actor: str, note: str = ""
) -> Telling:
    """Members are told from now on that this will change: apps show it, messages may follow the news of it.

    Raises: Invalid when it would apply before it is told.
    """
    now = clock.now()
    if applies_at < now:
        raise Invalid(errors=[("applies_at", "must be after members are told")])
    row = TellingRow.objects.create(
        id=ids.new_id(),
        program_id=program_id,
        changes=[dict(c) for c in changes],
        note=note[:_LONGEST_NOTE],
        told_at=now,
        applies_at=applies_at,
        actor=actor,
    )
    announce(ChangeTold(telling_id=row.id, applies_at=applies_at), program_id=program_id)
    return _telling(row)


@transaction.atomic
def withdraw(*, program_id: int, telling_id: UUID) -> Telling:
    """What was told will not come. Withdrawing again changes nothing.

    Raises: UnknownTelling; TellingOver when it has taken effect.
    """
    row = _locked(program_id, telling_id)
    if row.version is not None:
        raise TellingOver("It has taken effect already.")
    if row.withdrawn_at is None:
        row.withdrawn_at = clock.now()
        row.save(update_fields=["withdrawn_at"])
        announce(TellingWithdrawn(telling_id=row.id), program_id=program_id)
    return _telling(row)


@transaction.atomic
def take_effect(
    *,
    program_id: int,
    telling_id: UUID | None,
    version: int,
    before_version: int,
    changes: Sequence[Mapping[str, Any]],
    most_days: int,
    actor: str,
) -> Telling:
    """A change applies now, as a version; publishing calls this in its own transaction.

    Args: telling_id: None when nobody was told before. most_days: how long the old terms are kept for who has not
    confirmed; 0: not at all.
    Raises: UnknownTelling; TellingOver.
    """
    now = clock.now()
    if telling_id is None:
        row = TellingRow(
            id=ids.new_id(), program_id=program_id, changes=list(changes), told_at=now, applies_at=now, actor=actor
        )
    else:
        row = _locked(program_id, telling_id)
        if row.version is not None or row.withdrawn_at is not None:
            raise TellingOver
    row.version, row.before_version, row.applied_at = version, before_version, now
    row.keep_until = now + timedelta(days=most_days) if most_days else None
    row.save()
    return _telling(row)


@transaction.atomic
def acknowledge(
    *,
    program_id: int,
    member_id: UUID,
    source: str,
    actor: str,
    telling_id: UUID | None = None,
    version: int | None = None,
    at: datetime | None = None,
) -> Acknowledgement:
    """Keep a member's yes to what she was told, or to the terms of a version. The same yes again keeps the first.

    Args: source: where she said it (`app`, `till`, `letter`). at: when, if it was before now.
    Raises: Invalid; UnknownTelling; TellingOver for one that was withdrawn; UnknownMember.
    """
    now = clock.now()
    when = at or now
    faults = []
    if (telling_id is None) == (version is None):
        faults.append(("version", "say either the telling or the version"))
    if not source.strip() or len(source) > _LONGEST_SOURCE:
        faults.append(("source", f"must be 1 to {_LONGEST_SOURCE} characters"))
    if when > now + _AHEAD:
        faults.append(("at", "must not lie ahead"))
    if faults:
        raise Invalid(errors=faults)
    _member(program_id, member_id)
    if version is not None and version > programs.by_id(program_id=program_id).current_version:
        raise Invalid(errors=[("version", "is not a version of this program")])
    if telling_id is not None and _row(program_id, telling_id).withdrawn_at is not None:
        raise TellingOver("It was withdrawn; there is nothing to confirm.")
    row, is_new = AcknowledgementRow.objects.get_or_create(
        member_id=member_id,
        telling_id=telling_id,
        version=version,
        defaults={
            "program_id": program_id,
            "source": source,
            "actor": actor,
            "at": min(when, now),
            "recorded_at": now,
        },
    )
    if is_new:
        announce(
            ChangeAcknowledged(member_id=member_id, telling_id=telling_id, version=version),
            program_id=program_id,
            member_id=member_id,
        )
    return _acknowledgement(row)


def telling(*, program_id: int, telling_id: UUID) -> Telling:
    """One telling.

    Raises: UnknownTelling.
    """
    return _telling(_row(program_id, telling_id))


def tellings(
    *, program_id: int, before: UUID | None = None, limit: int = 50, open_only: bool = False
) -> list[Telling]:
    """What members were told, latest first. Args: open_only: what is still to come, or whose old terms are kept."""
    rows = TellingRow.objects.filter(program_id=program_id)
    if before is not None:
        rows = rows.filter(id__lt=before)
    if open_only:
        now = clock.now()
        rows = rows.filter(withdrawn_at=None, version=None) | rows.filter(keep_until__gt=now)
    return [_telling(row) for row in rows.order_by("-id")[: max(1, min(MOST, limit))]]


def counted(*, program_id: int, telling_ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many members said yes to each telling."""
    found = dict.fromkeys(telling_ids, 0)
    rows = AcknowledgementRow.objects.filter(program_id=program_id, telling_id__in=list(found))
    for telling_id in rows.values_list("telling_id", flat=True).iterator():
        found[telling_id] += 1
    return found


def waiting_for(*, program_id: int, member_id: UUID) -> list[Telling]:
    """What a member was told and has not confirmed: still to come, or in effect while her old terms are kept.

    Raises: UnknownMember.
    """
    joined = _member(program_id, member_id).joined_at
    yes = acknowledgements(program_id=program_id, member_id=member_id)
    said, highest = {a.telling_id for a in yes}, max((a.version or 0 for a in yes), default=0)
    return [
        t
        for t in tellings(program_id=program_id, limit=MOST, open_only=True)
        if t.telling_id not in said
        and (t.version or highest + 1) > highest
        and (t.applied_at is None or joined < t.applied_at)
    ]


def acknowledgements(*, program_id: int, member_id: UUID) -> list[Acknowledgement]:
    """Everything that a member said yes to, latest first; of ids that were merged into her too."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select member_id from members_facts where program_id = %s and person_id = %s", [program_id, member_id]
        )
        persons = [row[0] for row in cursor.fetchall()] or [member_id]
    rows = AcknowledgementRow.objects.filter(program_id=program_id, member_id__in=persons)
    return [_acknowledgement(row) for row in rows.order_by("-at", "-id")[:MOST]]


def version_for(*, program_id: int, version: int, member_id: UUID | None, joined_at: datetime | None) -> int:
    """The version whose terms decide for a member: the one in force, or an older one whose terms are kept for her.

    Nothing is asked of the database while no keeping period runs: which ones run follows from the version in force,
    and is remembered with it.

    Args: version: the one in force, as the caller's own reading says.
    """
    keepings = _keepings(program_id, version)
    if not keepings or member_id is None or joined_at is None:
        return version
    now = clock.now()
    if not any(k.keep_until > now and joined_at < k.applied_at for k in keepings):
        return version
    with connection.cursor() as cursor:
        cursor.execute("select version from agreements_kept(%s::int, %s::uuid[], %s)", [program_id, [member_id], now])
        row = cursor.fetchone()
    return row[0] if row is not None else version


def kept_for(*, program_id: int, member_id: UUID) -> int | None:
    """The version before whose terms are kept for a member now; None when the ones in force hold.

    As `version_for`, nothing of hers is asked while no keeping period runs. Raises: NoProgram.
    """
    current = programs.by_id(program_id=program_id).current_version
    if not _keepings(program_id, current):
        return None
    return versions_for(program_id=program_id, member_ids=[member_id]).get(member_id)


def are_kept(*, program_id: int) -> bool:
    """Whether old terms are kept for anybody in a program now. Raises: NoProgram."""
    return bool(versions_kept(program_id=program_id))


def versions_kept(*, program_id: int) -> tuple[int, ...]:
    """The older versions whose terms are kept for somebody in a program now, latest first. Raises: NoProgram."""
    now = clock.now()
    current = programs.by_id(program_id=program_id).current_version
    found = {k.before_version for k in _keepings(program_id, current) if k.keep_until > now}
    return tuple(sorted(found, reverse=True))


def version_of(*, program_id: int, member_id: UUID) -> int:
    """The number of the version whose terms hold for a member now.

    Raises: NoProgram.
    """
    kept = kept_for(program_id=program_id, member_id=member_id)
    return kept or programs.by_id(program_id=program_id).current_version


def versions_for(*, program_id: int, member_ids: Iterable[UUID]) -> dict[UUID, int]:
    """The members for whom an older version's terms are kept, with that version; nothing for all others."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select member_id, version from agreements_kept(%s::int, %s::uuid[], %s)",
            [program_id, list(member_ids), clock.now()],
        )
        return dict(cursor.fetchall())


def forget() -> None:
    """Drop what this process remembers; for tests, whose databases are emptied and numbered anew."""
    _running.clear()


def _keepings(program_id: int, version: int) -> tuple[_Keeping, ...]:
    kept = _running.get((program_id, version))
    tick = time.monotonic_ns()
    if kept is not None and tick - kept[0] < _SECONDS * 1_000_000_000:
        return kept[1]
    rows = TellingRow.objects.filter(program_id=program_id, version__lte=version, keep_until__gt=clock.now())
    told = rows.values_list("applied_at", "keep_until", "before_version")
    found = tuple(_Keeping(at, until, before) for at, until, before in told if at and until and before)
    if not connection.in_atomic_block:  # a version in the making may still be rolled back
        if len(_running) >= _MOST_KEPT:
            _running.clear()
        _running[program_id, version] = (tick, found)
    return found


def dossier(*, program_id: int, member_id: UUID) -> list[dict[str, Any]]:
    """Everything a member said yes to, as JSON values, for herself."""
    return [
        {
            "telling": ids.encode(PREFIX, a.telling_id) if a.telling_id else None,
            "version": a.version,
            "source": a.source,
            "at": a.at.isoformat(),
        }
        for a in acknowledgements(program_id=program_id, member_id=member_id)
    ]


def discrepancies(program_id: int | None = None) -> list[Discrepancy]:
    """What breaks a promise of README.md. Should be none."""
    with connection.cursor() as cursor:
        cursor.execute("select * from agreements_discrepancies(%s::int, %s::int)", [program_id, MOST])
        return [Discrepancy(promise=p, what=w, expected=e, found=f) for p, w, e, f in cursor.fetchall()]


def _member(program_id: int, member_id: UUID) -> MemberFacts:
    found = members.facts(program_id=program_id, member_ids=[member_id]).get(member_id)
    if found is None:
        raise UnknownMember
    return found


def _row(program_id: int, telling_id: UUID) -> TellingRow:
    row = TellingRow.objects.filter(program_id=program_id, id=telling_id).first()
    if row is None:
        raise UnknownTelling
    return row


def _locked(program_id: int, telling_id: UUID) -> TellingRow:
    row = TellingRow.objects.select_for_update().filter(program_id=program_id, id=telling_id).first()
    if row is None:
        raise UnknownTelling
    return row


def _telling(row: TellingRow) -> Telling:
    return Telling(
        telling_id=row.id,
        program_id=row.program_id,
        changes=tuple(row.changes),
        note=row.note,
        told_at=row.told_at,
        applies_at=row.applies_at,
        actor=row.actor,
        version=row.version,
        before_version=row.before_version,
        applied_at=row.applied_at,
        keep_until=row.keep_until,
        withdrawn_at=row.withdrawn_at,
    )


def _acknowledgement(row: AcknowledgementRow) -> Acknowledgement:
    return Acknowledgement(
        member_id=row.member_id,
        telling_id=row.telling_id,
        version=row.version,
        source=row.source,
        actor=row.actor,
        at=row.at,
    )

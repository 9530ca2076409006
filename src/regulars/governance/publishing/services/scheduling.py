"""Documents that apply later: told to members, applied by the clock, refused if the base has changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction

from regulars.governance.publishing import rules
from regulars.governance.publishing.models import ScheduleRow
from regulars.governance.publishing.rules import merging
from regulars.governance.publishing.services import applying, numbered, wholes
from regulars.governance.publishing.services.applying import Told
from regulars.governance.publishing.services.wholes import Document
from regulars.governance.publishing.terms import (
    BaseChanged,
    NeedsApproval,
    NothingToDo,
    NoticeNeeded,
    Schedule,
    ScheduleEnded,
    ScheduleRefused,
    ScheduleState,
    UnknownSchedule,
    Version,
    VersionConflict,
)
from regulars.kernel import clock, ids
from regulars.kernel.errors import Busy, Invalid, Refusal
from regulars.kernel.outbox import announce
from regulars.people.agreements import services as agreements
from regulars.people.programs import services as programs

MOST_LISTED = 200
_MOST_FAULTS = 20

log = structlog.get_logger(__name__)


@transaction.atomic
def schedule(
    *,
    program_id: int,
    document: Document,
    at: datetime,
    actor: str,
    note: str = "",
    expected_version: int | None = None,
    may_harm: bool = True,
) -> Schedule:
    """Let a document apply at an instant. What takes something from members is told to them from now on.

    Args: may_harm: False for who may not take anything from members alone.
    Raises: Invalid with every fault, or when `at` is not ahead; NothingToDo; NoticeNeeded when `at` is too early;
    VersionConflict; NeedsApproval; NoProgram.
    """
    applying.hold(program_id=program_id)
    now = clock.now()
    if at <= now:
        raise Invalid(errors=[("at", "must lie ahead")])
    base = programs.by_id(program_id=program_id).current_version
    if expected_version is not None and expected_version != base:
        raise VersionConflict(f"Version {base} is in force, not {expected_version}.", current_version=base)
    plan = applying.plan(document=document, program_id=program_id)
    if plan.refused:
        raise Invalid(errors=[(r.path, r.message) for r in plan.refused])
    if not plan.changes:
        raise NothingToDo("The program says so already.")
    harm = [c for c in plan.changes if c.needs_notice]
    if harm and not may_harm:
        raise NeedsApproval
    if plan.notice is not None and at < plan.notice.earliest_at:
        raise NoticeNeeded(
            f"Members must be told {plan.notice.days} days before.",
            notice_days=plan.notice.days,
            earliest_at=plan.notice.earliest_at.isoformat(),
            changes=[f"{c.section}.{c.key}" for c in harm][:_MOST_FAULTS],
        )
    telling = None
    if harm:
        telling = agreements.tell(
            program_id=program_id, changes=applying.summary(plan.changes), applies_at=at, actor=actor, note=note
        )
    wanted = wholes.filled(wholes.read(document), wholes.described(program_id))
    row = ScheduleRow.objects.create(
        id=ids.new_id(),
        program_id=program_id,
        base_version=base,
        document=rules.plain(wanted.noted),
        at=at,
        state=ScheduleState.WAITING,
        telling_id=telling.telling_id if telling else None,
        note=note[:2_000],
        actor=actor,
        created_at=now,
    )
    return _told(row)


def withdraw(*, program_id: int, schedule_id: UUID, actor: str) -> Schedule:
    """A scheduled document will not apply; members are told so.

    Raises: UnknownSchedule; ScheduleEnded.
    """
    with transaction.atomic():
        row = _locked(program_id, schedule_id)
        if row.telling_id is not None:
            agreements.withdraw(program_id=program_id, telling_id=row.telling_id)
        row.state, row.ended_at, row.ended_by = ScheduleState.WITHDRAWN, clock.now(), actor
        row.save()
        return _told(row)


def find(*, program_id: int, schedule_id: UUID) -> Schedule:
    """One scheduled document.

    Raises: UnknownSchedule.
    """
    row = ScheduleRow.objects.filter(program_id=program_id, id=schedule_id).first()
    if row is None:
        raise UnknownSchedule
    return _told(row)


def schedules(
    *, program_id: int, state: ScheduleState | None = None, before: UUID | None = None, limit: int = 50
) -> list[Schedule]:
    """Scheduled documents, made last first. Args: before: the last one of the page before."""
    rows = ScheduleRow.objects.filter(program_id=program_id)
    if state is not None:
        rows = rows.filter(state=state)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [_told(row) for row in rows.order_by("-id")[: max(1, min(MOST_LISTED, limit))]]


def apply_due() -> int:
    """Apply what is due, of every program, oldest first; returns how many were looked at.

    What cannot apply is refused with its reason, once, and members are told that it will not come. What somebody
    else's lock is in the way of, or an accident, is tried again the next time, and keeps no other document waiting.
    """
    due = ScheduleRow.objects.filter(state=ScheduleState.WAITING, at__lte=clock.now()).order_by("at", "id")
    seen = 0
    for schedule_id, program_id in list(due.values_list("id", "program_id")[:MOST_LISTED]):
        try:
            with transaction.atomic():
                seen += _apply_one(program_id, schedule_id)
        except Busy:
            log.info("a scheduled document will be tried again", schedule=str(schedule_id))
        except Refusal as no:
            log.warning("a scheduled document was refused", schedule=str(schedule_id), code=no.code)
            seen += _refuse(program_id, schedule_id, no)
        except Exception:
            log.exception("a scheduled document will be tried again", schedule=str(schedule_id))
    return seen


def _apply_one(program_id: int, schedule_id: UUID) -> int:
    rows = ScheduleRow.objects.select_for_update(skip_locked=True).filter(id=schedule_id, state=ScheduleState.WAITING)
    row = rows.first()
    if row is None:  # another worker has it
        return 0
    applying.hold(program_id=program_id)
    document = over_now(program_id=program_id, base_version=row.base_version, document=row.document)
    told = None
    if row.telling_id is not None:
        telling = agreements.telling(program_id=program_id, telling_id=row.telling_id)
        told = Told(telling_id=telling.telling_id, told_at=telling.told_at)
    done = applying.apply(
        document=document, program_id=program_id, actor=row.actor, note=row.note or "scheduled", told=told
    )
    row.state, row.version = ScheduleState.APPLIED, done.number
    row.ended_at, row.ended_by = clock.now(), "system:schedule"
    row.save()
    return 1


def _refuse(program_id: int, schedule_id: UUID, no: Refusal) -> int:
    with transaction.atomic():
        row = ScheduleRow.objects.select_for_update().filter(id=schedule_id, state=ScheduleState.WAITING).first()
        if row is None:
            return 0
        row.state, row.ended_at, row.ended_by = ScheduleState.REFUSED, clock.now(), "system:schedule"
        row.refusal = {"code": no.code, "detail": no.detail, **_faults(no)}
        row.save()
        if row.telling_id is not None:
            agreements.withdraw(program_id=program_id, telling_id=row.telling_id)
        announce(ScheduleRefused(schedule_id=schedule_id, code=no.code), program_id=program_id)
    return 1


def _faults(no: Refusal) -> dict[str, Any]:
    return {"errors": [list(e) for e in no.errors[:_MOST_FAULTS]]} if isinstance(no, Invalid) else {}


def over_now(*, program_id: int, base_version: int, document: Document) -> dict[str, Any]:
    """A document that was written over a version, put over what is so now.

    Raises: BaseChanged with the objects that somebody else changed meanwhile; UnknownVersion.
    """
    now, wanted = rules.plain(wholes.described(program_id).noted), rules.plain(wholes.read(document))
    if not base_version:
        return {**now, **wanted}
    base = numbered.version(program_id=program_id, number=base_version).document
    found, clashes = merging.merged(base=base, wanted=wanted, now=now)
    if clashes:
        raise BaseChanged(
            f"Changed since version {base_version}: {', '.join(clashes[:5])}.", changed=clashes[:_MOST_FAULTS]
        )
    return found


def roll_back(*, program_id: int, number: int, actor: str, reason: str, may_harm: bool = True) -> Version:
    """Apply the document of an earlier version as a new one, all of it; who was told and what it takes count as ever.

    Raises: UnknownVersion; NothingToDo when it says what is so now; Invalid without a reason or with faults;
    NoticeNeeded; NeedsApproval.
    """
    if not reason.strip():
        raise Invalid(errors=[("reason", "is missing")])
    document = numbered.version(program_id=program_id, number=number).document
    done = applying.apply(
        document=document,
        program_id=program_id,
        actor=actor,
        note=f"back to version {number}: {reason.strip()}",
        may_harm=may_harm,
    )
    if done.unchanged:
        raise NothingToDo(f"Version {number} says what is in force.")
    return done


def take_drift(*, program_id: int, actor: str, reason: str, may_harm: bool = True) -> Version:
    """Take what the tables say otherwise than the version in force in, as a new version.

    Args: may_harm: False for who may not take anything from members alone.
    Raises: NothingToDo; Invalid without a reason; NeedsApproval; NoticeNeeded where it takes something from members:
    then it can be put back, and scheduled as anything else.
    """
    if not reason.strip():
        raise Invalid(errors=[("reason", "is missing")])
    with transaction.atomic():
        applying.hold(program_id=program_id)
        if not numbered.drift(program_id=program_id):
            raise NothingToDo("The database says what the version in force says.")
        document = numbered.export(program_id=program_id)
        return applying.apply(
            document=document,
            program_id=program_id,
            actor=actor,
            note=f"taken in: {reason.strip()}",
            is_taking=True,
            may_harm=may_harm,
        )


def put_back(*, program_id: int, actor: str, reason: str) -> Version:
    """Make the tables say again what the version in force says, as a new version with the same document.

    Raises: NothingToDo; Invalid without a reason or with faults.
    """
    if not reason.strip():
        raise Invalid(errors=[("reason", "is missing")])
    with transaction.atomic():
        applying.hold(program_id=program_id)
        if not numbered.drift(program_id=program_id):
            raise NothingToDo("The database says what the version in force says.")
        document = numbered.current(program_id=program_id).document
        return applying.apply(
            document=document, program_id=program_id, actor=actor, note=f"put back: {reason.strip()}", is_taking=True
        )


def _locked(program_id: int, schedule_id: UUID) -> ScheduleRow:
    row = ScheduleRow.objects.select_for_update().filter(program_id=program_id, id=schedule_id).first()
    if row is None:
        raise UnknownSchedule
    if row.state != ScheduleState.WAITING:
        raise ScheduleEnded(f"The scheduled document is {row.state}.", state=row.state)
    return row


def _told(row: ScheduleRow) -> Schedule:
    return Schedule(
        schedule_id=row.id,
        program_id=row.program_id,
        base_version=row.base_version,
        document=row.document,
        at=row.at,
        state=ScheduleState(row.state),
        telling_id=row.telling_id,
        note=row.note,
        actor=row.actor,
        created_at=row.created_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        version=row.version,
        refusal=row.refusal,
    )

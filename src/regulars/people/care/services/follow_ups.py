"""Follow-ups: what is to be done for a member, by when, by whom; open, then done or dropped."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid
from regulars.people.care.models import FollowUpRow
from regulars.people.care.services.words import checked, everyone, hold, open_all, seal
from regulars.people.care.terms import FOLLOW_UP_PREFIX, AlreadyClosed, FollowUp, FollowUpState, UnknownFollowUp
from regulars.people.programs import services as programs
from regulars.people.staff import services as staff

PURPOSE, OUTCOME = "care follow-up", "care outcome"
_FIRST_YEAR, _LAST_YEAR = 2000, 2200


@transaction.atomic
def make_follow_up(
    *, program_id: int, member_id: UUID, text: str, due_on: date, actor: str, assignee: int | None = None
) -> FollowUp:
    """Note that something is to be done for a member.

    Args: due_on: the last local day. assignee: a person of the staff; None: whoever has time.
    Raises: Invalid; UnknownMember; AlreadyMerged; Forgotten; NoPerson; Busy.
    """
    told = checked(text)
    _check(program_id, due_on, assignee)
    hold(program_id, member_id)
    row = FollowUpRow.objects.create(
        id=ids.new_id(),
        program_id=program_id,
        member_id=member_id,
        body=seal(program_id, member_id, told, PURPOSE),
        due_on=due_on,
        assignee_id=assignee,
        made_by=actor,
        made_at=clock.now(),
    )
    _record(actor, "care.make_follow_up", row)
    return _told(row, told, "")


@transaction.atomic
def change_follow_up(
    *, program_id: int, follow_up_id: UUID, actor: str, due_on: date | None = None, assignee: int | None = None
) -> FollowUp:
    """Move an open follow-up to another day or another person; what is None stays.

    Raises: Invalid; UnknownFollowUp; AlreadyClosed; NoPerson.
    """
    row = _locked(program_id, follow_up_id)
    if row.state != FollowUpState.OPEN:
        raise AlreadyClosed(state=row.state)
    _check(program_id, due_on or row.due_on, assignee)
    row.due_on = due_on or row.due_on
    row.assignee_id = assignee if assignee is not None else row.assignee_id
    row.save(update_fields=["due_on", "assignee"])
    _record(actor, "care.change_follow_up", row)
    return _told(row, None, "")


@transaction.atomic
def close_follow_up(
    *, program_id: int, follow_up_id: UUID, state: FollowUpState, actor: str, outcome: str = ""
) -> FollowUp:
    """Say that a follow-up is done or dropped; said again, it stays so.

    Args: outcome: words about it, sealed as the rest; may be empty.
    Raises: Invalid; UnknownFollowUp; AlreadyClosed when it ended the other way.
    """
    if state is FollowUpState.OPEN:
        raise Invalid(errors=[("state", "must be done or dropped")])
    told = checked(outcome, field="outcome") if outcome.strip() else ""
    row = _locked(program_id, follow_up_id)
    if row.state == state:
        return _told(row, None, "")
    if row.state != FollowUpState.OPEN:
        raise AlreadyClosed(state=row.state)
    row.state, row.closed_at, row.closed_by = state.value, clock.now(), actor
    row.outcome = seal(program_id, row.member_id, told, OUTCOME) if told else None
    row.save(update_fields=["state", "closed_at", "closed_by", "outcome"])
    _record(actor, "care.close_follow_up", row)
    return _told(row, None, told)


def follow_up(*, program_id: int, follow_up_id: UUID) -> FollowUp:
    """A follow-up by id, masked. Raises: UnknownFollowUp."""
    row = FollowUpRow.objects.filter(program_id=program_id, pk=follow_up_id).first()
    if row is None:
        raise UnknownFollowUp
    return _told(row, None, "")


def follow_ups(
    *, program_id: int, member_id: UUID, reveal_to: str | None = None, open_only: bool = False, limit: int = 100
) -> list[FollowUp]:
    """What is and was to be done for a member: open ones first, by day; masked unless somebody is named.

    Args: reveal_to: the actor who reads the words, which the audit trail tells.
    """
    rows = FollowUpRow.objects.filter(program_id=program_id, member_id__in=everyone(program_id, member_id))
    found = list(rows.filter(state=FollowUpState.OPEN).order_by("due_on", "id")[:limit])
    if not open_only:
        found += list(rows.exclude(state=FollowUpState.OPEN).order_by("-closed_at", "-id")[: limit - len(found)])
    if reveal_to is None:
        return [_told(row, None, "") for row in found]
    return revealed(program_id, found, actor=reveal_to, object=ids.encode("mem", member_id))


def revealed(program_id: int, rows: Iterable[FollowUpRow], *, actor: str, object: str) -> list[FollowUp]:
    """Follow-ups with their words, and a line in the audit trail that says who read which."""
    found = list(rows)
    words = open_all(program_id, [(row.id, row.member_id, row.body) for row in found], PURPOSE)
    ends = open_all(program_id, [(row.id, row.member_id, row.outcome) for row in found], OUTCOME)
    if found:
        staff.record(
            actor=actor,
            action="care.read_follow_ups",
            object=object,
            program_id=program_id,
            facts={"follow_ups": [ids.encode(FOLLOW_UP_PREFIX, row.id) for row in found]},
        )
    return [_told(row, words.get(row.id), ends.get(row.id, "")) for row in found]


def _check(program_id: int, due_on: date, assignee: int | None) -> None:
    if not _FIRST_YEAR <= due_on.year < _LAST_YEAR:
        raise Invalid(errors=[("due_on", f"must lie in the years {_FIRST_YEAR} to {_LAST_YEAR - 1}")])
    if assignee is None:
        return
    access = staff.access(user_id=assignee)
    stores = [None, *(r.store_id for r in staff.grants(program_id=program_id, user_id=assignee))]
    if not any(access.may("care:read", program_id, store_id) for store_id in stores):
        raise Invalid(errors=[("assignee", "must be somebody of the staff who may see it")])


def _locked(program_id: int, follow_up_id: UUID) -> FollowUpRow:
    row = FollowUpRow.objects.select_for_update(no_key=True).filter(program_id=program_id, pk=follow_up_id).first()
    if row is None:
        raise UnknownFollowUp
    return row


def _told(row: FollowUpRow, text: str | None, outcome: str) -> FollowUp:
    return FollowUp(
        id=row.id,
        member_id=row.member_id,
        due_on=row.due_on,
        assignee=row.assignee_id,
        state=FollowUpState(row.state),
        text=text,
        outcome=outcome,
        made_by=row.made_by,
        made_at=row.made_at,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
    )


def _record(actor: str, action: str, row: FollowUpRow) -> None:
    staff.record(
        actor=actor,
        action=action,
        object=ids.encode("mem", row.member_id),
        program_id=row.program_id,
        facts={"follow_up": ids.encode(FOLLOW_UP_PREFIX, row.id)},
    )


def today_of(program_id: int) -> date:
    """The local day that it is in a program."""
    return clock.local_day(clock.now(), programs.by_id(program_id=program_id).zone)

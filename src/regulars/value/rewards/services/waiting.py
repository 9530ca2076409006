"""Waiting lists: first come, first offered; an offer keeps a piece for some hours, then it goes to the next."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock, ids, postgres
from regulars.people.members import services as members
from regulars.people.members.terms import MemberStatus
from regulars.people.programs import services as programs
from regulars.value.ledger.terms import MemberClosed, MemberMerged
from regulars.value.rewards.models import QUEUED, ShelfRow, WaitRow
from regulars.value.rewards.rules import judging
from regulars.value.rewards.services import document
from regulars.value.rewards.terms import (
    WAIT_PREFIX,
    NotSoldOut,
    NoWaiting,
    SessionGone,
    UnknownWait,
    Wait,
    WaitState,
)


@transaction.atomic
def join(*, program_id: int, member_id: UUID, reward: str, session: str = "", actor: str) -> Wait:
    """Put a member at the end of a waiting list; who waits already keeps her place.

    Raises: UnknownReward; NoWaiting; SessionGone; NotSoldOut; MemberClosed; MemberMerged; Busy.
    """
    found = document.reward(program_id=program_id, key=reward)
    if found.offer_hours is None:
        raise NoWaiting
    if found.sessions or session:
        one = judging.session_of(found, session)
        zone = programs.by_id(program_id=program_id).zone
        if one is None or judging.starts_at(one, zone) <= clock.now():
            raise SessionGone(sessions=[s.key for s in found.sessions])
    fact = members.hold(program_id=program_id, member_ids=[member_id])[member_id]
    if fact.merged_into is not None:
        raise MemberMerged
    if fact.status is MemberStatus.CLOSED:
        raise MemberClosed
    shelves = ShelfRow.objects.filter(program_id=program_id, reward=reward, session=session)
    shelf = shelves.select_for_update().first()  # nobody puts one back between this look and the new place
    rows = WaitRow.objects.filter(program_id=program_id, reward=reward, session=session, member_id=member_id)
    row = rows.filter(state__in=QUEUED).first()
    if row is None:
        if shelf is None or shelf.base is None or shelf.taken < shelf.base + shelf.added:
            raise NotSoldOut
        row = WaitRow.objects.create(
            id=ids.new_id(),
            program_id=program_id,
            reward=reward,
            session=session,
            member_id=member_id,
            state=WaitState.WAITING,
            joined_at=clock.now(),
        )
    return _wait(row)


@transaction.atomic
def leave(*, program_id: int, wait_id: UUID, actor: str) -> Wait:
    """Take a member off a waiting list; what was kept for her is offered to the next. Told again: no change.

    Raises: UnknownWait; Busy.
    """
    row = WaitRow.objects.select_for_update().filter(program_id=program_id, pk=wait_id).first()
    if row is None:
        raise UnknownWait(f"There is no place {ids.encode(WAIT_PREFIX, wait_id)}.")
    if row.state in QUEUED:
        was_offered = row.state == WaitState.OFFERED
        row.state, row.ended_at = WaitState.LEFT, clock.now()
        row.save(update_fields=["state", "ended_at"])
        if was_offered:
            postgres.ask(
                "select rewards_put(%s::int, %s::text, %s::text, 1, %s::timestamptz)",
                (program_id, row.reward, row.session, clock.now()),
            )
    return _wait(row)


@transaction.atomic
def follow_member(*, program_id: int, member_id: UUID) -> int:
    """What her places on waiting lists do when her status changed. Returns: how many did something.

    Who has left waits for nothing; what was kept for her is offered to the next. Who is let in again is offered what
    is free where she kept her place.
    """
    status = members.fact(program_id=program_id, member_id=member_id).status
    rows = WaitRow.objects.filter(program_id=program_id, member_id=member_id, state__in=QUEUED).order_by("id")
    found = list(rows.values_list("id", "reward", "session"))
    for wait_id, reward, session in found:
        if status is MemberStatus.CLOSED:
            leave(program_id=program_id, wait_id=wait_id, actor="system:clock")
        elif status is MemberStatus.ACTIVE:
            asked = (program_id, reward, session, clock.now())
            postgres.ask("select rewards_offer(%s::int, %s::text, %s::text, %s::timestamptz)", asked)
    return len(found) if status in (MemberStatus.CLOSED, MemberStatus.ACTIVE) else 0


def waits(*, program_id: int, reward: str, limit: int = 200) -> tuple[Wait, ...]:
    """Who waits for a reward and to whom it is offered, in order."""
    rows = WaitRow.objects.filter(program_id=program_id, reward=reward, state__in=QUEUED).order_by("id")[:limit]
    return _placed(rows)


def waits_of(*, program_id: int, member_id: UUID) -> tuple[Wait, ...]:
    """For what a member waits, and what is offered to her."""
    rows = WaitRow.objects.filter(program_id=program_id, member_id=member_id, state__in=QUEUED).order_by("id")
    return tuple([_wait(row) for row in rows])


def _placed(rows: Iterable[WaitRow]) -> tuple[Wait, ...]:
    """Places counted within the list itself."""
    counts: dict[str, int] = {}
    found = []
    for row in rows:
        if row.state == WaitState.WAITING:
            counts[row.session] = counts.get(row.session, 0) + 1
        found.append(_wait(row, counts.get(row.session, 0) if row.state == WaitState.WAITING else 0))
    return tuple(found)


def _wait(row: WaitRow, place: int | None = None) -> Wait:
    if place is None:
        place = 0
        if row.state == WaitState.WAITING:
            before = WaitRow.objects.filter(program_id=row.program_id, reward=row.reward, session=row.session)
            place = before.filter(state=WaitState.WAITING, pk__lt=row.pk).count() + 1
    return Wait(
        wait_id=row.pk,
        member_id=row.member_id,
        reward=row.reward,
        session=row.session,
        state=WaitState(row.state),
        joined_at=row.joined_at,
        offered_at=row.offered_at,
        until=row.until if row.state == WaitState.OFFERED else None,
        place=place,
    )

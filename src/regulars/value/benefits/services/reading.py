"""What a member is entitled to and how it stands, what was used, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from regulars.kernel import clock, postgres
from regulars.people.programs import services as programs
from regulars.value.benefits.models import GiftRow, UseRow
from regulars.value.benefits.rules import periods, writing
from regulars.value.benefits.services import document
from regulars.value.benefits.terms import (
    Benefit,
    Cost,
    Entitled,
    Gift,
    GiftState,
    Kind,
    UnknownUse,
    Use,
    UseState,
)

_ENTITLED = (
    "select benefit, version, via, times, period, ends_at, is_open, used, picked"
    " from benefits_entitled(%s::int, %s::uuid, %s::timestamptz, %s::text)"
)


def of(
    *, program_id: int, member_id: UUID, at: datetime | None = None, benefit: str | None = None
) -> tuple[Entitled, ...]:
    """What a member is entitled to at a moment (None: now), in the order of her document, with what is left.

    Args: benefit: only this one.
    Raises: NoProgram.
    """
    rows = postgres.ask(_ENTITLED, (program_id, member_id, at or clock.now(), benefit))
    known = {b.key: b for b in document.benefits(program_id=program_id, version=rows[0][1])} if rows else {}
    found = []
    for key, _, by, times, period, ends_at, is_open, used, picked in rows:
        left = None if times is None else max(times - used, 0)
        found.append(
            Entitled(
                benefit=known[key],
                by=by,
                used=used,
                left=left,
                period=period,
                ends_at=ends_at,
                is_open=is_open and left != 0,
                chosen=tuple(picked or ()),
            )
        )
    return tuple(found)


def plans_of(*, program_id: int, member_id: UUID, at: datetime | None = None) -> tuple[str, ...]:
    """The paid plans of a member that run at a moment (None: now)."""
    found = postgres.ask("select benefits_holds(%s::uuid, 'plan', %s::timestamptz)", (member_id, at or clock.now()))
    return tuple(found[0][0])


def next_day(*, program_id: int, benefit: Benefit) -> date | None:
    """The next member day of a benefit, today included; None for other benefits."""
    if benefit.days is None:
        return None
    zone = programs.by_id(program_id=program_id).zone
    return periods.next_member_day(benefit.days, clock.local_day(clock.now(), zone))


def gives_told(benefit: Benefit) -> list[dict[str, Any]]:
    """What a benefit gives, as the document says it."""
    return [writing.given(g) for g in benefit.gives]


def days_told(benefit: Benefit) -> dict[str, Any]:
    """Which days are member days, as the document says it."""
    return writing.days(benefit)


def uses(
    *,
    program_id: int,
    member_id: UUID | None = None,
    benefit: str | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> tuple[Use, ...]:
    """Uses of a member, of a benefit, or of all, latest first.

    Args: before: the last use of the page before.
    Raises: UnknownUse for a `before` that is none.
    """
    rows = UseRow.objects.filter(program_id=program_id)
    if member_id is not None:
        rows = rows.filter(member_id=member_id)
    if benefit is not None:
        rows = rows.filter(benefit=benefit)
    return _told(_after(rows, program_id, before).order_by("-used_at", "-id")[:limit])


def _after(rows: QuerySet[UseRow], program_id: int, before: UUID | None) -> QuerySet[UseRow]:
    if before is None:
        return rows
    last = UseRow.objects.filter(program_id=program_id, id=before).first()
    if last is None:
        raise UnknownUse
    return rows.filter(used_at=last.used_at, id__lt=last.id) | rows.filter(used_at__lt=last.used_at)


def find_use(*, program_id: int, use_id: UUID) -> Use:
    """One use.

    Raises: UnknownUse.
    """
    found = _told(UseRow.objects.filter(program_id=program_id, id=use_id))
    if not found:
        raise UnknownUse
    return found[0]


def gifts(
    *,
    program_id: int,
    member_id: UUID | None = None,
    state: GiftState | None = None,
    before: int | None = None,
    limit: int = 50,
) -> tuple[Gift, ...]:
    """Occasions of a member or of all, latest first. Args: before: the last gift of the page before."""
    rows = GiftRow.objects.filter(program_id=program_id)
    if member_id is not None:
        rows = rows.filter(member_id=member_id)
    if state is not None:
        rows = rows.filter(state=state)
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows.order_by("-id")[:limit])
    used = UseRow.objects.filter(gift_id__in=[g.id for g in found]).order_by("used_at", "id")
    brought: dict[int, list[str]] = {}
    for gift_id, key in used.values_list("gift_id", "benefit"):
        brought.setdefault(gift_id, []).append(key)
    return tuple([gift_of(g, brought.get(g.id, ())) for g in found])


def costs(*, program_id: int, since: datetime | None = None, until: datetime | None = None) -> tuple[Cost, ...]:
    """What benefits cost and how often they were used, by benefit and the level of who used them.

    Args: since (inclusive), until (exclusive): when they were used; None: from the beginning, to the end.
    """
    rows = postgres.ask(
        "select u.benefit, u.level, coalesce(sum(u.times) filter (where u.state = 'used'), 0)::bigint,"
        " count(distinct u.member_id) filter (where u.state = 'used'),"
        " coalesce(sum(u.cost_minor) filter (where u.state = 'used'), 0)::bigint,"
        " coalesce(sum(u.times) filter (where u.state = 'undone'), 0)::bigint"
        " from benefits_use u where u.program_id = %s::int"
        " and (%s::timestamptz is null or u.used_at >= %s::timestamptz)"
        " and (%s::timestamptz is null or u.used_at < %s::timestamptz) group by 1, 2 order by 1, 2",
        (program_id, since, since, until, until),
    )
    return tuple(
        [
            Cost(benefit=benefit, level=level, uses=n, members=members, cost_minor=minor, undone=undone)
            for benefit, level, n, members, minor, undone in rows
        ]
    )


def _told(rows: QuerySet[UseRow]) -> tuple[Use, ...]:
    return tuple([use_of(row) for row in rows.select_related("gift")])


def use_of(row: UseRow, *, is_new: bool = False) -> Use:
    """A row as its term."""
    return Use(
        use_id=row.id,
        member_id=row.member_id,
        benefit=row.benefit,
        version=row.version,
        key=row.key,
        period=row.period,
        times=row.times,
        state=UseState(row.state),
        by=row.via,
        level=row.level,
        cost_minor=row.cost_minor,
        funder=row.funder,
        ref=row.ref,
        store=row.store,
        used_at=row.used_at,
        actor=row.actor,
        occasion=row.gift.occasion if row.gift is not None else "",
        given=tuple(row.given),
        undone_at=row.undone_at,
        undone_by=row.undone_by,
        reason=row.reason,
        returned=tuple(row.returned),
        is_new=is_new,
    )


def gift_of(row: GiftRow, brought: Sequence[str]) -> Gift:
    """A row as its term."""
    return Gift(
        gift_id=row.id,
        member_id=row.member_id,
        occasion=row.occasion,
        kind=Kind(row.kind),
        state=GiftState(row.state),
        on_day=row.on_day,
        due_on=row.due_on,
        round=row.round,
        given_at=row.given_at,
        why=row.why,
        benefits=tuple(dict.fromkeys(brought)),
    )

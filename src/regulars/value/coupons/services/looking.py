"""Reading coupons: a member's wallet, a coupon by its code with its story, and guesses, which are slowed down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from regulars.kernel import clock, ids, postgres
from regulars.kernel.errors import Invalid
from regulars.kernel.outbox import announce
from regulars.kernel.ratelimit import Limit, TooManyRequests, limiter
from regulars.people.programs import services as programs
from regulars.value.coupons.models import BatchRow, CouponRow, EventRow, MissRow
from regulars.value.coupons.rules import codes as spelling
from regulars.value.coupons.services import document
from regulars.value.coupons.terms import PREFIX, Chapter, CodesMissed, Coupon, State, UnknownCode

MISSES = Limit(per_minute=10, burst=20, name="unknown codes")
KEPT_DAYS = 90
_LOUD = (100, 1_000, 10_000)


class Page(NamedTuple):
    """Some coupons, and where the next page begins (None: this was the last)."""

    items: tuple[Coupon, ...]
    cursor: str | None


def by_ids(*, program_id: int, coupon_ids: Sequence[UUID]) -> tuple[Coupon, ...]:
    """These coupons, in the order asked; unknown ids are left out."""
    rows = {r.id: r for r in rows_of(program_id=program_id, coupon_ids=coupon_ids)}
    now = clock.now()
    return tuple([coupon(rows[i], now) for i in coupon_ids if i in rows])


def rows_of(*, program_id: int, coupon_ids: Sequence[UUID] = (), codes: Sequence[str] = ()) -> list[CouponRow]:
    """Coupons by id or by canonical code; one that lies untouched on a sheet is answered as its row would be."""
    known = CouponRow.objects.filter(Q(pk__in=coupon_ids) | Q(code__in=codes), program_id=program_id)
    rows = list(known)
    if len(rows) < len(coupon_ids) + len(codes):
        asked = (program_id, list(coupon_ids), list(codes))
        rows += CouponRow.objects.raw("select * from coupons_untouched(%s::int, %s::uuid[], %s::text[])", asked)
    return rows


def row_of(*, program_id: int, coupon_id: UUID | None = None, code: str | None = None) -> CouponRow:
    """One coupon, as `rows_of`.

    Raises: UnknownCode.
    """
    rows = rows_of(
        program_id=program_id,
        coupon_ids=[coupon_id] if coupon_id is not None else [],
        codes=[code] if code is not None else [],
    )
    if not rows:
        raise UnknownCode
    return rows[0]


def coupon(row: CouponRow, now: datetime) -> Coupon:
    """A row as it stands at an instant: reservations end and coupons expire by themselves."""
    state = State(row.state)
    if state is State.RESERVED and row.until is not None and row.until <= now:
        state = State.OPEN
    if state is State.OPEN and row.ends_at is not None and row.ends_at <= now:
        state = State.EXPIRED
    found = document.template_or_none(program_id=row.program_id, key=row.template, version=row.version)
    return Coupon(
        coupon_id=row.id,
        code=row.shown or row.code,
        template=row.template,
        names=found.names if found else {},
        version=row.version,
        state=state,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        issued_at=row.issued_at,
        member_id=row.member_id,
        offered_to=row.offered_to,
        owner=row.owner,
        batch_id=row.batch_id,
        is_shared=row.is_shared,
        most=row.most,
        used=row.used,
    )


def held(*, program_id: int, member_id: UUID, template: str) -> int:
    """How many usable ones of a template a member holds."""
    now = clock.now()
    rows = CouponRow.objects.filter(program_id=program_id, member_id=member_id, template=template)
    return rows.filter(Q(ends_at=None) | Q(ends_at__gt=now), state__in=(State.OPEN, State.RESERVED)).count()


def wallet(*, program_id: int, member_id: UUID, cursor: str | None = None, limit: int = 50) -> Page:
    """A member's coupons with their states, newest first, and those that are offered to her.

    Raises: Invalid for a cursor of another list.
    """
    rows = CouponRow.objects.filter(Q(member_id=member_id) | Q(offered_to=member_id), program_id=program_id)
    if cursor is not None:
        rows = rows.filter(pk__lt=_after(cursor))
    found = list(rows.order_by("-pk")[: limit + 1])
    now = clock.now()
    more = ids.encode(PREFIX, found[limit - 1].id) if len(found) > limit else None
    return Page(tuple([coupon(r, now) for r in found[:limit]]), more)


def _after(cursor: str) -> UUID:
    try:
        return ids.decode(PREFIX, cursor)
    except Exception:
        raise Invalid(errors=[("cursor", "is not one of this list")]) from None


def look_up(*, program_id: int, code: str, who: Sequence[str]) -> Coupon:
    """A coupon by its code, for whoever may see any. A miss counts against everybody in `who`.

    Args: who: the actor and what else tells callers apart (a hashed address, a member), none of it personal.
    Raises: UnknownCode, the same for a malformed one, an unknown one and another program's; TooManyRequests.
    """
    must_not_guess(program_id=program_id, who=who)
    rows = rows_of(program_id=program_id, codes=[spelling.canonical(code)])
    if not rows:
        count_miss(program_id=program_id, who=who)
        raise UnknownCode
    return coupon(rows[0], clock.now())


def must_not_guess(*, program_id: int, who: Iterable[str]) -> None:
    """Stop whoever has asked for too many codes that do not exist.

    Raises: TooManyRequests, which says how long to wait.
    """
    for one in who:
        verdict = limiter.peek(("coupon misses", program_id, one), MISSES)
        if not verdict.allowed:
            raise TooManyRequests(retry_after_seconds=verdict.retry_after_seconds)


@transaction.atomic
def count_miss(*, program_id: int, who: Iterable[str], misses: int = 1) -> None:
    """Note that somebody asked for codes that do not exist: it slows her down, and is counted by day.

    Somebody with very many of them in a day is announced (`CodesMissed`).
    """
    day = clock.local_day(clock.now(), programs.by_id(program_id=program_id).zone)
    for one in sorted(set(who)):
        limiter.take(("coupon misses", program_id, one), MISSES, weight=misses)
        (total,) = postgres.ask(
            "insert into coupons_miss as m (program_id, day, who, misses)"
            " values (%s::int, %s::date, %s::text, %s::int) on conflict (program_id, day, who)"
            " do update set misses = m.misses + excluded.misses returning misses",
            (program_id, day, one, misses),
        )[0]
        if any(total - misses < loud <= total for loud in _LOUD):
            announce(CodesMissed(who=one, day=day, misses=total), program_id=program_id)


def misses(*, program_id: int, limit: int = 20) -> list[tuple[str, str, int]]:
    """Who asked for most codes that do not exist: (day, who, how many), latest days first."""
    rows = MissRow.objects.filter(program_id=program_id).order_by("-day", "-misses")[:limit]
    return [(r.day.isoformat(), r.who, r.misses) for r in rows]


def forget_misses(*, program_id: int, at: datetime) -> int:
    """Drop what was counted 90 days before; returns how many rows went."""
    day = clock.local_day(at, programs.by_id(program_id=program_id).zone) - timedelta(days=KEPT_DAYS)
    return MissRow.objects.filter(program_id=program_id, day__lt=day).delete()[0]


def story(*, program_id: int, coupon_id: UUID) -> tuple[Chapter, ...]:
    """All that happened to a coupon, in order: from its making to now; who, when and why.

    Raises: UnknownCode.
    """
    row = row_of(program_id=program_id, coupon_id=coupon_id)
    first = []
    batch = BatchRow.objects.filter(program_id=program_id, pk=row.batch_id).first() if row.batch_id else None
    if batch is not None:
        first.append(Chapter(kind="made", at=batch.created_at, actor=batch.actor, ref=ids.encode("cpb", batch.id)))
        if batch.voided_at is not None:
            first.append(Chapter(kind="batch_voided", at=batch.voided_at, actor=batch.actor))
    events = EventRow.objects.filter(program_id=program_id, coupon_id=coupon_id).order_by("id")
    told = [
        Chapter(kind=e.kind, at=e.at, actor=e.actor, member_id=e.member_id, other_id=e.other_id, ref=e.ref)
        for e in events
    ]
    now = clock.now()
    if row.state == State.OPEN and row.ends_at is not None and row.ends_at <= now:
        told.append(Chapter(kind="expired", at=row.ends_at, actor="system:clock"))
    return (*first, *told)

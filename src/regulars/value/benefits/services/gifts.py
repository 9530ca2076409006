"""What arrives by itself: once for each occasion, however often it is looked at; taken back where that is said."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction

from regulars.kernel import clock, ids, postgres
from regulars.kernel.errors import Busy, Invalid, Refusal
from regulars.kernel.outbox import announce
from regulars.people.agreements import services as agreements
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.value.benefits.models import GiftRow, SweepRow, UseRow
from regulars.value.benefits.rules import periods
from regulars.value.benefits.services import document, giving, reading
from regulars.value.benefits.terms import (
    YEARLY,
    Benefit,
    Gift,
    GiftArrived,
    GiftReturned,
    GiftState,
    Kind,
    LeapDay,
    OnReversal,
    UnknownGift,
    UseState,
)

OLDEST = timedelta(days=31)  # a birthday missed longer ago than this is not made up for
ACTOR = "system:benefits"
_USE = (
    "select * from benefits_use(%s::int, %s::uuid, %s::text, %s::text, %s::uuid, 1, null, '', '', %s::timestamptz,"
    " %s::text, %s::bigint, %s::text)"
)
_CELEBRATING = (
    "select member_id, day, arrives, occasion from benefits_celebrating(%s::int, %s::text, %s::int, %s::int,"
    " %s::boolean, %s::timestamptz, %s::timestamptz, %s::int)"
)
_LONGEST = 200

log = structlog.get_logger(__name__)


def give_due(*, program_id: int, at: datetime, limit: int = 500) -> int:
    """Bring one batch of the birthday and anniversary gifts that are due at an instant, and of those that waited.

    A gift is due once the member's local day has begun; days that nobody looked at are made up for, up to a month.
    Returns: how many occasions were touched; 0 when nothing is left (then the next look goes on from here).
    """
    if clock.now() - at > OLDEST:
        return 0
    sweep = SweepRow.objects.filter(program_id=program_id).first()
    done = _bring_waiting(program_id, at, limit)
    for kind, before, after, leap in _groups(program_id):
        seen = (sweep.birthdays_at if kind is Kind.BIRTHDAY else sweep.anniversaries_at) if sweep else at
        asked = (program_id, kind, before, after, leap is LeapDay.MAR1, max(min(seen, at), at - OLDEST), at)
        for member_id, _, arrives, occasion in postgres.ask(_CELEBRATING, (*asked, limit - done)):
            done += _celebrate(program_id, member_id, kind, occasion, arrives, at)
        if done >= limit:
            return done
    if not done:
        _seen(program_id, at)
    return done


def _groups(program_id: int) -> list[tuple[Kind, int, int, LeapDay]]:
    """The sorts of yearly gifts there are: kind, days before, the most days after, leap day."""
    found: dict[tuple[Kind, int], tuple[int, LeapDay]] = {}
    versions = (None, *agreements.versions_kept(program_id=program_id))
    for b in [b for version in versions for b in document.benefits(program_id=program_id, version=version)]:
        if b.kind in YEARLY and b.comes_by_itself:
            after, leap = found.get((b.kind, b.before_days), (0, b.leap_day))
            found[b.kind, b.before_days] = max(after, b.after_days), leap
    return [(kind, before, after, leap) for (kind, before), (after, leap) in found.items()]


def _seen(program_id: int, at: datetime) -> None:
    postgres.ask(
        "insert into benefits_sweep as s (program_id, birthdays_at, anniversaries_at)"
        " values (%s::int, %s::timestamptz, %s::timestamptz) on conflict (program_id) do update"
        " set birthdays_at = greatest(s.birthdays_at, excluded.birthdays_at),"
        " anniversaries_at = greatest(s.anniversaries_at, excluded.anniversaries_at)",
        (program_id, at, at),
    )


def _celebrate(program_id: int, member_id: UUID, kind: Kind, occasion: str, arrives: date, at: datetime) -> int:
    """One yearly occasion: on its day, or later where the last one was less than half a year before."""
    last = (
        GiftRow.objects.filter(member_id=member_id, kind=kind)
        .exclude(state=GiftState.FAILED)
        .filter(**_same_days_before(occasion))
        .order_by("-due_on")
        .values_list("due_on", flat=True)
        .first()
    )
    due_on = periods.arrives(arrives, last)
    _bring(
        program_id, member_id, kind, occasion, on_day=arrives, due_on=due_on, at=at,
        is_due=due_on == arrives, which=_yearly(kind, _days_before(occasion)),
    )  # fmt: skip
    return 1


def _days_before(occasion: str) -> int:
    parts = occasion.split("/")
    return int(parts[2]) if len(parts) > 2 else 0


def _same_days_before(occasion: str) -> dict[str, str]:
    before = _days_before(occasion)
    return {"occasion__endswith": f"/{before}"} if before else {"occasion__regex": r"^[a-z]+/\d+$"}


def _yearly(kind: Kind, before: int) -> Callable[[Benefit], bool]:
    return lambda b: b.kind is kind and b.before_days == before


def _bring_waiting(program_id: int, at: datetime, limit: int) -> int:
    found = postgres.ask(
        "select * from benefits_waiting_due(%s::int, %s::timestamptz, %s::int)", (program_id, at, limit)
    )
    for (gift_id,) in found:
        with transaction.atomic():
            row = GiftRow.objects.select_for_update().get(id=gift_id)
            if row.state == GiftState.WAITING:
                _fill(row, which=_yearly(Kind(row.kind), _days_before(row.occasion)), level="", at=at)
    return len(found)


@transaction.atomic
def _bring(
    program_id: int,
    member_id: UUID,
    kind: Kind,
    occasion: str,
    *,
    on_day: date,
    due_on: date,
    at: datetime,
    is_due: bool,
    which: Callable[[Benefit], bool],
    level: str = "",
) -> bool:
    """Give what an occasion brings, unless it has come already. Returns: whether it came now."""
    state = GiftState.GIVEN if is_due else GiftState.WAITING
    made = postgres.ask(
        "insert into benefits_gift as g (program_id, member_id, occasion, kind, state, on_day, due_on, given_at)"
        " values (%s::int, %s::uuid, %s::text, %s::text, %s::text, %s::date, %s::date, %s::timestamptz)"
        " on conflict (member_id, occasion) do update set state = excluded.state, round = g.round + 1,"
        " on_day = excluded.on_day, due_on = excluded.due_on, given_at = excluded.given_at, why = ''"
        " where g.state = 'returned' and excluded.kind not in ('birthday', 'anniversary') returning g.id",
        (program_id, member_id, occasion, kind, state, on_day, due_on, at if is_due else None),
    )
    if not made:
        return False
    if is_due:
        _fill(GiftRow.objects.get(id=made[0][0]), which=which, level=level, at=at)
    return True


def _fill(row: GiftRow, *, which: Callable[[Benefit], bool], level: str, at: datetime) -> None:
    """Hand over what an occasion brings; a refusal is noted on it and stops nobody else's gifts."""
    keys = [b.key for b in _meant(row.program_id, row.member_id, which, level, at)]
    row.state, row.given_at, row.why = GiftState.GIVEN, at, ""
    try:
        with transaction.atomic():
            for key in keys:
                _hand_over(row, key, at)
    except Busy:  # nothing is wrong with the gift: whoever asked asks again
        raise
    except Refusal as refused:
        row.state, row.why = GiftState.FAILED, f"{refused.code}: {refused.detail}"[:500]
        log.warning("a gift could not be given", gift=row.id, occasion=row.occasion, why=refused.code)
    row.save()
    if row.state == GiftState.GIVEN and keys:
        announce(
            GiftArrived(member_id=row.member_id, occasion=row.occasion, benefits=tuple(keys)),
            program_id=row.program_id,
            member_id=row.member_id,
        )


def _meant(
    program_id: int, member_id: UUID, which: Callable[[Benefit], bool], level: str, at: datetime
) -> list[Benefit]:
    """The benefits of an occasion that are for this member: by what she is, or by the level that it is about."""
    entitled = {e.benefit.key for e in reading.of(program_id=program_id, member_id=member_id, at=at)}
    return [
        b
        for b in _hers(program_id, member_id)
        if b.comes_by_itself and which(b) and (b.key in entitled or (level and level in b.whose.levels))
    ]


def _hers(program_id: int, member_id: UUID) -> tuple[Benefit, ...]:
    """The benefits of the version whose terms are hers."""
    kept = agreements.kept_for(program_id=program_id, member_id=member_id)
    return document.benefits(program_id=program_id, version=kept)


def _hand_over(row: GiftRow, key: str, at: datetime) -> None:
    name = f"gift/{row.occasion}/{row.round}/{key}"
    use_id, is_new = postgres.ask(
        _USE, (row.program_id, row.member_id, key, name, ids.new_id(), at, ACTOR, row.id, row.occasion)
    )[0]
    if is_new:
        version = UseRow.objects.values_list("version", flat=True).get(id=use_id)
        found = document.benefit(program_id=row.program_id, key=key, version=version)
        giving.give(program_id=row.program_id, member_id=row.member_id, use_id=use_id, gives=found.gives, actor=ACTOR)


def welcome(*, program_id: int, member_id: UUID) -> bool:
    """Bring a new member what welcomes her, once. Returns: whether it came now."""
    if not any(b.kind is Kind.WELCOME for b in document.benefits(program_id=program_id)):
        return False
    return _on_news(program_id, member_id, Kind.WELCOME, "welcome", lambda b: b.kind is Kind.WELCOME)


def raised(*, program_id: int, member_id: UUID, ladder: str, from_level: str, to_level: str) -> int:
    """Bring the gifts of every level that a rise went through, once for each. Returns: of how many levels."""
    hers = _hers(program_id, member_id)
    return sum(
        _on_news(
            program_id,
            member_id,
            Kind.UPGRADE,
            f"upgrade/{ladder}/{level}",
            _of_level(Kind.UPGRADE, f"{ladder}/{level}"),
            f"{ladder}/{level}",
        )
        for level in document.levels_between(program_id=program_id, ladder=ladder, low=from_level, high=to_level)
        if any(_of_level(Kind.UPGRADE, f"{ladder}/{level}")(b) for b in hers)
    )


def _of_level(kind: Kind, level: str) -> Callable[[Benefit], bool]:
    return lambda b: b.kind is kind and level in b.whose.levels


def reached(*, program_id: int, member_id: UUID, ladder: str, level: str, milestone: str) -> bool:
    """Bring the gifts of a milestone inside a level, once a calendar year. Returns: whether they came now."""

    def which(b: Benefit) -> bool:
        return b.kind is Kind.MILESTONE and (not b.milestones or milestone in b.milestones)

    if not any(which(b) for b in _hers(program_id, member_id)):
        return False
    zone = programs.by_id(program_id=program_id).zone
    occasion = f"milestone/{ladder}/{level}/{milestone}/{clock.local_day(clock.now(), zone).year}"
    return _on_news(program_id, member_id, Kind.MILESTONE, occasion, which, f"{ladder}/{level}")


def _on_news(
    program_id: int,
    member_id: UUID,
    kind: Kind,
    occasion: str,
    which: Callable[[Benefit], bool],
    level: str = "",
) -> bool:
    fact = members.fact(program_id=program_id, member_id=member_id)
    now = clock.now()
    if fact.merged_into is not None or not _meant(program_id, member_id, which, level, now):
        return False
    today = clock.local_day(now, fact.zone or programs.by_id(program_id=program_id).zone)
    return _bring(
        program_id, member_id, kind, occasion, on_day=today, due_on=today, at=now, is_due=True, which=which,
        level=level,
    )  # fmt: skip


def lowered(
    *, program_id: int, member_id: UUID, ladder: str, from_level: str, to_level: str, cause: str
) -> tuple[str, ...]:
    """After a fall: where a return caused it, the gifts of the levels that are lost are taken back, as each says.

    Returns: the occasions that were taken back.
    """
    if not cause.startswith("return"):
        return ()
    lost = document.levels_between(program_id=program_id, ladder=ladder, low=to_level, high=from_level)
    rows = GiftRow.objects.filter(member_id=member_id, program_id=program_id, state=GiftState.GIVEN)
    wanted = [
        row.id
        for row in rows.filter(kind__in=[Kind.UPGRADE, Kind.MILESTONE]).order_by("id")
        if any(f"{row.occasion}/".startswith(f"{row.kind}/{ladder}/{level}/") for level in lost)
    ]
    return tuple([o for g in wanted for o in [_take_back(g, reason=cause, actor=ACTOR, is_forced=False)] if o])


def return_gift(*, program_id: int, gift_id: int, reason: str, actor: str) -> Gift:
    """Take back, by hand, what an occasion brought, as far as it goes; a second time nothing happens.

    Raises: UnknownGift; Invalid without a reason.
    """
    if not reason.strip() or len(reason) > _LONGEST:
        raise Invalid(errors=[("reason", f"must be 1 to {_LONGEST} characters")])
    find_gift(program_id=program_id, gift_id=gift_id)
    _take_back(gift_id, reason=reason.strip(), actor=actor, is_forced=True)
    return find_gift(program_id=program_id, gift_id=gift_id)


@transaction.atomic
def _take_back(gift_id: int, *, reason: str, actor: str, is_forced: bool) -> str:
    row = GiftRow.objects.select_for_update().get(id=gift_id)
    if row.state != GiftState.GIVEN:
        return ""
    uses = list(UseRow.objects.filter(gift_id=row.id, state=UseState.USED).order_by("id"))
    going = [u for u in uses if is_forced or _goes_back(u)]
    if not going:
        return ""
    is_whole = len(going) == len(uses)
    for use in going:
        postgres.ask(
            "select benefits_undo(%s::int, %s::uuid, %s::timestamptz, %s::text, %s::text)",
            (row.program_id, use.id, clock.now(), actor, reason),
        )
        use.refresh_from_db()
        is_whole = giving.take_back(row=use, actor=actor) and is_whole
    row.state = GiftState.RETURNED if is_whole else GiftState.KEPT
    row.save(update_fields=["state"])
    announce(
        GiftReturned(member_id=row.member_id, occasion=row.occasion, benefits=tuple([u.benefit for u in going])),
        program_id=row.program_id,
        member_id=row.member_id,
    )
    return str(row.occasion)


def _goes_back(use: UseRow) -> bool:
    found = [b for b in document.benefits(program_id=use.program_id, version=use.version) if b.key == use.benefit]
    return not found or found[0].on_reversal is OnReversal.RETURN


@transaction.atomic
def try_again(*, program_id: int, gift_id: int) -> Gift:
    """Hand over an occasion's gifts that could not be given before, e.g. once the coupon exists.

    Raises: UnknownGift.
    """
    row = GiftRow.objects.select_for_update().filter(program_id=program_id, id=gift_id).first()
    if row is None:
        raise UnknownGift
    if row.state == GiftState.FAILED:
        kind, parts = Kind(row.kind), row.occasion.split("/")
        level = "/".join(parts[1:3]) if kind in (Kind.UPGRADE, Kind.MILESTONE) else ""
        _fill(row, which=_which(kind, parts), level=level, at=clock.now())
    return find_gift(program_id=program_id, gift_id=gift_id)


def _which(kind: Kind, parts: list[str]) -> Callable[[Benefit], bool]:
    if kind in YEARLY:
        return _yearly(kind, _days_before("/".join(parts)))
    if kind is Kind.UPGRADE:
        return _of_level(kind, "/".join(parts[1:3]))
    return lambda b: b.kind is kind and (not b.milestones or parts[3] in b.milestones)


def find_gift(*, program_id: int, gift_id: int) -> Gift:
    """One occasion.

    Raises: UnknownGift.
    """
    row = GiftRow.objects.filter(program_id=program_id, id=gift_id).first()
    if row is None:
        raise UnknownGift
    brought: Iterable[str] = UseRow.objects.filter(gift_id=row.id).order_by("id").values_list("benefit", flat=True)
    return reading.gift_of(row, list(brought))

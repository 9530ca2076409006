"""The nights: what is done for each program at its local midnight, in a fixed order, and can be done again.

A night is named by the local day that begins at its midnight. Each of its steps is worked in batches, and every batch
commits together with the row that says how far the step has come: a worker that dies leaves the night where it
was, a second worker finds the row locked and leaves it alone, and a night that is done is never done twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from django.db import connection, transaction

from regulars.kernel import clock
from regulars.kernel.errors import sure
from regulars.kernel.models import NightRow

BATCH = 500
KEPT_DAYS = 400
LATEST = timedelta(hours=25)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a step is asked to do: one batch for one program.

    `at` is the instant of that midnight, by which the step decides and dates what it writes, however late it runs;
    `cursor` is what the batch before returned ("" for the first); `limit` is how many members a batch may touch.
    """

    program_id: int
    day: date
    at: datetime
    cursor: str
    limit: int


@dataclass(frozen=True)
class Step:
    """One line of the table of nights.

    `do` works one batch and returns the cursor of the next, or None when the step has nothing left. It must be
    harmless when repeated for the same day. `name` is what the night's row remembers. `only_latest`: it is done in
    the latest night only, since doing it for a night long past would add nothing.
    """

    name: str
    do: Callable[[Work], str | None]
    only_latest: bool = False


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What `run_due` did: nights finished now, batches worked, and whether another worker holds the rest."""

    nights: int
    batches: int
    is_left_to_another: bool


def until_nothing(batch: Callable[[Work], int]) -> Callable[[Work], str | None]:
    """A step from a call that does one batch and answers how many it touched: it is called until it answers 0."""

    def do(work: Work) -> str | None:
        touched = batch(work)
        return str(int(work.cursor or 0) + touched) if touched else None

    return do


def whole(once: Callable[[Work], object]) -> Callable[[Work], None]:
    """A step from a call that does all of it at once."""

    def do(work: Work) -> None:
        once(work)

    return do


def due_days(*, program_id: int, zone: str, upto: datetime, first_day: date) -> list[date]:
    """The nights that are not finished, in order: from the day after the last finished one up to the instant `upto`.

    Args: zone: the program's IANA zone. first_day: where a program without any night begins.
    """
    last = (
        NightRow.objects.filter(program_id=program_id, step=_WHOLE)
        .order_by("-day")
        .values_list("day", flat=True)
        .first()
    )
    day = max(first_day, last + timedelta(days=1)) if last else first_day
    days = []
    while clock.day_starts(day, zone) <= upto:
        days.append(day)
        day += timedelta(days=1)
    return days


def run_due(
    steps: Sequence[Step],
    *,
    program_id: int,
    zone: str,
    upto: datetime,
    first_day: date,
    told: Callable[[date], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Progress:
    """Work every night of a program that is due and not finished, oldest first, each with all steps in order.

    Args: told: called after each finished night (for a progress bar). should_stop: asked between batches.
    Raises: whatever a step raises; its batch is rolled back, and the next call continues there.
    """
    nights = batches = 0
    for day in due_days(program_id=program_id, zone=zone, upto=upto, first_day=first_day):
        at = clock.day_starts(day, zone)
        is_latest = clock.now() - at < LATEST
        for step in [*(s for s in steps if is_latest or not s.only_latest), Step(_WHOLE, lambda work: None)]:
            state = "more"
            while state == "more":
                if should_stop():
                    return Progress(nights=nights, batches=batches, is_left_to_another=False)
                state = _work_batch(step, program_id=program_id, day=day, at=at)
                batches += state in ("more", "done") and step.name != _WHOLE
            if state == "taken":
                return Progress(nights=nights, batches=batches, is_left_to_another=True)
        nights += 1
        log.info("a night is done", program=program_id, day=day.isoformat())
        if told:
            told(day)
    return Progress(nights=nights, batches=batches, is_left_to_another=False)


_WHOLE = "the whole night"  # the row that says that every step was done; steps added later begin with the next night


def _work_batch(step: Step, *, program_id: int, day: date, at: datetime) -> str:
    """One batch of one step: "more", "done", "was done", or "taken" when another worker has it."""
    with transaction.atomic():
        _without_waiting_for_the_disk()
        row = _claim(program_id, day, step.name)
        if row is None:
            return "taken"
        if row.done_at:
            return "was done"
        work = Work(program_id=program_id, day=day, at=at, cursor=row.cursor, limit=BATCH)
        following = step.do(work)
        sure(following is None or following != row.cursor, f"the step {step.name!r} does not move on")
        row.cursor = following or ""
        row.batches += 1
        row.done_at = None if following else clock.now()
        row.save(update_fields=["cursor", "batches", "done_at"])
    return "more" if following else "done"


def _without_waiting_for_the_disk() -> None:
    """What a crash of the server takes of a night it takes together with the row that says so: it is worked again."""
    with connection.cursor() as cursor:
        cursor.execute("set local synchronous_commit = off")


def _claim(program_id: int, day: date, step: str) -> NightRow | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into kernel_night (program_id, day, step, started_at) values (%s, %s, %s, %s)"
            " on conflict do nothing",
            [program_id, day, step, clock.now()],
        )
    return (
        NightRow.objects.select_for_update(skip_locked=True).filter(program_id=program_id, day=day, step=step).first()
    )


def reopen(*, program_id: int, from_day: date) -> int:
    """Let the nights from a day on be worked again, because facts of that time have arrived since.

    Steps are harmless when repeated, so what was done stays done and only what is new is added.
    Returns: how many finished nights will run again.
    """
    rows = NightRow.objects.filter(program_id=program_id, day__gte=from_day)
    nights = rows.filter(step=_WHOLE).count()
    rows.delete()
    return nights


def last_night(*, program_id: int) -> date | None:
    """The latest night of a program that is finished."""
    rows = NightRow.objects.filter(program_id=program_id, step=_WHOLE, done_at__isnull=False)
    return rows.order_by("-day").values_list("day", flat=True).first()


def forget_old(*, before: date) -> int:
    """Delete the rows of finished nights before a day, except each program's last. Returns: how many rows went."""
    with connection.cursor() as cursor:
        cursor.execute(
            "delete from kernel_night n where day < %s and day < (select max(day) from kernel_night l"
            " where l.program_id = n.program_id and l.step = %s)",
            [before, _WHOLE],
        )
        return int(cursor.rowcount)


def forget_old_at_night(work: Work) -> None:
    """A step of the night: the rows of nights more than 400 days before it."""
    forget_old(before=work.day - timedelta(days=KEPT_DAYS))

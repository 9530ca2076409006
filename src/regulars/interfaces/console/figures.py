"""The overview's figures: counted by the worker, read a few hundred rows at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import OperationalError, connection, transaction
from django.db.models import Max, Min, Sum

from regulars.interfaces.console.models import CountRow, FigureRow
from regulars.kernel import clock
from regulars.people.programs.terms import Program

FRESH = timedelta(minutes=1)  # figures of this age are shown as they are
QUICK_MS = 1_000  # a program that is counted so quickly is counted by the page that asks
MOST_BUCKETS = 120
STEPS = ("day", "week", "month")


@dataclass(frozen=True, kw_only=True)
class Counted:
    """When the figures are from, and the two that have no day."""

    at: datetime
    members: int
    active: int


@dataclass(frozen=True, kw_only=True)
class Range:
    """Local days from `first` to `last`, both inside, shown in steps."""

    first: date
    last: date
    step: str

    def starts(self) -> list[date]:
        """The first day of each step; the first and the last step may be cut."""
        return list(_starts(self.first, self.last, self.step))


def _starts(first: date, last: date, step: str) -> Iterator[date]:
    day = begin(first, step)
    while day <= last:
        yield day
        day = begin(day + timedelta(days=32 if step == "month" else 7 if step == "week" else 1), step)


def begin(day: date, step: str) -> date:
    """The first day of the step a day is in; weeks begin on Monday.

    >>> begin(date(2026, 1, 7), "week"), begin(date(2026, 1, 7), "month")
    (datetime.date(2026, 1, 5), datetime.date(2026, 1, 1))
    """
    if step == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if step == "week" else day


def fitting(first: date, last: date, step: str) -> str:
    """The asked step, or the next wider one while there would be too many bars to see."""
    days = (last - first).days
    if step == "day" and days > MOST_BUCKETS:
        step = "week"
    return "month" if step == "week" and days > 7 * MOST_BUCKETS else step


@transaction.atomic
def count(program: Program) -> None:
    """Count a program's figures anew, all of them or none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select console_count_figures(%s::int, %s::text, %s::timestamptz)",
            [program.id, program.zone, clock.now()],
        )


def counted(program: Program) -> Counted | None:
    """When the figures are from; counts at once where that is quick. None: not yet, the worker is at it."""
    row = CountRow.objects.filter(program_id=program.id).first()
    if row is None or (row.counted_at < clock.now() - FRESH and row.milliseconds < QUICK_MS):
        _count_quickly(program)
        row = CountRow.objects.filter(program_id=program.id).first()
    return Counted(at=row.counted_at, members=row.members, active=row.active) if row else None


def _count_quickly(program: Program) -> None:
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"set local statement_timeout = {QUICK_MS * 2}")
            count(program)
    except OperationalError:
        return  # too big for a page: the worker counts it every quarter of an hour


def extent(program_id: int) -> tuple[date | None, date | None]:
    """The first and the last day with any figure."""
    found = FigureRow.objects.filter(program_id=program_id).aggregate(first=Min("day"), last=Max("day"))
    return found["first"], found["last"]


def series(program_id: int, span: Range, names: tuple[str, ...]) -> dict[str, list[int]]:
    """The sums of each figure in each step."""
    rows = FigureRow.objects.filter(program_id=program_id, name__in=names, day__range=(span.first, span.last))
    sums: dict[tuple[str, date], int] = defaultdict(int)
    for name, day, value in rows.values_list("name", "day", "value"):
        sums[name, begin(day, span.step)] += value
    return {name: [sums[name, start] for start in span.starts()] for name in names}


def before(program_id: int, name: str, day: date) -> int:
    """The sum of a figure over all days before one."""
    found = FigureRow.objects.filter(program_id=program_id, name=name, day__lt=day).aggregate(sum=Sum("value"))
    return int(found["sum"] or 0)


def total(program_id: int, name: str, first: date, last: date) -> int:
    """The sum of a figure over days, both inside."""
    rows = FigureRow.objects.filter(program_id=program_id, name=name, day__range=(first, last))
    return int(rows.aggregate(sum=Sum("value"))["sum"] or 0)


def running(start: int, steps: list[int]) -> list[int]:
    """What a figure stands at after each step.

    >>> running(10, [1, -2])
    [11, 9]
    """
    out = []
    for step in steps:
        start += step
        out.append(start)
    return out

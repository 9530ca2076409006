"""Caps: how much one rule may give one member within a period, over any sequence of orders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from regulars.value.promotions.terms import Cap, OnExcess, Period, Snapshot

PREFIX = "earn/"
OURS = (PREFIX, "promo/")  # earn rules' caps, and promotions' limits for one member
# How many days behind the newest purchase a period must lie before its counter is forgotten. An order that is
# told even later than that earns nothing from a rule capped by such a period: better than to exceed the cap.
KEPT_DAYS = {Period.DAY: 35, Period.WEEK: 70, Period.MONTH: 125, Period.YEAR: 800}


class Allowed(NamedTuple):
    """What caps leave of a wish, the counters to raise, and the reason when something was cut or dropped."""

    amount: int
    keys: tuple[str, ...]
    code: str = ""
    detail: str = ""


def period_of(period: Period, day: date) -> str:
    """The name of the period that a day lies in, which sorts as time does within its kind.

    >>> [period_of(p, date(2026, 1, 1)) for p in (Period.DAY, Period.WEEK, Period.MONTH, Period.YEAR)]
    ['2026-01-01', '2025-12-29', '2026-01-01', '2026-01-01']
    """
    if period is Period.WEEK:
        day -= timedelta(days=day.weekday())
    elif period is Period.MONTH:
        day = day.replace(day=1)
    elif period is Period.YEAR:
        day = day.replace(month=1, day=1)
    return day.isoformat()


def key_of(rule: str, period: Period, day: date) -> str:
    """The counter's key: `earn/<rule>/<period>/<first day>`; a lifetime has no day."""
    if period is Period.LIFETIME:
        return f"{PREFIX}{rule}/{period.value}"
    return f"{PREFIX}{rule}/{period.value}/{period_of(period, day)}"


def counter_keys(*, snapshot: Snapshot, rule: str, occurred_at: datetime) -> tuple[str, ...]:
    """The counters that an order of this moment has raised by what an earn rule gave it."""
    day = occurred_at.astimezone(ZoneInfo(snapshot.zone)).date()
    caps = (cap for found in snapshot.rules if found.key == rule for cap in found.caps)
    return tuple(key_of(rule, cap.period, day) for cap in caps if cap.period is not Period.ORDER)


def allow(
    *, rule: str, caps: tuple[Cap, ...], wanted: int, counters: Mapping[str, int], day: date, newest: date
) -> Allowed:
    """What caps leave of `wanted`. All caps hold at once; one that rejects drops the whole.

    Args: counters: the member's, before. day: local day of the purchase. newest: the latest day counted so far.
    """
    amount, code, detail, keys = wanted, "", "", []
    for cap in caps:
        left = cap.amount
        if cap.period is not Period.ORDER:
            if cap.period in KEPT_DAYS and (newest - day).days > KEPT_DAYS[cap.period]:
                return Allowed(
                    0, (), "period_closed", f"The {cap.period.value} of this purchase is no longer counted."
                )
            key = key_of(rule, cap.period, day)
            keys.append(key)
            left -= counters.get(key, 0)
        if wanted > left:
            says = f"At most {cap.amount} per {cap.period.value}, {max(left, 0)} left."
            if cap.on_excess is OnExcess.REJECT:
                return Allowed(0, (), "cap_reached", says)
            if left < amount:
                amount, code, detail = max(left, 0), "cap_reached", says
    return Allowed(amount, tuple(keys) if amount else (), code, detail)


def newest_day(counters: Mapping[str, int], day: date) -> date:
    """The latest day that any counter of ours names, or the purchase's own if that is later.

    A week, month or year counts as its first day, which only makes the answer earlier, and forgetting later.
    """
    return max([day, *[period[1] for period in map(_period_of_key, counters) if period]])


def forget(counters: Mapping[str, int], newest: date) -> dict[str, int]:
    """The counters without those of our periods that ended too long ago to matter; others' stay untouched."""
    return {k: v for k, v in counters.items() if not _is_over(k, newest)}


def _is_over(key: str, newest: date) -> bool:
    period = _period_of_key(key)
    return period is not None and (newest - period[1]).days > 2 * KEPT_DAYS[period[0]]


@lru_cache(maxsize=8_192)  # a rule has few periods at a time, and the counters of all members name the same
def _period_of_key(key: str) -> tuple[Period, date] | None:
    """The period that a counter of ours counts, and its first day; None of a lifetime, and of what others count."""
    if not key.startswith(OURS) or key.endswith("/lifetime"):
        return None
    _, _, period, first = key.rsplit("/", 3)
    return Period(period), date.fromisoformat(first)

"""Who may have a reward, for which price, how often, and what may follow what. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from regulars.value.rewards.terms import By, CancelUntil, Kind, Period, Price, Reward, Session, State

# What may follow what, by hand; cancelled, failed and expired follow by their own rules.
FOLLOWS: dict[State, tuple[State, ...]] = {
    State.REQUESTED: (State.ACCEPTED, State.SHIPPED, State.READY, State.FULFILLED),
    State.ACCEPTED: (State.SHIPPED, State.READY, State.FULFILLED),
    State.SHIPPED: (State.FULFILLED,),
    State.READY: (State.FULFILLED,),
    State.FULFILLED: (),
    State.CANCELLED: (),
    State.FAILED: (),
    State.EXPIRED: (),
}
OPEN = (State.REQUESTED, State.ACCEPTED, State.SHIPPED, State.READY)
_UNTIL: dict[CancelUntil, tuple[State, ...]] = {
    CancelUntil.NEVER: (),
    CancelUntil.ACCEPTED: (State.REQUESTED,),
    CancelUntil.SENT: (State.REQUESTED, State.ACCEPTED),
    CancelUntil.FULFILLED: OPEN,
    CancelUntil.USED: (*OPEN, State.FULFILLED),
}


def may_follow(reward: Reward, now: State, then: State) -> bool:
    """Whether a redemption may go from one state to another by hand.

    What is fetched in a store is never shipped, and what is sent is never ready.
    """
    if then is State.SHIPPED and reward.fulfilment.by is not By.SHIP:
        return False
    if then is State.READY and reward.fulfilment.by is not By.STORE:
        return False
    return then in FOLLOWS[now]


def why_not(reward: Reward, *, at: datetime, zone: str, levels: Iterable[str], audiences: frozenset[str]) -> str:
    """Why a member cannot have a reward now: not_yet, ended, level, audience; empty when she can.

    Args: levels: where she stands, as ladder/level.
    """
    day = at.astimezone(ZoneInfo(zone)).date()
    if reward.starts_on and day < reward.starts_on:
        return "not_yet"
    if reward.ends_on and day > reward.ends_on:
        return "ended"
    if reward.levels and not set(reward.levels) & set(levels):
        return "level"
    if reward.audiences and not audiences & set(reward.audiences):
        return "audience"
    return ""


def prices(reward: Reward, levels: Iterable[str]) -> tuple[Price, ...]:
    """The prices among which a member chooses: those of her levels, or else those of everybody.

    Of several ladders with a price of its own, all are hers to choose from; one key stands once, the first ladder's.
    """
    mine: dict[str, Price] = {}
    for level in levels:
        for price in reward.by_level.get(level, ()):
            mine.setdefault(price.key, price)
    return tuple(mine.values()) or reward.prices


def period(reward: Reward, *, at: datetime, zone: str) -> str | None:
    """The period in which a piece counts towards the member's limit; None without a limit.

    >>> from regulars.value.rewards.terms import Limit
    >>> r = Reward(key="x", per_member=Limit(times=1, period=Period.QUARTER))
    >>> period(r, at=datetime(2026, 8, 1, tzinfo=UTC), zone="UTC")
    '2026-Q3'
    """
    if reward.per_member is None:
        return None
    day = at.astimezone(ZoneInfo(zone)).date()
    return _period(reward.per_member.period, day)


def _period(kind: Period, day: date) -> str:
    if kind is Period.WEEK:
        week = day.isocalendar()
        return f"{week.year}-W{week.week:02d}"
    return {
        Period.DAY: day.isoformat(),
        Period.MONTH: f"{day.year}-{day.month:02d}",
        Period.QUARTER: f"{day.year}-Q{(day.month + 2) // 3}",
        Period.YEAR: str(day.year),
        Period.LIFETIME: "lifetime",
    }[kind]


def session_of(reward: Reward, key: str) -> Session | None:
    """The date of an experience; None where there is no such."""
    return next((s for s in reward.sessions if s.key == key), None)


def starts_at(session: Session, zone: str) -> datetime:
    """The instant at which a date begins."""
    return session.starts.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def may_cancel(reward: Reward, state: State, *, requested_at: datetime, at: datetime) -> bool:
    """Whether the member herself may take a redemption back. Whether what it gave is unused is asked elsewhere."""
    hours = reward.cancel.hours
    is_late = hours is not None and at > requested_at + timedelta(hours=hours)
    return state in _UNTIL[reward.cancel.until] and not is_late


def may_undo(reward: Reward, state: State) -> bool:
    """Whether staff may: what has not ended, and what was handed over and is brought back. Never a donation."""
    if state is State.FULFILLED:
        return reward.kind is not Kind.DONATION
    return state in OPEN

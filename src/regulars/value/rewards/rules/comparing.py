"""Whether a new version of a reward takes something from members. Pure."""

from __future__ import annotations

from regulars.value.rewards.terms import CancelUntil, Price, Reward

_ORDER = list(CancelUntil)


def takes_away(before: Reward, after: Reward) -> bool:
    """Whether it costs more, fewer may have it, fewer times, for a shorter time, or it is harder to take back."""
    return (
        _dearer(before.prices, after.prices)
        or any(_dearer(prices, after.by_level.get(level, after.prices)) for level, prices in before.by_level.items())
        or _fewer(before.levels, after.levels)
        or _fewer(before.audiences, after.audiences)
        or (after.ends_on is not None and (before.ends_on is None or after.ends_on < before.ends_on))
        or _rarer(before, after)
        or _ORDER.index(after.cancel.until) < _ORDER.index(before.cancel.until)
    )


def _dearer(before: tuple[Price, ...], after: tuple[Price, ...]) -> bool:
    """Whether some way to pay is gone, and none is left that is nowhere dearer."""
    return any(not any(_covers(old, new) for new in after) for old in before)


def _covers(old: Price, new: Price) -> bool:
    return new.minor <= old.minor and all(amount <= old.units.get(unit, 0) for unit, amount in new.units.items())


def _fewer(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    return bool(after) and (not before or not set(before) <= set(after))


def _rarer(before: Reward, after: Reward) -> bool:
    old, new = before.per_member, after.per_member
    if new is None or old == new:
        return False
    return old is None or old.period is not new.period or new.times < old.times

"""Where published promotions stand, and how much of their limits and budgets is used: for lists."""

from __future__ import annotations

from collections import defaultdict

from regulars.kernel import clock
from regulars.value.promotions.rules.standing import STANDINGS, standing, window
from regulars.value.promotions.services.snapshots import snapshot
from regulars.value.promotions.services.usage import left as left_of
from regulars.value.promotions.terms import NoSuchVersion
from regulars.value.promotions.terms.usage import Spent

__all__ = ["STANDINGS", "spent", "standing", "window"]


def spent(*, program_id: int) -> dict[str, list[Spent]]:
    """Every limit and budget of the program as a whole, by promotion; limits a store or a coupon are not listed.

    Raises: NoProgram.
    """
    try:
        version = snapshot(program_id=program_id)
    except NoSuchVersion:
        return {}
    today = clock.local_day(clock.now(), version.zone)
    limits = dict(version.limits(store=None, day=today))
    left = left_of(program_id=program_id, limits=limits)
    found: dict[str, list[Spent]] = defaultdict(list)
    for key, limit in limits.items():
        name, _slash, rest = key.partition("/")
        if rest.startswith(("store:", "coupon:", "identifier:")):
            continue
        found[name].append(_spent(rest, limit, limit - left.get(key, limit)))
    for entries in found.values():
        entries.sort(key=lambda one: (not one.is_budget, one.period))
    return dict(found)


def _spent(rest: str, limit: int, used: int) -> Spent:
    parts = rest.split("/")
    is_budget = parts[0] == "budget"
    period = "" if is_budget else parts[2] if len(parts) > 2 else ""
    return Spent(used=used, limit=limit, is_money=is_budget or "minor" in parts, is_budget=is_budget, period=period)

"""How much of a promotion's limits and budget is used, for lists with bars."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from regulars.kernel import clock
from regulars.people.programs.terms import Program
from regulars.value.promotions import services as promotions
from regulars.value.promotions.terms import NoSuchVersion


@dataclass(frozen=True, kw_only=True)
class Spent:
    """One limit or budget beyond the member. Money when `is_money`, else times; `period` is empty for a budget."""

    used: int
    limit: int
    is_money: bool
    is_budget: bool
    period: str

    @property
    def percent(self) -> int:
        """How full, 0 to 100."""
        return min(100, 100 * self.used // self.limit) if self.limit else 100


def spent(program: Program) -> dict[str, list[Spent]]:
    """Every limit and budget of the program as a whole, by promotion; limits a store or a coupon are not listed."""
    try:
        snapshot = promotions.snapshot(program_id=program.id)
    except NoSuchVersion:
        return {}
    today = clock.local_day(clock.now(), program.zone)
    limits = dict(snapshot.limits(store=None, day=today))
    left = promotions.left(program_id=program.id, limits=limits)
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

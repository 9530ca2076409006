"""What a promotion would have done to baskets that were really bought: sums, day by day, winners and losers. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from regulars.governance.publishing.rules import comparing
from regulars.value.promotions.terms import Verdict

MOST_REPLACED = 20


def opened(body: Mapping[str, Any]) -> dict[str, Any]:
    """The promotion as though it ran already: without first and last day, not paused; its weekly times stand.

    >>> opened({"key": "a", "schedule": {"starts": "2030-01-01", "weekdays": ["mon"]}})
    {'key': 'a', 'schedule': {'weekdays': ['mon']}}
    """
    schedule = body.get("schedule")
    kept = {k: v for k, v in schedule.items() if k not in ("starts", "ends")} if isinstance(schedule, Mapping) else {}
    rest = {name: value for name, value in body.items() if name not in ("schedule", "state")}
    return {**rest, "schedule": kept} if kept else rest


@dataclass
class Day:
    """One local day: baskets, those that got it, what it took off, and what all promotions cost more than today's."""

    baskets: int = 0
    got: int = 0
    discount_minor: int = 0
    cost_minor: int = 0


@dataclass
class Tally:
    """Counts baskets one by one; `report` gives JSON values.

    Args: key: the promotion that is tried.
    """

    key: str
    days: dict[date, Day] = field(default_factory=lambda: defaultdict(Day))
    members: set[Any] = field(default_factory=set)
    better: int = 0
    worse: int = 0
    better_minor: int = 0
    worse_minor: int = 0
    sales_minor: int = 0
    replaced: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    units: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, day: date, member: Any, before: Verdict, after: Verdict) -> None:
        """One basket as it would be now, and with the promotion."""
        of_day = self.days[day]
        of_day.baskets += 1
        of_day.discount_minor += (taken := comparing.saved(after).get(self.key, 0))
        outcomes = {o.promotion for o in after.pricing.outcomes}
        if taken or self.key in outcomes or any(a.key == self.key for a in after.pricing.applied):
            of_day.got += 1
            if member is not None:
                self.members.add(member)
        gain = before.pricing.total_minor - after.pricing.total_minor
        of_day.cost_minor += gain
        self.sales_minor += after.pricing.total_minor
        self.better, self.better_minor = self.better + (gain > 0), self.better_minor + max(gain, 0)
        self.worse, self.worse_minor = self.worse + (gain < 0), self.worse_minor + max(-gain, 0)
        for moved in comparing.changes(before, after, self.key):
            self.replaced[moved.key][0] += 1
            self.replaced[moved.key][1] += moved.after_minor - moved.before_minor
        was, now = comparing.earned(before), comparing.earned(after)
        for unit in {**was, **now}:
            self.units[unit] += now.get(unit, 0) - was.get(unit, 0)

    def report(self) -> dict[str, Any]:
        """All sums as JSON values."""
        days = [{"day": d.isoformat(), **vars(self.days[d])} for d in sorted(self.days)]
        replaced = sorted(self.replaced.items(), key=lambda item: (item[1][1], item[0]))[:MOST_REPLACED]
        earned = {unit: change for unit, change in sorted(self.units.items()) if change}
        return {
            "baskets": sum(d["baskets"] for d in days),
            "got": sum(d["got"] for d in days),
            "members": len(self.members),
            "discount_minor": sum(d["discount_minor"] for d in days),
            "cost_minor": sum(d["cost_minor"] for d in days),
            "sales_minor": self.sales_minor,
            "better": self.better,
            "better_minor": self.better_minor,
            "worse": self.worse,
            "worse_minor": self.worse_minor,
            "replaced": [{"key": key, "baskets": n, "minor": minor} for key, (n, minor) in replaced],
            "earned": earned,
            "days": days,
        }

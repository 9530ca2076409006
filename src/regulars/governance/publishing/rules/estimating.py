"""What a change would have cost over a time, from a random sample of its baskets: totals with intervals. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from math import isqrt
from typing import Any

from regulars.governance.publishing.rules import comparing
from regulars.value.promotions.terms import Verdict

Z_MILLI = 1_960  # of 95 % confidence, in thousandths
MOST_MOVED = 20


@dataclass
class Sums:
    """A running sum and its squares: whole numbers, so that the same sample gives the same answer everywhere."""

    n: int = 0
    total: int = 0
    squares: int = 0

    def add(self, value: int) -> None:
        """One more basket's value."""
        self.n, self.total, self.squares = self.n + 1, self.total + value, self.squares + value * value

    def scaled(self, baskets: int, population: int) -> dict[str, int]:
        """The sum over the whole population, with the ends of its 95 % interval.

        Args: baskets: how many were sampled (those that were not added count as 0). population: how many there were.

        >>> s = Sums()
        >>> s.add(10); s.add(20)
        >>> s.scaled(2, 2)
        {'estimate': 30, 'low': 30, 'high': 30}
        """
        if baskets == 0:
            return {"estimate": 0, "low": 0, "high": 0}
        estimate = self.total * population // baskets
        if baskets < 2 or baskets >= population:
            return {"estimate": estimate, "low": estimate, "high": estimate}
        # variance of a total under simple random sampling without replacement: N² (1 - n/N) s² / n
        spread = baskets * self.squares - self.total * self.total  # n (n - 1) s²
        variance = population * (population - baskets) * spread // (baskets * baskets * (baskets - 1))
        half = Z_MILLI * isqrt(max(0, variance)) // 1_000
        return {"estimate": estimate, "low": estimate - half, "high": estimate + half}


@dataclass
class Estimate:
    """Counts baskets one by one, each decided as it is now and as it would be; `report` gives JSON values."""

    baskets: int = 0
    cost: Sums = field(default_factory=Sums)
    sales: Sums = field(default_factory=Sums)
    units: dict[str, Sums] = field(default_factory=lambda: defaultdict(Sums))
    earned: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    moved: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    better: int = 0
    worse: int = 0

    def add(self, before: Verdict, after: Verdict) -> None:
        """One basket."""
        self.baskets += 1
        gain = before.pricing.total_minor - after.pricing.total_minor
        self.cost.add(gain)
        self.sales.add(before.pricing.total_minor)
        was, now = comparing.earned(before), comparing.earned(after)
        more = 0
        for unit in {**was, **now}:
            change = now.get(unit, 0) - was.get(unit, 0)
            self.units[unit].add(change)
            self.earned[unit][0] += was.get(unit, 0)
            self.earned[unit][1] += now.get(unit, 0)
            more += change
        self.better += gain > 0 or (gain == 0 and more > 0)
        self.worse += gain < 0 or (gain == 0 and more < 0)
        a, b = comparing.saved(before), comparing.saved(after)
        for key in {**a, **b}:
            if a.get(key) != b.get(key):
                self.moved[key][0] += 1
                self.moved[key][1] += b.get(key, 0) - a.get(key, 0)

    def report(self, *, population: int, value_micro: dict[str, int]) -> dict[str, Any]:
        """Scaled to the whole population.

        Args: value_micro: what one of a unit is worth, in millionths of a minor unit.
        """
        units = {
            unit: {
                **sums.scaled(self.baskets, population),
                "before": self.earned[unit][0] * population // max(1, self.baskets),
                "after": self.earned[unit][1] * population // max(1, self.baskets),
                **self._worth(unit, sums, population, value_micro),
            }
            for unit, sums in sorted(self.units.items())
            if sums.total or sums.squares
        }
        moved = sorted(self.moved.items(), key=lambda item: (-abs(item[1][1]), item[0]))[:MOST_MOVED]
        return {
            "baskets": self.baskets,
            "population": population,
            "confidence_percent": 95,
            "cost_minor": self.cost.scaled(self.baskets, population),
            "sales_minor": self.sales.scaled(self.baskets, population),
            "units": units,
            "better": self.better * population // max(1, self.baskets),
            "worse": self.worse * population // max(1, self.baskets),
            "promotions": [
                {"key": key, "baskets": n, "minor": minor * population // max(1, self.baskets)}
                for key, (n, minor) in moved
            ],
        }

    def _worth(self, unit: str, sums: Sums, population: int, value_micro: dict[str, int]) -> dict[str, int]:
        micro = value_micro.get(unit)
        if not micro:
            return {}
        estimate = sums.scaled(self.baskets, population)["estimate"]
        return {"worth_minor": estimate * micro // 1_000_000}

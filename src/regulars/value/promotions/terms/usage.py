"""Words of limits and budgets beyond the member."""

from __future__ import annotations

from dataclasses import dataclass

from regulars.kernel.errors import Refusal


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """A broken promise: which, of what, and both numbers."""

    promise: str
    what: str
    expected: str
    found: str


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


class LimitReached(Refusal):
    """A limit or budget has less left than was asked for; nothing was taken. Facts: key, promotion, left, limit."""

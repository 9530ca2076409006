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


class LimitReached(Refusal):
    """A limit or budget has less left than was asked for; nothing was taken. Facts: key, promotion, left, limit."""

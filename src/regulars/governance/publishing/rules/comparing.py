"""What one more promotion changes about a decision: what it replaces, what it adds. Pure."""

from __future__ import annotations

from regulars.governance.publishing.terms import Moved
from regulars.value.promotions.terms import Verdict


def saved(verdict: Verdict) -> dict[str, int]:
    """What each promotion takes off, in minor units; coupons count with their promotion."""
    found: dict[str, int] = {}
    for one in verdict.pricing.applied:
        found[one.key] = found.get(one.key, 0) + one.discount_minor
    return found


def changes(before: Verdict, after: Verdict, key: str) -> tuple[Moved, ...]:
    """Every promotion but this one that gives more, less or nothing once it is there; the greatest loss first."""
    a, b = saved(before), saved(after)
    moved = [Moved(key=k, before_minor=a.get(k, 0), after_minor=b.get(k, 0), is_gone=k in a and k not in b)
             for k in {**a, **b} if k != key and (a.get(k) != b.get(k))]  # fmt: skip
    return tuple(sorted(moved, key=lambda m: (m.after_minor - m.before_minor, m.key)))


def earned(verdict: Verdict) -> dict[str, int]:
    """What is earned, by unit."""
    found: dict[str, int] = {}
    for one in verdict.earning.earned:
        found[one.unit] = found.get(one.unit, 0) + one.amount
    return found

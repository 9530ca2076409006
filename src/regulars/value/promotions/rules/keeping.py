"""What holds for who keeps older terms: the terms of one version beside the offers of a later one. Pure.

Terms are what members rely on from day to day: what earns and how much, what points pay, what returns and claims do.
Offers have dates of their own: promotions, what coupons give, how they combine. Of what is over only a promotion that
uses a benefit stays: it is how that benefit is had, so it goes with the terms.
"""

from __future__ import annotations

from dataclasses import replace

from regulars.value.promotions.rules.document import Whole
from regulars.value.promotions.terms import Promotion


def joined(*, old: Whole, new: Whole) -> Whole:
    """The terms of `old` with the offers of `new`."""
    return Whole(
        rules=old.rules,
        policies=replace(
            new.policies,
            returns=old.policies.returns,
            claims_within_days=old.policies.claims_within_days,
            points_tender=old.policies.points_tender,
            earns_on_points_tender=old.policies.earns_on_points_tender,
        ),
        promotions=_promotions(old.promotions, new.promotions),
        gives=new.gives,
        faults=[],
    )


def _promotions(old: tuple[Promotion, ...], new: tuple[Promotion, ...]) -> tuple[Promotion, ...]:
    there = {p.key for p in new}
    return (*new, *[p for p in old if p.uses_benefit and p.key not in there])

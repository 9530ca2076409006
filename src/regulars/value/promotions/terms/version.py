"""Words of a version: its policies, and the snapshot that every decision of a process shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from regulars.value.promotions.terms.combining import StackingPolicy, TenderRate
from regulars.value.promotions.terms.earning import EarnRule, ReturnPolicy, UnitPlan
from regulars.value.promotions.terms.promotion import Promotion

_USUAL = StackingPolicy()


@dataclass(frozen=True, kw_only=True)
class Policies:
    """What a program promises about returns, claims and clocks, about combining promotions and paying with points."""

    returns: ReturnPolicy = ReturnPolicy.PROPORTIONAL
    claims_within_days: int = 30
    future_tolerance_minutes: int = 10
    stacking: StackingPolicy = _USUAL
    points_tender: tuple[TenderRate, ...] = ()
    earns_on_points_tender: bool = False  # what points pay earns points again
    notice_days: int = 0  # members are told so long before a version that takes something from them
    old_terms_days: int = 0  # how long who has not confirmed keeps the terms of before; 0: not at all
    lowest_price_days: int = 0  # a struck-through price must be the lowest of so many days; 0: not asked


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One version of a program's rules, compiled: made once per version and process, read-only, shared by threads.

    `terms`: the older version whose terms decide here, for members who keep them; None where there is but one.
    """

    program_id: int
    version: int
    terms: int | None = None
    zone: str
    currency: str
    units: Mapping[str, UnitPlan]
    rules: tuple[EarnRule, ...]
    policies: Policies
    base_tier: str | None = None  # the level of a member whom no review has seen yet
    plan: Any  # the compiled form of `rules`; belongs to promotions.rules
    promotions: tuple[Promotion, ...] = ()
    book: Any = None  # the compiled form of `promotions`; belongs to promotions.rules.pricing
    names: frozenset[str] = frozenset()  # every fact that a condition of this version names
    uses: Mapping[str, str] = field(default_factory=dict)  # the benefit of which a promotion uses one

    @property
    def tender_rates(self) -> tuple[TenderRate, ...]:
        """What points pay."""
        return self.policies.points_tender

    def limits(
        self, *, store: str | None, day: date, coupons: tuple[str, ...] = (), identifiers: tuple[str, ...] = ()
    ) -> Mapping[str, int]:
        """The limits and budgets beyond the member that a decision may need, by key: how much each allows.

        `Question.left` says how much of it is left. Args: day: local day of the program's zone. coupons: templates of
        the coupons held. identifiers: as the question brings them.
        """
        if self.book is None:
            return {}
        found: Mapping[str, int] = self.book.limits(store=store, day=day, coupons=coupons, identifiers=identifiers)
        return found

    def limit_keys(
        self, *, store: str | None, day: date, coupons: tuple[str, ...] = (), identifiers: tuple[str, ...] = ()
    ) -> tuple[str, ...]:
        """The keys of `limits`."""
        return tuple(self.limits(store=store, day=day, coupons=coupons, identifiers=identifiers))

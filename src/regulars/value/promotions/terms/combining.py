"""Words of combining: how promotions stand together, and what points pay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from regulars.value.promotions.terms.promotion import WHOLE_PPM


class OldTerms(StrEnum):
    """Whether who has not confirmed a version that takes something from her keeps the terms of before."""

    NONE = "none"
    UNTIL_CONFIRMED = "until_confirmed"


class Objective(StrEnum):
    """Which allowed combination is the best one."""

    BEST_FOR_MEMBER = "best_for_member"  # the greatest discount
    BEST_MARGIN = "best_margin"  # the smallest own cost among combinations to which nothing can be added
    FIXED_ORDER = "fixed_order"  # by priority, then key, each that may still join


@dataclass(frozen=True, kw_only=True)
class StackingPolicy:
    """How promotions combine. `most`: promotions with a discount in one basket. Caps are on all discounts together.

    `groups`: how many of a group may act at once (one, unless said).
    """

    objective: Objective = Objective.BEST_FOR_MEMBER
    most: int | None = None
    cap_ppm: int | None = None
    cap_minor: int | None = None
    groups: Mapping[str, GroupPolicy] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class GroupPolicy:
    """How many promotions of a group may act at once, and the most that they take off together."""

    most: int = 1
    cap_minor: int | None = None


@dataclass(frozen=True, kw_only=True)
class TenderRate:
    """Points as money: `points` units pay `minor`. `min_points` and `step` in units; `most_ppm` of the total."""

    unit: str
    points: int
    minor: int
    min_points: int = 0
    step: int = 1
    most_ppm: int = WHOLE_PPM

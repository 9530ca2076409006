"""Words of plans: what is sold, for how long, and on which terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from regulars.value.subscriptions.terms.states import Renews, When, WhenUsed


@dataclass(frozen=True, kw_only=True)
class Every:
    """How long a period is: whole months, or days."""

    months: int | None = None
    days: int | None = None


@dataclass(frozen=True, kw_only=True)
class Gives:
    """What a plan gives: packs of benefits, a level, and measure by the day."""

    packs: tuple[str, ...] = ()
    ladder: str = ""
    level: str = ""
    growth_unit: str = ""
    growth_per_day: int = 0


@dataclass(frozen=True, kw_only=True)
class RefundRule:
    """Within how many days of a period's first day a refund is owed; `when_used`: if benefits were used in it."""

    within_days: int = 0
    when_used: WhenUsed = WhenUsed.NONE


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan in one version. Money in minor units of the program's currency; `of` names its family of plans."""

    key: str
    version: int = 0
    names: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    of: str = ""
    levels: tuple[str, ...] = ()  # for whom, as ladder/level; none: for everybody
    price_minor: int = 0
    every: Every = Every(months=1)
    trial_days: int = 0
    trial_minor: int = 0
    grace_days: int = 0
    dunning: tuple[int, ...] = ()
    pause_days: int = 0
    pauses_a_year: int = 0
    cancel: When = When.PERIOD_END
    refund: RefundRule = RefundRule()
    gives: Gives = Gives()
    guests: int = 0
    giftable: bool = False
    notice_days: int = 7  # how long before a renewal or an end she is told; at most half a period; 0: never
    gift_claim_days: int = 0  # how long a gift can be redeemed, then its money goes back; 0: for ever
    up: When = When.AT_ONCE
    down: When = When.PERIOD_END
    renews: Renews = Renews.AGREED

    @property
    def family(self) -> str:
        """What its sisters share: one trial, one subscription at a time, changes from one to the other."""
        return self.of or self.key

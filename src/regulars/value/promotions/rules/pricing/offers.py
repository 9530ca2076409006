"""A promotion made ready: its effects as cuts and outcomes, its goods as a number, its condition taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from regulars.value.promotions.rules import compiled
from regulars.value.promotions.rules.compiled import Compiled
from regulars.value.promotions.rules.pricing import cuts, goods, pieces
from regulars.value.promotions.rules.pricing.checks import When, compile_when
from regulars.value.promotions.rules.pricing.cuts import Cut
from regulars.value.promotions.rules.pricing.goods import Selector
from regulars.value.promotions.rules.scheduling import Calendar, Moment
from regulars.value.promotions.terms import (
    COUPON,
    EVERYTHING,
    WHOLE_PPM,
    Act,
    AmountOff,
    Bundle,
    BuyGet,
    CheapestFree,
    Earn,
    EarnRule,
    Effect,
    FixedPrice,
    Gift,
    Goods,
    MemberPrice,
    Multiplier,
    NthItem,
    Per,
    PercentOf,
    PercentOff,
    Promotion,
    RandomReward,
    Target,
    Thresholds,
    Unapplied,
    UnitPlan,
    Unlock,
)

Outcomes = Gift | RandomReward | Act


class Offer:
    """A promotion of a version, compiled. Read-only, but for what it remembers of its own schedule."""

    __slots__ = (
        "_closed", "acts", "benefits", "calendar", "cap_minor", "coupon", "cuts", "earns", "excludes",
        "group", "has_belonging", "has_names", "is_bare", "is_exclusive", "is_limited", "is_simple", "key",
        "label", "min_detail", "min_minor", "min_pick", "min_units", "names", "needs_member", "nothing",
        "order", "plans", "promotion", "rank", "rivals", "selection", "touches", "uses", "when",
    )  # fmt: skip

    def __init__(self, promotion: Promotion, rank: int, selector: Selector, units: Mapping[str, UnitPlan]) -> None:
        self.promotion, self.rank, self.key = promotion, rank, promotion.key
        self.order = (rank, "")
        self.group, self.is_exclusive = promotion.group, promotion.is_exclusive
        self.has_names = bool(promotion.always or promotion.never)
        self.excludes = self.has_names or self.is_exclusive or self.group is not None
        self.rivals: dict[str, Unapplied] = {}  # how it lost to whom, as told before
        self.coupon = promotion.coupon
        if self.coupon is None and promotion.key.startswith(COUPON):
            self.coupon = promotion.key.removeprefix(COUPON)
        chosen = goods.selection_of(promotion.goods, promotion.lines)
        self.selection = selector.of(chosen)
        self.label = goods.named(chosen)
        self.cap_minor = promotion.cap_minor
        least = promotion.min
        self.min_minor, self.min_units = least.minor, least.quantity
        self.min_pick = self.selection if least.of_goods else goods.ALL_GOODS
        self.min_detail = _min_says(promotion)
        self.calendar = Calendar(promotion.schedule) if promotion.schedule is not None else None
        self._closed: tuple[datetime, datetime, Moment] | None = None
        self.when: When | None = compile_when(promotion.when) if promotion.when else None
        self.cuts = tuple([c for e in promotion.effects if (c := _cut(e, self, selector)) is not None])
        self.is_bare = len(self.cuts) == 1 and self.cap_minor is None
        self.touches = tuple(dict.fromkeys([n for cut in self.cuts for n in cut.touches]))
        self.acts: tuple[Outcomes, ...] = tuple(
            [e for e in promotion.effects if isinstance(e, Gift | RandomReward | Act)]
        )
        self.earns = tuple([_earn(e, promotion, n, units) for n, e in enumerate(promotion.effects) if _is_earn(e)])
        self.is_limited = bool(promotion.limits or promotion.budget)
        self.names = _names(promotion, self.when, selector)
        self.plans = frozenset([f"plan:{key}" for key in promotion.plans])
        self.benefits = frozenset([f"benefit:{key}" for key in promotion.benefits])
        self.uses = f"benefit:{promotion.uses_benefit}" if promotion.uses_benefit else ""
        self.has_belonging = bool(self.plans or self.benefits or self.uses)
        self.needs_member = (
            promotion.members_only
            or self.has_belonging
            or bool(promotion.tiers or promotion.audiences.any)
            or any(name.startswith("member.") for name in self.names)
            or any(limit.per is Per.MEMBER and limit.period != "basket" for limit in promotion.limits)
            or not (self.cuts or self.acts)
            or any(isinstance(e, MemberPrice) for e in promotion.effects)
        )
        self.nothing = self.refusal(
            "nothing_qualifies",
            "No line of this basket qualifies.",
            self._least(),
        )
        self.is_simple = self.when is None and self.calendar is None and not self.is_limited

    def _least(self) -> Unlock:
        """What a basket with none of its goods lacks: so much money of them where it asks for that, else pieces."""
        minor = self.min_minor if self.min_pick == self.selection else 0
        if len(self.promotion.effects) == 1 and isinstance(effect := self.promotion.effects[0], Thresholds):
            minor = max(minor, min([step.from_minor for step in effect.steps], default=0))
        if minor and not self.min_units:
            return Unlock("spend_minor", minor, self.label, None, "Spend more.")
        return Unlock("add_line", max(1, self.min_units), self.label, None, "Add goods that qualify.")

    def refusal(self, code: str, detail: str, unlock: Unlock | None = None, code_of: str | None = None) -> Unapplied:
        """Why it does not act (through the coupon `code_of`)."""
        return Unapplied(self.key, code_of, code, detail, unlock)

    def next_opening(self, moment: Moment) -> datetime | None:
        """When it opens next, for a moment at which it is closed; what was found stays true until then."""
        known = self._closed
        if known is not None and known[0] <= moment.at < known[1] and known[2][1:] == moment[1:]:
            return known[1]
        found = self.calendar.next_opening(moment) if self.calendar is not None else None
        if found is not None:
            self._closed = (moment.at, found, moment)
        return found


def _min_says(promotion: Promotion) -> str:
    least = promotion.min
    of = "the goods of this promotion" if least.of_goods else "goods"
    money = f"{least.minor} minor units of {of}" if least.minor else ""
    count = f"{least.quantity} pieces of {of}" if least.quantity else ""
    return f"From {' and '.join([t for t in (money, count) if t])} on."


def _names(promotion: Promotion, when: When | None, selector: Selector) -> frozenset[str]:
    names = set(when.names) if when else set()
    if promotion.lines:
        names |= selector.names_of(promotion.lines)
    return frozenset(names)


def _label(said: Goods) -> str:
    return goods.named(goods.selection_of(said))


def _cut(effect: Effect, offer: Offer, selector: Selector) -> Cut | None:
    """The cut that a discount effect makes; None for effects that are no discount."""
    chosen, label = offer.selection, offer.label
    original = offer.promotion.percent_of is PercentOf.ORIGINAL
    match effect:
        case PercentOff(target=Target.SHIPPING, ppm=ppm):
            return cuts.percent(goods.ALL_SHIPPING, Target.SHIPPING, ppm, original)
        case PercentOff(target=target, ppm=ppm):
            return cuts.percent(chosen, target, ppm, original)
        case AmountOff(target=Target.SHIPPING, minor=minor):
            return cuts.amount(goods.ALL_SHIPPING, Target.SHIPPING, minor)
        case AmountOff(target=target, minor=minor):
            return cuts.amount(chosen, target, minor)
        case FixedPrice(minor=minor):
            return cuts.UnitPrice(chosen, minor)
        case MemberPrice():
            return cuts.CatalogPrice(chosen)
        case Thresholds(steps=steps, is_repeated=repeated):
            return cuts.Stepped(chosen, original, steps, repeated, label)
        case NthItem(n=n, ppm=ppm):
            return pieces.EveryNth(chosen, original, n, ppm, label)
        case CheapestFree(of=of):
            return pieces.Got(chosen, original, WHOLE_PPM, label, buy=of - 1, get=1)
        case BuyGet() as said:
            got = pieces.Got(
                chosen, original, said.ppm, label, buy=said.buy, get=said.get, cheapest=said.is_cheapest_first
            )
            if said.goods is not None:
                got.got, got.got_label = selector.of(goods.selection_of(said.goods)), _label(said.goods)
            return got
        case Bundle(parts=parts, minor=minor):
            each = [(selector.of(goods.selection_of(p.goods)), p.quantity, _label(p.goods)) for p in parts]
            return pieces.Together(original, tuple(each), minor)
    return None


def _is_earn(effect: Effect) -> bool:
    return isinstance(effect, Earn)


def _earn(effect: Effect, promotion: Promotion, n: int, units: Mapping[str, UnitPlan]) -> Compiled:
    """An earn effect as an earn rule of the promotion's key. Its lines are handed to the decision ready made."""
    said = effect if isinstance(effect, Earn) else Earn(unit="")
    rule = EarnRule(
        key=promotion.key,
        unit=said.unit,
        fixed=said.fixed,
        rates=said.rates,
        per_unit=said.per_unit,
        multiplies=Multiplier(num=said.times[0], den=said.times[1], rules=(EVERYTHING,)) if said.times else None,
        basis=said.basis,
        priority=promotion.priority,
        funder=promotion.funder,
    )
    made = compiled.compile_rule(rule, units[said.unit])
    return made._replace(selection=made.selection._replace(lines=f"effects.{n} of {promotion.key}"))

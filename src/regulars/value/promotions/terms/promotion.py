"""Words of promotions as a document says them: who, when and which goods, what they bring, how often, beside what.

Money is whole minor units. Percentages are millionths (`ppm`): 12.5 % is 125_000. Empty lists mean "any".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeAlias

from regulars.value.promotions.terms.earning import Basis, OnExcess, Rate
from regulars.value.promotions.terms.pricing import OnReturn

WHOLE_PPM = 1_000_000  # 100 %
COUPON = "coupon:"  # a promotion with this before its key is what a template's coupons give


class Target(StrEnum):
    """What a percentage or an amount is taken off: the selected goods together, each line, each unit, or shipping."""

    ORDER = "order"  # rounded once over all selected lines, then shared by largest remainder
    LINE = "line"  # rounded on each line
    UNIT = "unit"
    SHIPPING = "shipping"


class PercentOf(StrEnum):
    """What a percentage is taken of: the price before any promotion, or what earlier promotions left of it."""

    ORIGINAL = "original"
    RUNNING = "running"


class Zone(StrEnum):
    """Whose wall clock a schedule reads."""

    STORE = "store"
    PROGRAM = "program"
    MEMBER = "member"


class Action(StrEnum):
    """What a limit counts: applications (sets, for effects that come in sets), or money."""

    TIMES = "times"
    MINOR = "minor"


class Per(StrEnum):
    """Whose count a limit is."""

    MEMBER = "member"
    PROGRAM = "program"
    STORE = "store"
    COUPON = "coupon"
    IDENTIFIER = "identifier"


class LimitPeriod(StrEnum):
    """How long a limit counts; days are local days of the program's zone."""

    BASKET = "basket"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    LIFETIME = "lifetime"


class OutcomeKind(StrEnum):
    """Effects that are no discount, no gift and no earning: they are told, and acted upon at close."""

    ISSUE_COUPON = "issue_coupon"
    CHALLENGE = "challenge"
    AUDIENCE = "audience"
    TIER = "tier"
    NOTIFY = "notify"
    CASHIER_MESSAGE = "cashier_message"
    WEBHOOK = "webhook"


@dataclass(frozen=True, kw_only=True)
class Hours:
    """From one minute of the day (inclusive) to another (exclusive); `to` before `start` runs past midnight."""

    start: int
    to: int


@dataclass(frozen=True, kw_only=True)
class Birthday:
    """A window of days around the birthday, or its whole month."""

    before: int = 0
    after: int = 0
    is_month: bool = False


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When a promotion is open. Everything said must hold.

    `starts` and `ends`: a local day (both inclusive) or a moment (`ends` exclusive; without offset: local time).
    `weekdays` 1 (Monday) to 7; `rrule` the days of RFC 5545; `member_day` a day of the month.
    """

    starts: date | datetime | None = None
    ends: date | datetime | None = None
    weekdays: tuple[int, ...] = ()
    hours: tuple[Hours, ...] = ()
    rrule: str | None = None
    member_day: int | None = None
    birthday: Birthday | None = None
    zone: Zone = Zone.STORE


@dataclass(frozen=True, kw_only=True)
class GoodsList:
    """Goods by any of: sku, category (or one below it), brand, attribute value."""

    skus: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    brands: frozenset[str] = frozenset()
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether it names nothing."""
        return not (self.skus or self.categories or self.brands or self.attributes)


@dataclass(frozen=True, kw_only=True)
class Goods:
    """Which goods: those that `include` names (all, if it names none) without those that `exclude` names."""

    include: GoodsList = GoodsList()
    exclude: GoodsList = GoodsList()


@dataclass(frozen=True, kw_only=True)
class Audiences:
    """In at least one of `any` (if it names some), and in none of `none`."""

    any: frozenset[str] = frozenset()
    none: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Min:
    """What must be in the basket: so much money and so many units of the promotion's goods, or of all goods."""

    minor: int = 0
    quantity: int = 0
    of_goods: bool = True  # False: of the whole basket's goods


@dataclass(frozen=True, kw_only=True)
class PercentOff:
    """A share off the target."""

    ppm: int
    target: Target = Target.LINE


@dataclass(frozen=True, kw_only=True)
class AmountOff:
    """An amount off the target: once over all, from each line, from each unit, or off the shipping."""

    minor: int
    target: Target = Target.LINE


@dataclass(frozen=True, kw_only=True)
class FixedPrice:
    """Each unit costs this much, where it cost more."""

    minor: int


@dataclass(frozen=True, kw_only=True)
class MemberPrice:
    """The catalog's member price, where it is lower."""


@dataclass(frozen=True, kw_only=True)
class BuyGet:
    """For every `buy` units, `get` more are cheaper by a share. `goods`: what may be got (None: the same goods).

    The cheapest units are the ones that are got; `is_cheapest_first` False gives the dearest.
    """

    buy: int
    get: int
    ppm: int = WHOLE_PPM
    goods: Goods | None = None
    is_cheapest_first: bool = True


@dataclass(frozen=True, kw_only=True)
class NthItem:
    """Of every `n` units, dearest first, the last is cheaper by a share."""

    n: int
    ppm: int


@dataclass(frozen=True, kw_only=True)
class CheapestFree:
    """For every `of` units in the basket, one of the cheapest is free."""

    of: int


@dataclass(frozen=True, kw_only=True)
class BundlePart:
    """So many units of some goods."""

    goods: Goods
    quantity: int = 1


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """All parts together for one price; as many bundles as the basket holds, dearest units first."""

    parts: tuple[BundlePart, ...]
    minor: int


@dataclass(frozen=True, kw_only=True)
class Step:
    """From this amount of the goods on: an amount off, or a share off."""

    from_minor: int
    minor: int = 0
    ppm: int = 0


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """The best step that the goods reach; with `is_repeated`, its amount for every time it is reached."""

    steps: tuple[Step, ...]
    is_repeated: bool = False


@dataclass(frozen=True, kw_only=True)
class Gift:
    """A gift: this sku, or one of `choose_from`."""

    sku: str = ""
    quantity: int = 1
    choose_from: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Prize:
    """A prize of a random reward. `weight` of the sum of weights is its published chance; `stock` None: enough.

    `kind` and `body` are the outcome when it is drawn; an empty kind is "no prize".
    """

    key: str
    weight: int
    kind: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    stock: int | None = None


@dataclass(frozen=True, kw_only=True)
class RandomReward:
    """One draw from prizes; `cap` is how many prizes are given at all (None: no end)."""

    prizes: tuple[Prize, ...]
    cap: int | None = None


@dataclass(frozen=True, kw_only=True)
class Earn:
    """Earning on the promotion's goods, after discounts. Exactly one of `fixed`, `rates`, `per_unit` and `times`.

    `times` is (num, den) as a multiplier of all rules of the unit.
    """

    unit: str
    fixed: int | None = None
    rates: Mapping[str, Rate] = field(default_factory=dict)
    per_unit: int | None = None
    times: tuple[int, int] | None = None
    basis: Basis = Basis.AFTER_DISCOUNT


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something to do at close, told with a body of JSON values."""

    kind: OutcomeKind
    body: Mapping[str, Any] = field(default_factory=dict)


Effect: TypeAlias = (
    PercentOff
    | AmountOff
    | FixedPrice
    | MemberPrice
    | BuyGet
    | NthItem
    | CheapestFree
    | Bundle
    | Thresholds
    | Gift
    | RandomReward
    | Earn
    | Act
)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """At most `limit` times or minor units in a period."""

    limit: int
    action: Action = Action.TIMES
    per: Per = Per.MEMBER
    period: LimitPeriod = LimitPeriod.BASKET
    on_excess: OnExcess = OnExcess.CAP


@dataclass(frozen=True, kw_only=True)
class Budget:
    """All the money that a promotion may ever give away. Hot: spread over slots, for a rush."""

    minor: int
    is_hot: bool = False


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """One promotion of a version. `group`: an exclusivity group; `is_exclusive`: only alone.

    `always` and `never` name promotions that it may join whatever groups say, and that it never joins. `plans`,
    `benefits`: for who has any of these. `uses_benefit`: the sale uses one of this benefit, and only who has it left
    gets the promotion. A paused one is kept and does not act. `coupon`: the template whose coupons trigger it (its
    key is then `coupon:<template>`); None: automatic.
    """

    key: str
    effects: tuple[Effect, ...]
    name: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    is_paused: bool = False
    coupon: str | None = None
    priority: int = 0
    group: str | None = None
    is_exclusive: bool = False
    always: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    when: str | None = None
    lines: str | None = None
    schedule: Schedule | None = None
    stores: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    audiences: Audiences = Audiences()
    plans: tuple[str, ...] = ()
    benefits: tuple[str, ...] = ()
    uses_benefit: str | None = None
    tenders: tuple[str, ...] = ()
    members_only: bool = False
    goods: Goods = Goods()
    min: Min = Min()
    percent_of: PercentOf = PercentOf.RUNNING
    cap_minor: int | None = None
    limits: tuple[Limit, ...] = ()
    budget: Budget | None = None
    funder: str | None = None
    on_return: OnReturn = OnReturn.KEEP
    was: Mapping[str, int] = field(default_factory=dict)

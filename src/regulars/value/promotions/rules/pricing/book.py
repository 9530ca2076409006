"""All promotions of a version, indexed: a store, a channel, a day and a kind of customer leave few to look at.

What a place or a customer rules out is ruled out once, with its reasons, and remembered: a basket then only takes the
list. Everything here is the same for every basket; nothing remembered depends on when it was remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from regulars.value.promotions.rules.pricing.allowing import limits_beyond
from regulars.value.promotions.rules.pricing.currencies import differs, has_money
from regulars.value.promotions.rules.pricing.goods import Selector
from regulars.value.promotions.rules.pricing.offers import Offer
from regulars.value.promotions.rules.scheduling import Moment
from regulars.value.promotions.terms import Promotion, StackingPolicy, Unapplied, UnitPlan, Unlock

_MOST_DAYS, _MOST_PLACES, _MOST_DESKS = 64, 256, 512
MOST_COUPONS_TOLD = (
    20  # a program may have thousands of templates: of those that nobody brought, a basket hears of these
)
_BLOCKED = {"suspended": "member_suspended", "closed": "member_closed"}


Place = tuple[str | None, str, date, str]  # store, channel, local day of the store, currency of the sale
Coupons = Mapping[str, tuple[Offer, Unapplied | None]]  # what needs a code, by template in order of rank


class Day(NamedTuple):
    """What a day leaves anywhere: offers, and why they are closed all day (None: they are not)."""

    offers: tuple[tuple[Offer, Unapplied | None], ...]
    coupons: Coupons


class Stock(NamedTuple):
    """What a place offers on a day, and what it does not, and why."""

    open: tuple[Offer, ...]
    refused: tuple[tuple[Offer, Unapplied], ...]
    coupons: Coupons


class Customer(NamedTuple):
    """What rules out promotions before goods are looked at. `blocked`: why a member counts as a guest.

    `audiences`: also her plans and benefits, as `plan:…` and `benefit:…`.
    """

    is_member: bool
    blocked: str
    tier: str | None
    audiences: frozenset[str]
    tenders: frozenset[str]


class Shelf(NamedTuple):
    """The offers of one selection. `start`, `end`: their places in the desk's `nothing`."""

    start: int
    end: int
    number: int
    offers: tuple[Offer, ...]


class Desk(NamedTuple):
    """What one kind of customer may get at one place on one day.

    `nothing`: what offers say if none of their lines is there, those of one selection together. `shelves`: by the
    number of a selection, where in `nothing` its offers begin and end, and they themselves. `coupons`: offers that
    need a code, by template, and why the place rules them out (None: it does not). `without_code`: what a basket is
    told that brings none of them, by template: first those that this customer could use.
    """

    nothing: tuple[Unapplied, ...]
    shelves: Mapping[int, Shelf]
    refused: tuple[Unapplied, ...]
    coupons: Coupons
    without_code: Mapping[str, Unapplied]


class Book:
    """The promotions of a version, compiled: made once per version and process, shared by threads."""

    def __init__(
        self,
        *,
        promotions: Iterable[Promotion],
        units: Mapping[str, UnitPlan],
        parents: Mapping[str, str | None],
        brands: Mapping[str, str],
        zone: str,
        stacking: StackingPolicy,
        currency: str | None = None,
    ) -> None:
        self.selector = Selector()
        ordered = sorted([p for p in promotions if not p.is_paused], key=lambda p: (-p.priority, p.key))
        self.offers = tuple([Offer(p, n, self.selector, units) for n, p in enumerate(ordered)])
        self.zone, self.stacking = zone, stacking
        self.by_template = {o.coupon: o for o in self.offers if o.coupon is not None}
        names: set[str] = set()
        for offer in self.offers:
            names |= offer.names
            if offer.promotion.audiences.any or offer.promotion.audiences.none:
                names.add("member.audiences")
            if offer.plans:
                names.add("member.plans")
            if offer.benefits or offer.uses:
                names.add("member.benefits")
        self.names = frozenset(names)
        asked = [o.when.rest.expression.names for o in self.offers if o.when and o.when.rest and o.when.is_bound]
        self.bound_names = tuple(sorted(frozenset().union(*asked)))  # what conditions ask that are not remembered
        self.counts_days = any(p.limits for p in ordered)
        self._limited = tuple([p for p in ordered if p.limits or p.budget or not _is_plain(p)])
        self._parents, self._brands = dict(parents), dict(brands)
        audiences = [p.audiences.any | p.audiences.none for p in ordered]
        has = [o.plans | o.benefits | ({o.uses} if o.uses else frozenset()) for o in self.offers]
        self.asks_benefits = any(has)
        self._audiences = frozenset().union(*audiences, *has)
        self._tenders = frozenset([t for p in ordered for t in p.tenders])
        self._currency = currency  # of all amounts of money; None: of whatever a basket is in
        self._moneyed = frozenset([o.key for o in self.offers if has_money(o, stacking)])
        self._placed = tuple([o for o in self.offers if o.coupon is not None and _is_placed(o.promotion)])
        self._days: dict[tuple[date, str], Day] = {}
        self._places: dict[Place, Stock] = {}
        self._desks: dict[tuple[Place, Customer], Desk] = {}

    def limits(
        self, *, store: str | None, day: date, coupons: tuple[str, ...], identifiers: tuple[str, ...]
    ) -> dict[str, int]:
        """The limits and budgets beyond the member that a decision may look at: how much each allows, by key."""
        held = set(coupons)
        found: dict[str, int] = {}
        for promotion in self._limited:
            if promotion.coupon is None or promotion.coupon in held:
                found.update(limits_beyond(promotion, store, day, identifiers))
        return {key: found[key] for key in sorted(found)}

    def customer(
        self, status: str | None, tier: str | None, audiences: frozenset[str], tenders: frozenset[str]
    ) -> Customer:
        """The kind of customer; what no promotion asks is left out, so that few kinds exist.

        Args: status: None for a guest.
        """
        blocked = _BLOCKED.get(status or "", "")
        is_member = status is not None and not blocked
        mine = audiences & self._audiences if is_member else frozenset()
        return Customer(is_member, blocked, tier if is_member else None, mine, tenders & self._tenders)

    def desk(self, place: Place, customer: Customer, moment: Moment) -> Desk:
        """What may be offered at a place to a kind of customer."""
        key = (place, customer)
        desk = self._desks.get(key)
        if desk is None:
            if len(self._desks) >= _MOST_DESKS:
                self._desks.clear()
            desk = self._desks[key] = _desk(self._at(place, moment), customer)
        return desk

    def desk_of(self, keys: frozenset[str], place: Place, customer: Customer, moment: Moment) -> Desk:
        """As `desk`, of certain promotions only; not remembered."""
        stock = self._at(place, moment)
        mine = Stock(
            tuple([o for o in stock.open if o.key in keys]),
            tuple([(o, r) for o, r in stock.refused if o.key in keys]),
            {t: found for t, found in stock.coupons.items() if found[0].key in keys},
        )
        return _desk(mine, customer)

    def _at(self, place: Place, moment: Moment) -> Stock:
        found = self._places.get(place)
        if found is None:
            store, channel, day, currency = place
            line = self._line_of(store)
            brand = next((b for s in line if (b := self._brands.get(s))), None)
            open_: list[Offer] = []
            refused: list[tuple[Offer, Unapplied]] = []
            live, at = self._on(day, moment), frozenset(line)
            for offer, why in live.offers:
                why = _place_bars(offer, at, brand, channel) or self._abroad(offer, currency) or why
                if why is None:
                    open_.append(offer)
                else:
                    refused.append((offer, why))
            coupons = live.coupons
            is_home = self._currency in (None, currency)
            if self._placed or not is_home:
                coupons = dict(coupons)
                for offer in self._placed if is_home else self.by_template.values():
                    if (known := coupons.get(offer.coupon or "")) is not None:
                        bars = _place_bars(offer, at, brand, channel) or self._abroad(offer, currency)
                        coupons[offer.coupon or ""] = (offer, bars or known[1])
            if len(self._places) >= _MOST_PLACES:
                self._places.clear()
            found = self._places[place] = Stock(tuple(open_), tuple(refused), coupons)
        return found

    def _abroad(self, offer: Offer, currency: str) -> Unapplied | None:
        """Why an offer has no meaning in a currency; None when it has."""
        if self._currency is None or currency == self._currency or offer.key not in self._moneyed:
            return None
        return differs(offer, self._currency)

    def _on(self, day: date, moment: Moment) -> Day:
        key = (day, moment.store_zone)
        found = self._days.get(key)
        if found is None:
            live: list[tuple[Offer, Unapplied | None]] = []
            for offer in self.offers:
                why = None
                if offer.calendar is not None and not offer.calendar.may_open(day):
                    if offer.calendar.answer(moment).code == "ended":
                        continue  # no longer live
                    why = _closed(offer, moment)
                live.append((offer, why))
            if len(self._days) >= _MOST_DAYS:
                self._days.clear()
            found = self._days[key] = Day(
                tuple([one for one in live if one[0].coupon is None]),
                {one[0].coupon: one for one in live if one[0].coupon is not None},
            )
        return found

    def _line_of(self, store: str | None) -> list[str]:
        """The store and the regions above it."""
        line: list[str] = []
        while store is not None and store not in line:
            line.append(store)
            store = self._parents.get(store)
        return line


def _is_plain(promotion: Promotion) -> bool:
    return not any(True for _ in limits_beyond(promotion, None, date.min, ()))


def _is_placed(promotion: Promotion) -> bool:
    return bool(promotion.stores or promotion.brands or promotion.channels)


def _place_bars(offer: Offer, line: frozenset[str], brand: str | None, channel: str) -> Unapplied | None:
    said = offer.promotion
    if said.stores and line.isdisjoint(said.stores):
        names = ", ".join(said.stores)
        return offer.refusal(
            "store", f"Only in {names}.", Unlock("store", 0, said.stores[0], None, f"Buy in {names}.")
        )
    if said.brands and brand not in said.brands:
        return offer.refusal("brand", f"Only with {', '.join(said.brands)}.")
    if said.channels and channel not in said.channels:
        names = ", ".join(said.channels)
        unlock = Unlock("channel", 0, said.channels[0], None, f"Buy through {names}.")
        return offer.refusal("channel", f"Only through {names}.", unlock)
    return None


def _closed(offer: Offer, moment: Moment) -> Unapplied:
    """Closed for the whole day: the same answer for every moment of it and every customer."""
    anyone = moment._replace(member_zone=None, birth=None)
    return closed(offer, anyone) or offer.refusal("schedule", "Not open on this day.")


def closed(offer: Offer, moment: Moment) -> Unapplied | None:
    """Why an offer is closed at a moment, with the next opening; None when it is open."""
    if offer.calendar is None:
        return None
    answer = offer.calendar.answer(moment)
    if answer.is_open:
        return None
    if answer.code == "ended":
        return offer.refusal("ended", answer.detail)
    opening = offer.next_opening(moment)
    unlock = None
    if opening is not None:
        unlock = Unlock("wait_until", 0, "", opening, f"Wait until {opening.isoformat(' ', 'minutes')}.")
    return offer.refusal("schedule", answer.detail, unlock)


def _desk(stock: Stock, customer: Customer) -> Desk:
    told = [why for _, why in stock.refused]
    by_selection: dict[int, list[Offer]] = {}
    for offer in stock.open:
        why = customer_bars(offer, customer)
        if why is not None:
            told.append(why)
        else:
            by_selection.setdefault(offer.selection, []).append(offer)
    nothing: list[Unapplied] = []
    shelves: dict[int, Shelf] = {}
    for n, of in sorted(by_selection.items()):
        shelves[n] = Shelf(len(nothing), len(nothing) + len(of), n, tuple(of))
        nothing += [o.nothing for o in of]
    return Desk(tuple(nothing), shelves, tuple(told), stock.coupons, _without_code(stock.coupons, customer))


def _without_code(coupons: Coupons, customer: Customer) -> dict[str, Unapplied]:
    """What is told of coupons that nobody brought; nothing is written for those that are not told of."""
    near: list[tuple[Offer, Unapplied]] = []
    far: list[tuple[Offer, Unapplied | None]] = []
    for offer, why in coupons.values():
        wanted = offer.promotion.audiences.any
        if why is None and not (wanted and wanted.isdisjoint(customer.audiences)):
            why = customer_bars(offer, customer)
            if why is None:
                near.append((offer, _needs_code(offer)))
                if len(near) == MOST_COUPONS_TOLD:
                    break
                continue
        if len(far) < MOST_COUPONS_TOLD:
            far.append((offer, why))
    rest = far[: MOST_COUPONS_TOLD - len(near)]
    told = near + [(o, why or customer_bars(o, customer) or _needs_code(o)) for o, why in rest]
    told.sort(key=lambda found: found[0].rank)
    return {offer.coupon or "": why for offer, why in told}


def _needs_code(offer: Offer) -> Unapplied:
    template = offer.coupon or ""
    return offer.refusal("coupon", "Needs a coupon.", Unlock("coupon", 1, template, None, "Show a coupon."))


def customer_bars(offer: Offer, customer: Customer) -> Unapplied | None:
    """Why this kind of customer does not get an offer, whatever she buys; None when she may."""
    said = offer.promotion
    if offer.needs_member and not customer.is_member:
        if customer.blocked:
            return offer.refusal(customer.blocked, "The member gets no offers at present.")
        return offer.refusal("members_only", "Only for members.", Unlock("join", 0, "", None, "Join the programme."))
    if said.tiers and customer.tier not in said.tiers:
        names = ", ".join(said.tiers)
        return offer.refusal("tier", f"Only for {names}.", Unlock("tier", 0, said.tiers[0], None, f"Reach {names}."))
    if said.audiences.any and said.audiences.any.isdisjoint(customer.audiences):
        return offer.refusal("audience", f"Only for {', '.join(sorted(said.audiences.any))}.")
    if not said.audiences.none.isdisjoint(customer.audiences):
        return offer.refusal("audience", f"Not for {', '.join(sorted(said.audiences.none & customer.audiences))}.")
    if offer.has_belonging and (why := _belonging_bars(offer, customer)) is not None:
        return why
    if said.tenders and customer.tenders.isdisjoint(said.tenders):
        names = ", ".join(said.tenders)
        unlock = Unlock("tender", 0, said.tenders[0], None, f"Pay with {names}.")
        return offer.refusal("tender", f"Only when paid with {names}.", unlock)
    return None


def _belonging_bars(offer: Offer, customer: Customer) -> Unapplied | None:
    """Why her plans and benefits are not those that an offer asks for; None when they are."""
    said = offer.promotion
    if offer.plans and offer.plans.isdisjoint(customer.audiences):
        return offer.refusal("plan", f"Only with {', '.join(said.plans)}.")
    if offer.benefits and offer.benefits.isdisjoint(customer.audiences):
        return offer.refusal("benefit", f"Only with {', '.join(said.benefits)}.")
    if offer.uses and offer.uses not in customer.audiences:
        return offer.refusal("benefit", f"Only while {said.uses_benefit} is left to use.")
    return None

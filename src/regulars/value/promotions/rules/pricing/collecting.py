"""From a basket to its candidates: every live promotion qualifies, or says the first thing that it misses."""

from __future__ import annotations

from datetime import date
from operator import attrgetter
from typing import cast
from zoneinfo import ZoneInfo

from regulars.kernel import expressions
from regulars.kernel.expressions import Activation
from regulars.value.promotions.rules import conditions, limits
from regulars.value.promotions.rules.pricing import allowing, goods
from regulars.value.promotions.rules.pricing.acting import Candidate, most
from regulars.value.promotions.rules.pricing.allowing import FREE, Room, Whose
from regulars.value.promotions.rules.pricing.book import Book, Desk, closed, customer_bars
from regulars.value.promotions.rules.pricing.checks import Asked
from regulars.value.promotions.rules.pricing.cuts import Till
from regulars.value.promotions.rules.pricing.offers import Offer
from regulars.value.promotions.rules.scheduling import Moment
from regulars.value.promotions.terms import CouponHeld, MemberFacts, Question, Snapshot, Unapplied, Unlock

_ORDER = attrgetter("order")
_new = tuple.__new__


class Collecting:
    """One question's candidates in the making."""

    def __init__(self, question: Question, snapshot: Snapshot, book: Book) -> None:
        basket, member = question.basket, question.member
        self.question, self.book = question, book
        self.customer = book.customer(
            member.status if member is not None else None,
            (member.tier or snapshot.base_tier) if member is not None else None,
            _lists(member, book) if member is not None else frozenset(),
            frozenset([t.type for t in basket.tenders]),
        )
        self.member: MemberFacts | None = member if self.customer.is_member else None
        self.tier = self.customer.tier
        # a guest's facts are never asked for: what names them is refused before
        held = tuple([c.template for c in question.coupons if not c.refused])
        self.facts = conditions.Facts(basket, cast(MemberFacts, self.member), self.tier, held)
        amounts = [line.amount_minor for line in basket.lines]
        self.till = Till(
            basket.lines, amounts, book.selector.select(basket.lines, amounts, self.facts, self.member is None)
        )
        self.out: list[Unapplied] = []
        self.candidates: list[Candidate] = []
        self._asked = Asked(self.till, basket, self.tier, self.facts)
        self._whose: Whose | None = None
        self._activation: Activation | None = None
        self.moment = self._moment()

    def _moment(self) -> Moment:
        basket, member = self.question.basket, self.member
        birth = None
        if member is not None and member.birth_month is not None and member.birth_day is not None:
            birth = (member.birth_month, member.birth_day)
        return Moment(
            basket.occurred_at, basket.store_zone, self.book.zone, member.zone if member is not None else None, birth
        )

    @property
    def whose(self) -> Whose:
        """Whom limits count for."""
        if self._whose is None:
            counters = self.question.member.counters if self.question.member is not None else {}
            day = self.question.basket.occurred_at.astimezone(ZoneInfo(self.book.zone)).date()
            self._whose = Whose(
                counters if self.member is not None else None,
                self.question.basket.store,
                day,
                limits.newest_day(counters, day),
                self.question.left,
                self.question.identifiers,
            )
        return self._whose

    def collect(self) -> None:
        """Sort every live promotion into candidates and refusals."""
        question, book = self.question, self.book
        basket = question.basket
        day: date = basket.occurred_at.astimezone(ZoneInfo(basket.store_zone)).date()
        place = (basket.store, basket.channel, day, basket.currency)
        if question.only is None:
            desk = book.desk(place, self.customer, self.moment)
        else:
            desk = book.desk_of(question.only, place, self.customer, self.moment)
        self.out += desk.refused
        self._shelves(desk)
        if desk.coupons or question.coupons:
            self._coupons(desk, question.coupons)
        self.candidates.sort(key=_ORDER)

    def _shelves(self, desk: Desk) -> None:
        till, out, candidates = self.till, self.out, self.candidates
        amounts = till.amounts
        every = till.pick(goods.ALL_GOODS).total
        nothing, told = desk.nothing, 0
        for start, end, number, offers in sorted([desk.shelves[n] for n in till.picked if n in desk.shelves]):
            out += nothing[told:start]
            told = end
            total = till.picked[number].total
            for offer in offers:
                if offer.is_simple and not offer.min_units:
                    missing = offer.min_minor - (total if offer.min_pick == number else every)
                    if missing > 0:
                        unlock = _new(Unlock, ("spend_minor", missing, offer.label, None, "Spend more."))
                        out.append(_new(Unapplied, (offer.key, None, "too_little", offer.min_detail, unlock)))
                        continue
                    value = offer.cuts[0].most(till, amounts) if offer.is_bare else most(offer, FREE, till)
                    if value or not offer.cuts:
                        candidates.append(Candidate(offer, None, FREE, value))
                        continue
                self._consider(offer, None)
        out += nothing[told:]

    def _coupons(self, desk: Desk, held: tuple[CouponHeld, ...]) -> None:
        if not held:
            self.out += desk.without_code.values()
            return
        codes: dict[str, list[CouponHeld]] = {}
        for _, coupon in sorted({(c.template, c.code): c for c in held}.items()):
            codes.setdefault(coupon.template, []).append(coupon)
        self.out += [why for template, why in desk.without_code.items() if template not in codes]
        known = sorted([t for t in codes if t in desk.coupons], key=lambda t: desk.coupons[t][0].rank)
        for template in known:
            offer, why = desk.coupons[template]
            why = why or customer_bars(offer, self.customer)
            for coupon in codes.pop(template):
                if coupon.refused:
                    self.out.append(Unapplied(offer.key, coupon.code, coupon.refused, coupon.detail))
                elif why is not None:
                    self.out.append(why._replace(coupon=coupon.code))
                else:
                    self._consider(offer, coupon.code)
        for template, mine in sorted(codes.items()):
            if self.question.only is None:
                for coupon in mine:
                    code, detail = coupon.refused or "no_promotion", coupon.detail or "Nothing is given for it now."
                    self.out.append(Unapplied(f"coupon:{template}", coupon.code, code, detail))

    def _consider(self, offer: Offer, code: str | None) -> None:
        """Make a candidate of an offer, or say what it misses first."""
        why = self._misses(offer, code)
        if why is not None:
            if why.code != "ended":  # no longer live
                self.out.append(why)
            return
        room = FREE
        if offer.is_limited:
            room = self._room(offer)
            if room.code:
                self.out.append(offer.refusal(room.code, room.detail, None, code))
                return
        value = most(offer, room, self.till) if offer.cuts else 0
        if offer.cuts and not value:
            short = offer.cuts[0].shortfall(self.till)
            self.out.append(offer.refusal(short.code, short.detail, short.unlock, code))
            return
        self.candidates.append(Candidate(offer, code, room, value))

    def _misses(self, offer: Offer, code: str | None) -> Unapplied | None:
        till = self.till
        if offer.selection not in till.picked:
            return offer.nothing if code is None else offer.nothing._replace(coupon=code)
        if offer.min_minor or offer.min_units:
            pick = till.pick(offer.min_pick)
            label = offer.label if offer.min_pick == offer.selection else ""
            if offer.min_minor > pick.total:
                unlock = Unlock("spend_minor", offer.min_minor - pick.total, label, None, "Spend more.")
                return offer.refusal("too_little", offer.min_detail, unlock, code)
            if offer.min_units and offer.min_units > pick.units:
                unlock = Unlock("add_units", offer.min_units - pick.units, label, None, "Add more pieces.")
                return offer.refusal("too_few", offer.min_detail, unlock, code)
        if offer.when is not None:
            for check in offer.when.checks:
                short = check(self._asked)
                if short is not None:
                    return offer.refusal(short.code, short.detail, short.unlock, code)
            rest = offer.when.rest
            if rest is not None:
                said = rest.why_not_among(self._bound()) if offer.when.is_bound else rest.why_not(self.facts)
                if said:
                    return offer.refusal("condition", said, None, code)
        if offer.calendar is not None:
            why = closed(offer, self.moment)
            if why is not None:
                return why if code is None else why._replace(coupon=code)
        return None

    def _bound(self) -> Activation:
        """The facts of conditions whose answers are not remembered, bound once for all of them."""
        if self._activation is None:
            facts, is_guest = self.facts, self.member is None
            named = {n: facts[n] for n in self.book.bound_names if not (is_guest and n.startswith("member."))}
            self._activation = expressions.activation(conditions.OF_BASKET, named)
        return self._activation

    def _room(self, offer: Offer) -> Room:
        return allowing.room(offer.promotion, self.whose)


def _lists(member: MemberFacts, book: Book) -> frozenset[str]:
    """What a customer is on or has, as offers ask for it."""
    if not book.asks_benefits:
        return member.audiences
    has = [f"plan:{key}" for key in member.plans] + [f"benefit:{key}" for key in member.benefits]
    return member.audiences | frozenset(has)

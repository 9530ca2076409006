"""The whole decision: what a basket saves, what points pay of the rest, and what the rest earns."""

from __future__ import annotations

from collections.abc import Mapping

from regulars.value.promotions.rules import limits
from regulars.value.promotions.rules.deciding import evaluate
from regulars.value.promotions.rules.pricing import acting, allowing, outcomes, search, tendering
from regulars.value.promotions.rules.pricing.acting import Acted, Candidate
from regulars.value.promotions.rules.pricing.allowing import Room
from regulars.value.promotions.rules.pricing.book import Book
from regulars.value.promotions.rules.pricing.collecting import Collecting
from regulars.value.promotions.rules.pricing.cuts import Stepped
from regulars.value.promotions.rules.pricing.offers import Offer
from regulars.value.promotions.rules.pricing.problems import Problem
from regulars.value.promotions.rules.pricing.search import Found
from regulars.value.promotions.rules.selecting import ALONE, Beside
from regulars.value.promotions.terms import (
    Action,
    AppliedPromotion,
    Basket,
    Decision,
    Line,
    Outcome,
    PricedLine,
    Pricing,
    Question,
    Search,
    Share,
    Snapshot,
    SpendPlan,
    Unapplied,
    Verdict,
)

_MOST_RIVALS = 32
_new = tuple.__new__  # as the NamedTuple itself makes one, without its keywords: twice as fast


class _Bill:
    """What the chosen combination does, as it is added up: by line what is left and who took it."""

    __slots__ = ("acted", "applied", "effective", "net", "numbers", "outcomes", "shares")

    def __init__(self, lines: tuple[Line, ...]) -> None:
        self.net = [line.amount_minor for line in lines]
        self.numbers = [line.n for line in lines]
        self.shares: list[list[Share]] = [[] for _ in lines]
        self.applied: list[AppliedPromotion] = []
        self.outcomes: list[Outcome] = []
        self.acted: list[tuple[Room, int, int]] = []
        self.effective: list[Candidate] = []


def decide(*, question: Question, snapshot: Snapshot) -> Verdict:
    """Price a basket, let points pay, and say what the rest earns. The same question has the same answer.

    Promotions act in order of priority (higher first), then key, in the best combination that the program's stacking
    allows. An effect rounds once in its scope, half up, and is shared by largest remainder (ties by place).

    Args: question: amounts in minor units, lines in order of n. snapshot: the version's rules and promotions.
    """
    book: Book | None = snapshot.book
    if book is None or not book.offers:
        bill, found, unapplied = _Bill(question.basket.lines), Search(), []
        collecting = None
    else:
        collecting = Collecting(question, snapshot, book)
        collecting.collect()
        problem = Problem(collecting.candidates, collecting.till, book.stacking)
        combination = search.best(problem)
        unapplied, found = collecting.out, combination.search
        bill = _bill(problem, combination, collecting)
    total = sum(bill.net)
    member = question.member
    rates = snapshot.tender_rates if question.basket.currency == snapshot.currency else ()  # no rate in others
    plans, refused = tendering.tender(question.spend, rates, member, total, snapshot.units)
    unapplied += refused
    lines = _priced(question, bill, plans)
    takes, raised = allowing.takes(bill.acted)
    counters = None
    if raised and member is not None and collecting is not None:
        merged = {**member.counters, **{k: member.counters.get(k, 0) + n for k, n in raised.items()}}
        counters = limits.forget(merged, collecting.whose.newest)
    subtotal = sum([line.amount_minor for line in lines])
    pricing = Pricing(
        lines=lines,
        subtotal_minor=subtotal,
        discount_minor=subtotal - total,
        total_minor=total,
        applied=tuple(bill.applied),
        unapplied=tuple(unapplied),
        outcomes=tuple(bill.outcomes),
        takes=takes,
        counters=counters,
        search=found,
    )
    earning = _earning(question, snapshot, bill, lines, collecting, counters)
    after = earning.counters if earning.counters is not None else counters
    return Verdict(pricing=pricing, earning=earning, spend=tuple(plans), counters=after)


def _bill(problem: Problem, combination: Found, collecting: Collecting) -> _Bill:
    """Let the combination act, and say why the others do not."""
    till, out, question = problem.till, collecting.out, collecting.question
    bill = _Bill(till.lines)
    net, spent, chosen, seen = bill.net, dict[str, int](), combination.chosen, combination.acted
    for i, one in enumerate(problem.ones):
        if not chosen >> i & 1:
            out.append(_lost(problem, i, chosen))
            continue
        pools = problem.pools[i]
        acted = seen.get(i) or acting.act(one, till, net, pools, spent)
        if one.offer.cuts and not acted.total:
            out.append(_left_nothing(one, collecting))
            continue
        if one.offer.cuts:
            out += _could_be_more(one, acted, net, collecting)
            acting.charge(spent, pools, acted)
        _book(bill, one, acted)
        if one.offer.acts:
            found, stocks = outcomes.outcomes(one.offer, one.code, question.seed, question.left)
            bill.outcomes += found
            bill.acted += [(Room(counted=(c._replace(action=Action.TIMES),)), 1, 0) for c in stocks]
    return bill


def _book(bill: _Bill, one: Candidate, acted: Acted) -> None:
    """Write what a candidate takes into the lines."""
    offer, code = one.offer, one.code
    shares, numbers, net, key = bill.shares, bill.numbers, bill.net, offer.key
    parts = [(i, part) for i, part in zip(acted.idx, acted.parts, strict=True) if part]
    for i, part in parts:
        net[i] -= part
        shares[i].append(_new(Share, (key, code, part)))
    told = tuple([(numbers[i], part) for i, part in parts])
    bill.applied.append(
        _new(AppliedPromotion, (offer.key, code, acted.total, acted.wanted, told, offer.promotion.on_return))
    )
    bill.effective.append(one)
    if one.room.counted:
        bill.acted.append((one.room, acted.times, acted.total))


def _lost(problem: Problem, i: int, chosen: int) -> Unapplied:
    """Why a candidate is not in the combination."""
    one, others = problem.ones[i], problem.excludes[i] & chosen
    offer = one.offer
    if others:
        winner = problem.ones[(others & -others).bit_length() - 1].offer
        told = offer.rivals.get(winner.key)
        if told is None:
            if len(offer.rivals) >= _MOST_RIVALS:
                offer.rivals.clear()
            told = offer.rivals[winner.key] = _lost_to(offer, winner)
        return told if one.code is None else told._replace(coupon=one.code)
    if problem.fits(i, chosen):
        return Unapplied(offer.key, one.code, "combination", "The others save more without it.")
    return Unapplied(offer.key, one.code, "most", "No more promotions may join.")


def _lost_to(offer: Offer, winner: Offer) -> Unapplied:
    if winner.key in offer.promotion.never or offer.key in winner.promotion.never:
        return offer.refusal("never_with", f"Never together with {winner.key}.")
    if offer.is_exclusive or winner.is_exclusive:
        return offer.refusal("exclusive", f"Not together with {winner.key}.")
    return offer.refusal("group", f"{winner.key} of {offer.group} is better.")


def _left_nothing(one: Candidate, collecting: Collecting) -> Unapplied:
    """A chosen candidate for which others, or a cap, leave nothing."""
    said = "The other promotions and caps leave nothing that it could take off."
    return one.offer.refusal("nothing_left", said, None, one.code)


def _could_be_more(one: Candidate, acted: Acted, net: list[int], collecting: Collecting) -> list[Unapplied]:
    """What an acting candidate is short of: a cap that cut it, a step that is near."""
    found = []
    offer = one.offer
    if acted.total < acted.wanted:
        said = f"{acted.total} of {acted.wanted} minor units; the rest is above a cap."
        found.append(offer.refusal("cap_reached", said, None, one.code))
    for cut in offer.cuts:
        if isinstance(cut, Stepped):
            near = cut.next_step(collecting.till, net)
            if near is not None:
                found.append(offer.refusal(near.code, near.detail, near.unlock, one.code))
    return found


def _priced(question: Question, bill: _Bill, plans: list[SpendPlan]) -> tuple[PricedLine, ...]:
    lines, net, shares = question.basket.lines, bill.net, bill.shares
    paid = [0] * len(net)
    for plan in plans:
        free = [n - p for n, p in zip(net, paid, strict=True)]
        parts = tendering.shared(plan.minor, [line.kind for line in lines], free)
        paid = [p + part for p, part in zip(paid, parts, strict=True)]
    out = []
    for i, line in enumerate(lines):
        was, now = line.amount_minor, net[i]
        out.append(_new(PricedLine, (line.n, line.id, was, was - now, now, tuple(shares[i]), paid[i])))
    return tuple(out)


def _earning(
    question: Question,
    snapshot: Snapshot,
    bill: _Bill,
    lines: tuple[PricedLine, ...],
    collecting: Collecting | None,
    counters: Mapping[str, int] | None,
) -> Decision:
    """What is earned on what lines cost after discounts, without what points pay (unless the program says so)."""
    basket, member = question.basket, question.member
    keeps = snapshot.policies.earns_on_points_tender
    changed = [
        _new(Line, (*line[:4], p.net_minor if keeps else p.net_minor - p.tendered_minor, *line[5:]))
        if p.discount_minor or p.tendered_minor
        else line
        for line, p in zip(basket.lines, lines, strict=True)
    ]
    spent = [p for p in lines if p.tendered_minor]
    earns = [one for one in bill.effective if one.offer.earns]
    before = {p.n: p.amount_minor for p in lines if p.discount_minor}
    if before or spent:
        basket = _new(Basket, (*basket[:5], tuple(changed), *basket[6:]))
    if member is not None and counters is not None:
        member = member._replace(counters=counters)
    beside = ALONE
    if collecting is not None and (before or earns):
        rules, meant = [], {}
        for one in earns:
            for rule in one.offer.earns:
                rules.append(rule)
                picked = collecting.till.pick(one.offer.selection)
                meant[rule.selection.lines or ""] = frozenset([basket.lines[i].n for i in picked.idx])
        beside = Beside(tuple(rules), meant, before)
    return evaluate(basket=basket, member=member, snapshot=snapshot, now=question.basket.occurred_at, beside=beside)

"""What a return of a decided order settles: money, points' worth, limits, coupons, stock.

Every number is a function of all that has come back so far, less what was undone before; so any split of a full
return ends the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from regulars.kernel import money
from regulars.value.orders.rules.returning import share
from regulars.value.orders.terms import (
    Applying,
    BenefitUsed,
    Extras,
    Held,
    NotUndone,
    Repriced,
    Settlement,
    SoldLine,
    SpentHere,
    Undone,
)
from regulars.value.promotions.terms import LineKind, OnReturn

_MINOR = ":minor"  # of a counter of the member's own that counts money
_LISTED = {
    "challenge": "progress is told to the challenge, which takes it back by its own rules",
    "audience": "the member may have been in it before",
    "notify": "what was sent cannot be called back",
    "webhook": "what was told to another system cannot be called back",
    "random_reward": "a prize that was drawn is not drawn back",
}


class _Value(NamedTuple):
    """What has come back of an order in all, in minor units: as value, and the part of it that points had paid."""

    value: int
    points: int


def settle(*, lines: Sequence[SoldLine], extras: Extras, undone: Undone, held: Held) -> Settlement:
    """What a return brings, beside the lines' own shares of value and earnings.

    Args: lines: all of the order's, with the quantities and amounts as they are after the return. undone: what was
    undone before. held: what the rest of the order deserves, and what was taken back of each rule's earnings.
    """
    back = _come_back(lines)
    charge = _charge(lines, extras, held)
    before = undone.money_minor + undone.points_minor
    value = max(before, back.value - charge)
    step = value - before
    cash = min(step, max(0, max(0, back.value - back.points - charge) - undone.money_minor))
    paid = undone.points_minor + step - cash
    is_settled = value == back.value - charge
    gone = _gone(lines, extras, held if is_settled else held._replace(lost=frozenset()))
    gone |= undone.promotions
    tendered = sum(x.tendered_minor for x in lines)
    units = _units(extras.spent, paid, tendered, is_all=paid == tendered and _is_whole(lines))
    takes = {key: _of_promotion(key, amount, lines, extras, gone) for key, amount in extras.takes}
    counted = {c.key: _counted(c.key, c.amount, c.lines, lines, extras, gone, held) for c in extras.counted}
    keeps = _kept_gifts(lines)
    out = {a.coupon for a in extras.promotions if a.key in keeps}
    out |= {o.body.get("coupon") for o in extras.outcomes if o.promotion in keeps}
    coupons = tuple(c for c in extras.coupons if c.code not in out and _is_gone(c.code, extras, gone, lines))
    issued = tuple(i for i in extras.issued if _is_undone(i.promotion, gone, lines))
    stock = _stock(lines, extras)
    uses = tuple(b for b in extras.benefits if _is_unused(b, keeps, gone, lines))
    new = Undone(
        money_minor=undone.money_minor + cash,
        points_minor=paid,
        charged_minor=back.value - value,
        units=units,
        takes=_most(undone.takes, takes),
        counted=_most(undone.counted, counted),
        stock=stock,
        coupons=undone.coupons | {c.code for c in coupons},
        issued=undone.issued | {str(i.coupon_id) for i in issued},
        promotions=gone,
        benefits=undone.benefits | {str(b.use_id) for b in uses},
    )
    return Settlement(
        money_minor=cash,
        points_minor=step - cash,
        charged_minor=new.charged_minor - undone.charged_minor,
        units=tuple((s, units[s.key] - undone.units.get(s.key, 0)) for s in extras.spent),
        takes=_more(undone.takes, new.takes),
        counted=_more(undone.counted, new.counted),
        stock=tuple((k, q - undone.stock.get(k, Decimal(0))) for k, q in sorted(stock.items()))
        if stock != undone.stock
        else (),
        coupons=tuple(c for c in coupons if c.code not in undone.coupons),
        issued=tuple(i for i in issued if str(i.coupon_id) not in undone.issued),
        not_undone=_not_undone(lines, extras, gone - undone.promotions),
        repriced=_repriced(lines, extras, held),
        undone=new,
        benefits=tuple(b for b in uses if str(b.use_id) not in undone.benefits),
    )


def kept(lines: Iterable[SoldLine], promotion: str) -> int:
    """What a promotion still takes off what has not come back, by the shares kept at the sale."""
    total = 0
    for line in lines:
        for share_ in line.shares:
            if share_.promotion == promotion:
                total += share_.minor - share(total=share_.minor, part=line.returned, whole=line.quantity)
    return total


def missing(lines: Sequence[SoldLine], promotion: str) -> tuple[str, ...]:
    """The lines of a promotion that are not wholly back, its gifts among them."""
    return tuple(x.id for x in lines if _is_of(x, promotion) and x.returned < x.quantity)


def is_touched(lines: Sequence[SoldLine], promotion: str) -> bool:
    """Whether anything of a promotion's lines has come back."""
    return any(x.returned > 0 for x in lines if _is_of(x, promotion))


def broken(*, lines: Sequence[SoldLine], extras: Extras, held: Held) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The all-or-nothing promotions that a return would leave in part: (promotion, the lines that are missing).

    A rest that deserves what it keeps is no part: one of two whole bundles may come back.
    """
    found = []
    for key in dict.fromkeys(a.key for a in extras.promotions if a.on_return is OnReturn.ALL_OR_NOTHING):
        rest = missing(lines, key)
        if not rest:
            continue
        keeps, rounding = kept(lines, key), sum(1 for x in lines if _is_of(x, key))
        deserves = held.deserved.get(key, 0)
        is_lost = key in held.lost if not keeps else keeps > deserves + rounding
        if is_lost and any(x.returned > 0 for x in lines):
            found.append((key, rest))
    return tuple(found)


def _is_of(line: SoldLine, promotion: str) -> bool:
    return line.gift_of == promotion or any(s.promotion == promotion for s in line.shares)


def _come_back(lines: Sequence[SoldLine]) -> _Value:
    """Adjustments never come back as goods; their money does, in proportion to the goods' money (or their worth)."""
    goods = [x for x in lines if x.kind != LineKind.ADJUSTMENT]
    value = sum(min(x.returned_minor, x.net_minor) for x in goods)
    points = sum(_paid_by_points(x) for x in goods)
    extra = sum(x.net_minor for x in lines if x.kind == LineKind.ADJUSTMENT)
    if extra:
        part, whole = value - points, sum(x.net_minor - x.tendered_minor for x in goods)
        if not whole:
            part, whole = value, sum(x.net_minor for x in goods)
        due = share(total=abs(extra), part=Decimal(part), whole=Decimal(whole)) if whole else 0
        value += due if extra > 0 else -min(due, value - points)
    return _Value(value, points)


def _paid_by_points(line: SoldLine) -> int:
    """Nested in what came back of the net, so that the money part never falls while more comes back."""
    if not line.tendered_minor:
        return 0
    back = min(line.returned_minor, line.net_minor)
    return share(total=line.tendered_minor, part=Decimal(back), whole=Decimal(line.net_minor))


def _charge(lines: Sequence[SoldLine], extras: Extras, held: Held) -> int:
    """What what remains keeps more than it deserves, over all promotions that are priced again."""
    return max(0, sum(r.kept_minor - r.deserved_minor for r in _repriced(lines, extras, held)))


def _repriced(lines: Sequence[SoldLine], extras: Extras, held: Held) -> tuple[Repriced, ...]:
    keys = dict.fromkeys(a.key for a in extras.promotions if a.on_return is OnReturn.REPRICE)
    both = ((key, kept(lines, key), held.deserved.get(key, 0)) for key in keys)
    return tuple(Repriced(key, has, due) for key, has, due in both if has != due and (has or due))


def _units(spent: Sequence[SpentHere], points_minor: int, tendered_minor: int, *, is_all: bool) -> dict[str, int]:
    """How many units are back of each spend for so much points' worth; one spend is filled after the other.

    A spend worth more than the goods cost is back whole when all that points paid is.
    """
    units, left, room = {}, points_minor, tendered_minor
    for one in spent:
        worth = min(one.minor, room)
        part = min(left, worth)
        left, room = left - part, room - worth
        if worth:
            units[one.key] = share(total=one.amount, part=Decimal(part), whole=Decimal(worth))
        else:
            units[one.key] = one.amount if is_all else 0
    return units


def _is_whole(lines: Iterable[SoldLine]) -> bool:
    return all(x.returned >= x.quantity for x in lines if x.kind not in (LineKind.ADJUSTMENT, LineKind.REWARD))


def _kept_gifts(lines: Sequence[SoldLine]) -> frozenset[str]:
    """The promotions of which a gift is still out: whoever keeps it has used them, whatever else comes back."""
    return frozenset(x.gift_of for x in lines if x.gift_of is not None and x.returned < x.quantity)


def _gone(lines: Sequence[SoldLine], extras: Extras, held: Held) -> frozenset[Applying]:
    """The promotions that act on nothing any more: their goods are all back, or what remains was charged for them."""
    whole = _is_whole(lines)
    told = [Applying(a.key, a.coupon) for a in extras.promotions]
    told += [
        Applying(o.promotion, None) for o in extras.outcomes if all(o.promotion != a.key for a in extras.promotions)
    ]
    charged = {a.key for a in extras.promotions if a.on_return is OnReturn.REPRICE} & held.lost
    found = set()
    for one in told:
        theirs = [
            x for x in lines if any(s.promotion == one.key and s.coupon == one.coupon and s.minor for s in x.shares)
        ]
        is_back = all(x.returned >= x.quantity for x in theirs) if theirs else whole
        if is_back or one.key in charged:
            found.add(one)
    return frozenset(found)


def _is_undone(promotion: str | None, gone: frozenset[Applying], lines: Sequence[SoldLine]) -> bool:
    if promotion is None:
        return _is_whole(lines)
    return any(g.key == promotion for g in gone)


def _is_unused(
    used: BenefitUsed, keeps: frozenset[str], gone: frozenset[Applying], lines: Sequence[SoldLine]
) -> bool:
    """Whether nothing that rests on a benefit acts any more: then it is free to be used again."""
    return keeps.isdisjoint(used.promotions) and all(_is_undone(p, gone, lines) for p in used.promotions)


def _is_gone(code: str, extras: Extras, gone: frozenset[Applying], lines: Sequence[SoldLine]) -> bool:
    acting = [Applying(a.key, a.coupon) for a in extras.promotions if a.coupon == code]
    return all(a in gone for a in acting) if acting else _is_whole(lines)


def _of_promotion(key: str, amount: int, lines: Sequence[SoldLine], extras: Extras, gone: frozenset[Applying]) -> int:
    """How much of a limit is free again: of one counted in money the goods' share, else all once nothing is left."""
    promotion, _, rest = key.partition("/")
    mine = [a for a in extras.promotions if a.key == promotion]
    is_money = "minor" in rest.split("/")
    if not mine and promotion.endswith(_MINOR):
        promotion, is_money = promotion.removesuffix(_MINOR), True
        mine = [a for a in extras.promotions if a.key == promotion]
    if promotion in _kept_gifts(lines) and not is_money:
        return 0
    if mine:
        is_gone = all(Applying(a.key, a.coupon) in gone for a in mine)
    else:
        is_gone = any(g.key == promotion for g in gone) or _is_whole(lines)
    if is_gone:
        return amount
    whole = sum(a.minor for a in mine)
    if not is_money or not whole:
        return 0
    return share(total=amount, part=Decimal(whole - kept(lines, promotion)), whole=Decimal(whole))


def _counted(
    key: str,
    amount: int,
    numbers: Sequence[int],
    lines: Sequence[SoldLine],
    extras: Extras,
    gone: frozenset[Applying],
    held: Held,
) -> int:
    """How much of a counter of the member's own is free again, in all."""
    if numbers:
        mine = [x for x in lines if x.n in numbers]
        part, whole = sum((x.returned for x in mine), Decimal(0)), sum((x.quantity for x in mine), Decimal(0))
        return share(total=amount, part=part, whole=whole) if whole else 0
    kind, _, rest = key.partition("/")
    if kind == "earn":
        clawed, earned = held.clawed.get(rest.partition("/")[0], (0, 0))
        if earned:
            return share(total=amount, part=Decimal(clawed), whole=Decimal(earned))
        return amount if _is_whole(lines) else 0
    if kind == "promo":
        return _of_promotion(rest, amount, lines, extras, gone)
    return amount if _is_whole(lines) else 0


def _stock(lines: Sequence[SoldLine], extras: Extras) -> dict[str, Decimal]:
    """What is back of each store's stock of each sku, in all."""
    back: dict[str, Decimal] = {}
    for line in lines:
        back[line.sku] = back.get(line.sku, Decimal(0)) + line.restocked
    found = {}
    for taken in extras.stock:
        part = min(taken.quantity, back.get(taken.sku, Decimal(0)))
        back[taken.sku] = back.get(taken.sku, Decimal(0)) - part
        if part:
            found[f"{taken.store}/{taken.sku}"] = part
    return found


def _not_undone(lines: Sequence[SoldLine], extras: Extras, gone: frozenset[Applying]) -> tuple[NotUndone, ...]:
    """What a promotion brought that stays although it acts on nothing any more."""
    found = []
    keys = {g.key for g in gone}
    for outcome in extras.outcomes:
        if outcome.promotion not in keys:
            continue
        if outcome.kind == "gift":
            mine = [x for x in lines if x.gift_of == outcome.promotion]
            if not mine or any(x.returned < x.quantity for x in mine):
                what = f"gift:{outcome.body.get('sku', '')}"
                found.append(NotUndone(what, "the gift has not come back", outcome.promotion))
        elif outcome.kind in _LISTED:
            found.append(NotUndone(outcome.kind, _LISTED[outcome.kind], outcome.promotion))
    return tuple(found)


def _most(before: Mapping[str, int], now: Mapping[str, int]) -> dict[str, int]:
    return {key: max(before.get(key, 0), amount) for key, amount in now.items() if max(before.get(key, 0), amount)}


def _more(before: Mapping[str, int], now: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    steps = ((key, amount - before.get(key, 0)) for key, amount in sorted(now.items()))
    return tuple((key, step) for key, step in steps if step)


def spread_money(total: int, over: Sequence[int]) -> list[int]:
    """Split the money of a return over its parts in proportion to what is due for each; if nothing is, to the first.

    >>> spread_money(10, [3, 0, 3]), spread_money(5, [0, 0])
    ([5, 0, 5], [5, 0])
    """
    if not over:
        return []
    return money.spread(total, list(over) if any(over) else [1] + [0] * (len(over) - 1))

"""What a promotion brings, as a document says it: each kind of effect with its own fields, read with every fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from regulars.kernel.reading import Reader
from regulars.value.promotions.rules import parts
from regulars.value.promotions.rules.known import Known, rates
from regulars.value.promotions.terms import (
    WHOLE_PPM,
    Act,
    AmountOff,
    Basis,
    Bundle,
    BundlePart,
    BuyGet,
    CheapestFree,
    Earn,
    Effect,
    FixedPrice,
    Gift,
    MemberPrice,
    NthItem,
    OutcomeKind,
    PercentOff,
    Prize,
    RandomReward,
    Step,
    Target,
    Thresholds,
)

MOST_EFFECTS, MOST_PRIZES, MOST_STEPS, MOST_PARTS = 10, 100, 20, 10
_MOST_PIECES = 1_000
_LARGEST_FACTOR = 1_000


class First(StrEnum):
    """Which units are got."""

    CHEAPEST = "cheapest"
    DEAREST = "dearest"


class Change(StrEnum):
    """What happens to a list of members."""

    ADD = "add"
    REMOVE = "remove"


def read(entry: Reader, known: Known) -> Effect | None:
    """One effect; None when its kind is not known, which is told."""
    kind = entry.text("kind", required=True)
    maker = _KINDS.get(kind)
    if maker is None:
        if kind:
            entry.fault("kind", f"must be one of {', '.join(_KINDS)}, not {kind[:40]!r}")
        return None
    found = maker(entry, known)
    entry.done()
    return found


def _percent(target: Target) -> Callable[[Reader, Known], Effect]:
    def make(entry: Reader, known: Known) -> Effect:
        return PercentOff(ppm=_share(entry), target=target)

    return make


def _amount(target: Target) -> Callable[[Reader, Known], Effect]:
    def make(entry: Reader, known: Known) -> Effect:
        return AmountOff(minor=_money(entry, "amount", known), target=target)

    return make


def _share(entry: Reader, name: str = "percent") -> int:
    return parts.required(entry, name, parts.percent(entry, name))


def _money(entry: Reader, name: str, known: Known, *, least: int = 1) -> int:
    return parts.required(entry, name, parts.minor(entry, name, known.currency, least=least))


def _pieces(entry: Reader, name: str, *, least: int = 1) -> int:
    return parts.required(entry, name, entry.whole(name, least=least, most=_MOST_PIECES)) or least


def _fixed_price(entry: Reader, known: Known) -> Effect:
    return FixedPrice(minor=_money(entry, "price", known, least=0))


def _member_price(entry: Reader, known: Known) -> Effect:
    return MemberPrice()


def _buy_get(entry: Reader, known: Known) -> Effect:
    return BuyGet(
        buy=_pieces(entry, "buy"),
        get=_pieces(entry, "get"),
        ppm=parts.percent(entry, "percent") or WHOLE_PPM,
        goods=parts.goods(entry.child("goods")) if entry.has("goods") else None,
        is_cheapest_first=entry.choice("first", First, First.CHEAPEST) is First.CHEAPEST,
    )


def _nth(entry: Reader, known: Known) -> Effect:
    return NthItem(n=_pieces(entry, "n", least=2), ppm=_share(entry))


def _cheapest_free(entry: Reader, known: Known) -> Effect:
    return CheapestFree(of=_pieces(entry, "of", least=2))


def _bundle(entry: Reader, known: Known) -> Effect:
    found = []
    for part in entry.children("parts", most=MOST_PARTS):
        quantity = part.whole("quantity", 1, least=1, most=_MOST_PIECES) or 1
        found.append(BundlePart(goods=parts.goods(part.child("goods")), quantity=quantity))
        if not part.has("goods"):
            part.fault("goods", "is missing: which goods this part is")
        part.done()
    if not found:
        entry.fault("parts", "is missing: the goods that belong together")
    return Bundle(parts=tuple(found), minor=_money(entry, "price", known, least=0))


def _thresholds(entry: Reader, known: Known) -> Effect:
    steps = []
    for said in entry.children("steps", most=MOST_STEPS):
        from_minor = _money(said, "from", known)
        off, ppm = parts.minor(said, "off", known.currency), parts.percent(said, "percent")
        if said.has("off") == said.has("percent"):
            said.fault("", "must say exactly one of off and percent")
        elif off is not None and off > from_minor > 0:
            said.fault("off", "takes off more than the amount it begins at")
        steps.append(Step(from_minor=from_minor, minor=off or 0, ppm=ppm or 0))
        said.done()
    if not steps:
        entry.fault("steps", "is missing: at least one amount and what it takes off")
    starts = [s.from_minor for s in steps]
    if starts != sorted(set(starts)):
        entry.fault("steps", "must rise from one to the next")
    repeated = entry.flag("repeat")
    if repeated and any(s.ppm for s in steps):
        entry.fault("repeat", "goes with amounts, not with percentages")
    return Thresholds(steps=tuple(steps), is_repeated=repeated)


def _gift(entry: Reader, known: Known) -> Effect:
    sku = entry.text("sku", longest=128)
    found = Gift(
        sku=sku,
        quantity=entry.whole("quantity", 1, least=1, most=_MOST_PIECES) or 1,
        choose_from=parts.texts(entry, "choose_from", most=50),
    )
    if bool(found.sku) == bool(found.choose_from):
        entry.fault("", "must say exactly one of sku and choose_from")
    return found


def _random_reward(entry: Reader, known: Known) -> Effect:
    prizes: list[Prize] = []
    for said in entry.children("prizes", most=MOST_PRIZES):
        gives = said.child("gives")
        kind, body = ("", {}) if gives is None else _prize(gives, known)
        prize = Prize(
            key=said.key(),
            weight=parts.required(said, "weight", said.whole("weight", least=1, most=10**9)),
            kind=kind,
            body=body,
            stock=said.whole("stock", least=1, most=10**12),
        )
        if any(p.key == prize.key for p in prizes) and prize.key:
            said.fault("key", f"{prize.key!r} is the key of another prize too")
        said.done()
        prizes.append(prize)
    if not prizes:
        entry.fault("prizes", "is missing: what can be won, with weights")
    return RandomReward(prizes=tuple(prizes), cap=entry.whole("cap", least=1, most=10**12))


def _prize(entry: Reader, known: Known) -> tuple[str, Mapping[str, Any]]:
    kind = entry.text("kind", required=True)
    if kind not in _PRIZES:
        if kind:
            entry.fault("kind", f"must be one of {', '.join(_PRIZES)}, not {kind[:40]!r}")
        return "", {}
    found = read(entry, known)
    if isinstance(found, Act):
        return found.kind.value, found.body
    if isinstance(found, Gift):
        if found.choose_from:
            entry.fault("choose_from", "a prize is one certain gift")
        return kind, {"sku": found.sku, "quantity": found.quantity}
    if isinstance(found, Earn):
        if found.fixed is None:
            entry.fault("", "a prize earns a `fixed` number")
        return kind, {"unit": found.unit, "fixed": found.fixed or 0}
    return "", {}


def _earn(entry: Reader, known: Known) -> Effect:
    unit = entry.key("unit")
    if unit and known.units is not None and unit not in known.units:
        entry.fault("unit", f"there is no unit {unit!r} in this program")
    found = Earn(
        unit=unit,
        fixed=entry.whole("fixed", least=1, most=10**12),
        rates=rates(entry, known),
        per_unit=entry.whole("per_unit", least=1, most=10**9),
        times=factor(entry, "times", entry.raw("times")),
        basis=entry.choice("basis", Basis, Basis.AFTER_DISCOUNT),
    )
    ways = [name for name in ("rate", "fixed", "per_unit", "times") if entry.has(name)]
    if len(ways) != 1:
        said = f"; this says {' and '.join(ways)}" if ways else ""
        entry.fault("", f"must say exactly one of rate, fixed, per_unit and times{said}")
    if found.times and entry.has("basis"):
        entry.fault("basis", "belongs to the multiplied rules")
    return found


def factor(entry: Reader, name: str, said: Any) -> tuple[int, int] | None:
    """A factor above one, exact: 2, 1.5 or '4/3', as (num, den)."""
    if said is None:
        return None
    top, _, bottom = str(said).partition("/") if isinstance(said, str) else (said, "", "")
    num = entry.number(name, top)
    den = entry.number(name, bottom) if bottom else Decimal(1)
    if num is None or den is None:
        return None
    found = Fraction(Fraction(num), Fraction(den)) if den > 0 else Fraction(0)
    if not 1 < found <= _LARGEST_FACTOR or found.denominator > 10**6:
        entry.fault(name, f"must be above 1 and at most {_LARGEST_FACTOR}: 2, 1.5 or '4/3'")
        return None
    return found.numerator, found.denominator


def _issue_coupon(entry: Reader, known: Known) -> Effect:
    template = entry.key("template")
    if template and known.templates is not None and template not in known.templates:
        entry.fault("template", f"there is no coupon template {template!r} in this program")
    count = entry.whole("count", 1, least=1, most=100) or 1
    return Act(kind=OutcomeKind.ISSUE_COUPON, body={"template": template, "count": count})


def _challenge(entry: Reader, known: Known) -> Effect:
    steps = entry.whole("steps", 1, least=1, most=10**6) or 1
    return Act(kind=OutcomeKind.CHALLENGE, body={"key": entry.key("key"), "steps": steps})


def _audience(entry: Reader, known: Known) -> Effect:
    key = entry.key("key")
    if key and known.audiences is not None and key not in known.audiences:
        entry.fault("key", f"there is no audience {key!r} in this program")
    return Act(
        kind=OutcomeKind.AUDIENCE, body={"key": key, "action": entry.choice("action", Change, Change.ADD).value}
    )


def _tier(entry: Reader, known: Known) -> Effect:
    ladder, level = entry.key("ladder"), entry.key("level")
    if known.ladders is not None and ladder and level not in known.ladders.get(ladder, frozenset({level})):
        entry.fault("level", f"there is no level {level!r} on the ladder {ladder!r}")
    if known.ladders is not None and ladder and ladder not in known.ladders:
        entry.fault("ladder", f"there is no ladder {ladder!r} in this program")
    return Act(kind=OutcomeKind.TIER, body={"ladder": ladder, "level": level})


def _notify(entry: Reader, known: Known) -> Effect:
    body: dict[str, Any] = {"purpose": entry.key("purpose", required=False) or "service", "text": entry.names("text")}
    if not body["text"]:
        entry.fault("text", "is missing: what is said, by language")
    return Act(kind=OutcomeKind.NOTIFY, body=body)


def _cashier_message(entry: Reader, known: Known) -> Effect:
    said = entry.names("text")
    if not said:
        entry.fault("text", "is missing: what the cashier reads, by language")
    return Act(kind=OutcomeKind.CASHIER_MESSAGE, body={"text": said})


def _webhook(entry: Reader, known: Known) -> Effect:
    return Act(kind=OutcomeKind.WEBHOOK, body={"name": entry.key("name")})


_KINDS: dict[str, Callable[[Reader, Known], Effect]] = {
    "order_percent": _percent(Target.ORDER),
    "line_percent": _percent(Target.LINE),
    "unit_percent": _percent(Target.UNIT),
    "shipping_percent": _percent(Target.SHIPPING),
    "order_amount": _amount(Target.ORDER),
    "line_amount": _amount(Target.LINE),
    "unit_amount": _amount(Target.UNIT),
    "shipping_amount": _amount(Target.SHIPPING),
    "fixed_price": _fixed_price,
    "member_price": _member_price,
    "buy_x_get_y": _buy_get,
    "nth_item": _nth,
    "cheapest_free": _cheapest_free,
    "bundle": _bundle,
    "thresholds": _thresholds,
    "gift": _gift,
    "random_reward": _random_reward,
    "earn": _earn,
    "issue_coupon": _issue_coupon,
    "challenge": _challenge,
    "audience": _audience,
    "tier": _tier,
    "notify": _notify,
    "cashier_message": _cashier_message,
    "webhook": _webhook,
}
_PRIZES = ("gift", "earn", *(kind.value for kind in OutcomeKind))
KINDS = tuple(_KINDS)

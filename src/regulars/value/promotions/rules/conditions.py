"""The conditions a rule may state: which facts CEL sees, and how they are read from basket, member and moment.

Every fact is listed in docs/reference/facts.md (a test compares). A fact is read when the first condition asks.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from regulars.kernel import expressions
from regulars.kernel.expressions import Activation, Context, Expression
from regulars.value.promotions.terms import Basket, Line, MemberFacts

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_THOUSAND = 1_000


class Facts(Mapping[str, Any]):
    """What conditions see of one basket."""

    __slots__ = ("_known", "_local", "basket", "coupons", "member", "tier")

    def __init__(self, basket: Basket, member: MemberFacts, tier: str | None, coupons: tuple[str, ...] = ()) -> None:
        self.basket, self.member, self.tier, self.coupons = basket, member, tier, coupons
        self._known: dict[str, Any] = {}
        self._local: datetime | None = None

    def __getitem__(self, name: str) -> Any:
        known = self._known
        if name not in known:
            known[name] = BASKET_FACTS[name][1](self)
        return known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(BASKET_FACTS)

    def __len__(self) -> int:
        return len(BASKET_FACTS)

    @property
    def local(self) -> datetime:
        """The moment of the purchase on the store's wall clock."""
        if self._local is None:
            self._local = self.basket.occurred_at.astimezone(ZoneInfo(self.basket.store_zone))
        return self._local


class _LineFacts(Mapping[str, Any]):
    """The facts of the basket and of one of its lines."""

    __slots__ = ("_facts", "_line")

    def __init__(self, facts: Facts, line: Line) -> None:
        self._facts, self._line = facts, line

    def __getitem__(self, name: str) -> Any:
        own = LINE_FACTS.get(name)
        return own[1](self._line) if own else self._facts[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**BASKET_FACTS, **LINE_FACTS})

    def __len__(self) -> int:
        return len(BASKET_FACTS) + len(LINE_FACTS)


class Condition:
    """A compiled condition with the reasons why it does not hold; answers that depend on few facts are remembered.

    A condition such as `line.category == 'coffee'` has as many answers as there are categories: asking the same
    question for each line of each order would be most of the work of a decision.
    """

    __slots__ = ("_answers", "_few", "expression")

    def __init__(self, expression: Expression) -> None:
        self.expression = expression
        self._few = tuple(sorted(expression.names)) if expression.names <= _FEW_VALUES else ()
        self._answers: dict[tuple[Any, ...], str] = {}

    @property
    def is_remembered(self) -> bool:
        """Whether its answers depend on few facts, and are kept."""
        return bool(self._few)

    def why_not_among(self, bound: Activation) -> str:
        """As `why_not`, of facts that were bound once for many conditions."""
        return self.expression.why_not(bound)

    def why_not(self, facts: Mapping[str, Any]) -> str:
        """Why it does not hold: its failing parts; empty when it holds. A missing fact means it does not."""
        if not self._few:
            return self.expression.why_not(facts)
        asked = tuple([facts[name] for name in self._few])
        answer = self._answers.get(asked)
        if answer is None:
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers.clear()
            answer = self._answers[asked] = self.expression.why_not(facts)
        return answer

    def holds(self, facts: Facts, line: Line) -> bool:
        """Whether it holds for a line."""
        seen = _LineFacts(facts, line)
        return not self.why_not(seen) if self._few else self.expression.test(seen)


def is_birthday(facts: Facts) -> bool:
    """Whether it is her birthday where she lives; who was born on 29 February has it on the 28th in other years."""
    member = facts.member
    today = facts.basket.occurred_at.astimezone(ZoneInfo(member.zone)).date()
    month, day = member.birth_month, member.birth_day
    if (month, day) == (2, 29) and not isleap(today.year):
        day = 28
    return (today.month, today.day) == (month, day)


def _is_birth_month(facts: Facts) -> bool:
    zone = ZoneInfo(facts.member.zone)
    return facts.basket.occurred_at.astimezone(zone).month == facts.member.birth_month


def _texts(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Attributes as text, since a document does not say their types; null is left out, flags are in lower case."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in attributes.items()
        if value is not None
    }


def _sums(lines: tuple[Line, ...], of: Callable[[Line], str | None]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for line in lines:
        name = of(line)
        if name is not None and line.amount_minor > 0:
            sums[name] = sums.get(name, 0) + line.amount_minor
    return sums


def _categories(line: Line) -> Iterable[str]:
    """The category of a line and all above it."""
    if line.category is None or line.category in line.categories:
        return line.categories
    return (line.category, *line.categories)


def _by_category(facts: Facts, of: Callable[[Line], int]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for line in facts.basket.lines:
        if line.amount_minor > 0:
            for name in _categories(line):
                sums[name] = sums.get(name, 0) + of(line)
    return sums


def _units_by_sku(facts: Facts) -> dict[str, int]:
    sums: dict[str, int] = {}
    for line in _goods(facts):
        sums[line.sku] = sums.get(line.sku, 0) + int(line.quantity)
    return sums


def _tenders(facts: Facts) -> dict[str, int]:
    sums: dict[str, int] = {}
    for tender in facts.basket.tenders:
        sums[tender.type] = sums.get(tender.type, 0) + tender.amount_minor
    return sums


def _goods(facts: Facts) -> list[Line]:
    return [line for line in facts.basket.lines if line.kind == "goods" and line.amount_minor > 0]


BASKET_FACTS: dict[str, tuple[Any, Callable[[Facts], Any]]] = {
    "member.status": (str, lambda f: f.member.status),
    "member.tier": (str, lambda f: f.tier or ""),
    "member.active": (dict[str, int], lambda f: dict(f.member.active)),
    "member.attributes": (dict[str, str], lambda f: _texts(f.member.attributes)),
    "member.locale": (str, lambda f: f.member.locale),
    "member.joined_at": (datetime, lambda f: f.member.joined_at),
    "member.days": (int, lambda f: (f.basket.occurred_at - f.member.joined_at).days),
    "member.birth_month": (int, lambda f: f.member.birth_month),
    "member.birth_day": (int, lambda f: f.member.birth_day),
    "member.is_birthday": (bool, is_birthday),
    "member.is_birth_month": (bool, _is_birth_month),
    "member.audiences": (list[str], lambda f: sorted(f.member.audiences)),
    "member.consents": (list[str], lambda f: sorted(f.member.consents)),
    "member.orders": (int, lambda f: f.member.orders),
    "member.benefits": (list[str], lambda f: sorted(f.member.benefits)),
    "member.plans": (list[str], lambda f: sorted(f.member.plans)),
    "basket.currency": (str, lambda f: f.basket.currency),
    "basket.total_minor": (int, lambda f: sum([line.amount_minor for line in f.basket.lines])),
    "basket.goods_minor": (int, lambda f: sum([line.amount_minor for line in _goods(f)])),
    "basket.units": (int, lambda f: int(sum([line.quantity for line in _goods(f)]))),
    "basket.lines": (int, lambda f: len(f.basket.lines)),
    "basket.skus": (list[str], lambda f: list(_sums(f.basket.lines, lambda line: line.sku))),
    "basket.categories": (dict[str, int], lambda f: _by_category(f, lambda line: line.amount_minor)),
    "basket.brands": (dict[str, int], lambda f: _sums(f.basket.lines, lambda line: line.brand)),
    "basket.sku_units": (dict[str, int], _units_by_sku),
    "basket.category_units": (dict[str, int], lambda f: _by_category(f, lambda line: int(line.quantity))),
    "coupon.templates": (list[str], lambda f: sorted(set(f.coupons))),
    "tender.types": (list[str], lambda f: list(_tenders(f))),
    "tender.minor": (dict[str, int], _tenders),
    "store": (str, lambda f: f.basket.store or ""),
    "channel": (str, lambda f: f.basket.channel),
    "now": (datetime, lambda f: f.basket.occurred_at),
    "local.date": (str, lambda f: f.local.date().isoformat()),
    "local.month": (int, lambda f: f.local.month),
    "local.day": (int, lambda f: f.local.day),
    "local.weekday": (str, lambda f: _WEEKDAYS[f.local.weekday()]),
    "local.hour": (int, lambda f: f.local.hour),
    "local.minute": (int, lambda f: f.local.minute),
}
LINE_FACTS: dict[str, tuple[Any, Callable[[Line], Any]]] = {
    "line.sku": (str, lambda line: line.sku),
    "line.kind": (str, lambda line: line.kind),
    "line.category": (str, lambda line: line.category or ""),
    "line.categories": (list[str], lambda line: list(_categories(line))),
    "line.brand": (str, lambda line: line.brand or ""),
    "line.amount_minor": (int, lambda line: line.amount_minor),
    "line.quantity": (int, lambda line: int(line.quantity)),
    "line.thousandths": (int, lambda line: int(line.quantity * _THOUSAND)),
    "line.uom": (str, lambda line: line.uom),
    "line.member_minor": (int, lambda line: line.member_minor),
    "line.attributes": (dict[str, str], lambda line: _texts(line.attributes)),
}
# Facts with few values between them: answers to conditions over these alone are remembered.
_FEW_VALUES = frozenset(
    "member.status member.tier member.locale member.is_birthday basket.currency store channel local.month local.day"
    " local.weekday local.hour line.sku line.kind line.category line.brand line.uom".split()
)
_MOST_ANSWERS = 20_000
OF_BASKET = Context(name="earn_rule.when", variables={n: kind for n, (kind, _) in BASKET_FACTS.items()})
OF_LINE = Context(
    name="earn_rule.lines",
    variables={**OF_BASKET.variables, **{n: kind for n, (kind, _) in LINE_FACTS.items()}},
)


def of_basket(text: str) -> Condition:
    """Compile a condition over the whole basket.

    Raises: BadExpression with every fault.
    """
    return Condition(expressions.compile_condition(text, OF_BASKET))


def of_line(text: str) -> Condition:
    """Compile a condition over one line (and all that a basket's condition sees).

    Raises: BadExpression with every fault.
    """
    return Condition(expressions.compile_condition(text, OF_LINE))

"""Which lines of a basket a promotion means: one index from sku, category, brand and attribute to selections."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from regulars.value.promotions.rules import conditions
from regulars.value.promotions.terms import Goods, GoodsList, Line, LineKind

MILLION = 1_000_000
COUNTED = frozenset(("", "pc", "pcs", "piece", "ea", "each", "unit"))  # anything else is weighed or measured
_MOST_KEPT = 20_000
_GOODS, _SHIPPING = LineKind.GOODS.value, LineKind.SHIPPING.value


class Selection(NamedTuple):
    """Goods and a condition on lines, as one key: promotions with the same selection share its work."""

    skus: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    brands: frozenset[str] = frozenset()
    attributes: frozenset[tuple[str, str]] = frozenset()
    without: tuple[frozenset[Any], ...] = ()
    lines: str | None = None
    is_shipping: bool = False


def selection_of(goods: Goods, lines: str | None = None) -> Selection:
    """The selection that goods and a condition on lines make."""
    include, exclude = goods.include, goods.exclude
    without: tuple[frozenset[Any], ...] = ()
    if not exclude.is_empty:
        without = (exclude.skus, exclude.categories, exclude.brands, _pairs(exclude))
    return Selection(include.skus, include.categories, include.brands, _pairs(include), without, lines)


SHIPPING = Selection(is_shipping=True)
EVERY = Selection()
ALL_GOODS, ALL_SHIPPING = 0, 1


def _pairs(goods: GoodsList) -> frozenset[tuple[str, str]]:
    return frozenset((name, value) for name, values in goods.attributes.items() for value in values)


def named(selection: Selection) -> str:
    """What a person is told to buy: the first names of a selection."""
    names = [*sorted(selection.categories), *sorted(selection.brands), *sorted(selection.skus)[:5]]
    names += [f"{name}={value}" for name, value in sorted(selection.attributes)]
    return ", ".join(names[:5])


def units_of(line: Line) -> int:
    """How many pieces a line counts as: its whole quantity, or one for what is weighed."""
    quantity = line.quantity
    if line.uom in COUNTED and quantity == quantity.to_integral_value() and quantity >= 1:
        return int(quantity)
    return 1


class Selected:
    """The lines of one basket that a selection means: places in the basket, ascending, and their sum."""

    __slots__ = ("_dearest", "_units", "idx", "lines", "total")

    def __init__(self, lines: tuple[Line, ...], idx: list[int], amounts: list[int]) -> None:
        self.lines, self.idx = lines, idx
        self.total = sum([amounts[i] for i in idx])
        self._units: list[int] | None = None
        self._dearest: list[tuple[int, int]] | None = None

    @property
    def units(self) -> int:
        """Pieces on the lines."""
        return sum(self.counts)

    @property
    def counts(self) -> list[int]:
        """Pieces of each line."""
        if self._units is None:
            self._units = [units_of(self.lines[i]) for i in self.idx]
        return self._units

    @property
    def dearest(self) -> list[tuple[int, int]]:
        """(place, pieces) from the dearest piece to the cheapest, by price before promotions; ties by place."""
        if self._dearest is None:
            lines = self.lines
            runs = list(zip(self.idx, self.counts, strict=True))
            runs.sort(key=lambda run: (-(lines[run[0]].amount_minor * MILLION // run[1]), run[0]))
            self._dearest = runs
        return self._dearest


class Selector:
    """Finds the lines of every selection of a version; made once per version, with what each kind of goods meets.

    Selections are numbered; 0 is all goods, 1 is shipping.
    """

    def __init__(self) -> None:
        self.number: dict[Selection, int] = {}
        self._conditions: list[conditions.Condition | None] = []
        self._attributes: tuple[str, ...] = ()
        self._of_members: set[int] = set()
        self._by_sku: dict[str, list[int]] = {}
        self._by_category: dict[str, list[int]] = {}
        self._by_brand: dict[str, list[int]] = {}
        self._by_attribute: dict[tuple[str, str], list[int]] = {}
        self._always: list[int] = []
        self._excluding: dict[int, Selection] = {}
        self._met: dict[tuple[Any, ...], tuple[tuple[int, conditions.Condition | None], ...]] = {}
        for selection in (EVERY, SHIPPING):
            self.of(selection)

    def of(self, selection: Selection) -> int:
        """The number of a selection; a new one is filed in the index.

        Raises: BadExpression when its condition does not compile.
        """
        known = self.number.get(selection)
        if known is not None:
            return known
        n = self.number[selection] = len(self.number)
        self._conditions.append(conditions.of_line(selection.lines) if selection.lines else None)
        if selection.lines and any(name.startswith("member.") for name in self.names_of(selection.lines)):
            self._of_members.add(n)
        if n in (ALL_GOODS, ALL_SHIPPING):
            return n
        self._met.clear()
        self._attributes = tuple(sorted({*self._attributes, *[name for name, _ in _asked(selection)]}))
        if selection.without:
            self._excluding[n] = selection
        for sku in selection.skus:
            self._by_sku.setdefault(sku, []).append(n)
        for category in selection.categories:
            self._by_category.setdefault(category, []).append(n)
        for brand in selection.brands:
            self._by_brand.setdefault(brand, []).append(n)
        for pair in selection.attributes:
            self._by_attribute.setdefault(pair, []).append(n)
        if not (selection.skus or selection.categories or selection.brands or selection.attributes):
            self._always.append(n)
        return n

    def names_of(self, lines: str) -> frozenset[str]:
        """The facts that a condition on lines names."""
        return conditions.of_line(lines).expression.names

    def select(
        self, lines: tuple[Line, ...], amounts: list[int], facts: conditions.Facts, is_guest: bool
    ) -> dict[int, Selected]:
        """What each selection means in a basket; a selection without lines is left out.

        Args: amounts: minor units of each line before promotions. is_guest: conditions on the member fail.
        """
        hits: dict[int, list[int]] = {}
        goods: list[int] = []
        for i, line in enumerate(lines):
            if amounts[i] <= 0:
                continue
            if line.kind == _SHIPPING:
                hits.setdefault(ALL_SHIPPING, []).append(i)
            if line.kind != _GOODS:
                continue
            goods.append(i)
            for n, condition in self._meets(line):
                if condition is not None:
                    if is_guest and n in self._of_members:
                        continue
                    if not condition.holds(facts, line):
                        continue
                found = hits.get(n)
                if found is None:
                    hits[n] = [i]
                else:
                    found.append(i)
        if goods:
            hits[ALL_GOODS] = goods
        return {n: Selected(lines, idx, amounts) for n, idx in hits.items()}

    def _meets(self, line: Line) -> tuple[tuple[int, conditions.Condition | None], ...]:
        """The selections whose lists take a line's goods; remembered by what the lists can see."""
        told, names = line.attributes, self._attributes
        attributes = tuple([_text(told.get(name)) for name in names]) if names and told else ()
        key = (line.sku, line.category, line.categories, line.brand, attributes)
        met = self._met.get(key)
        if met is None:
            if len(self._met) >= _MOST_KEPT:
                self._met.clear()
            found = self._look_up(line, tuple(zip(names, attributes, strict=False)))
            met = self._met[key] = tuple([(n, self._conditions[n]) for n in found])
        return met

    def _look_up(self, line: Line, pairs: tuple[tuple[str, str], ...]) -> list[int]:
        categories = {*line.categories, line.category or ""}
        found = {*self._always, *self._by_sku.get(line.sku, ()), *self._by_brand.get(line.brand or "", ())}
        for category in categories:
            found.update(self._by_category.get(category, ()))
        for pair in pairs:
            found.update(self._by_attribute.get(pair, ()))
        excluding = self._excluding
        return [
            n for n in sorted(found) if n not in excluding or not _excludes(excluding[n], line, categories, pairs)
        ]


def _asked(selection: Selection) -> frozenset[tuple[str, str]]:
    excluded: frozenset[tuple[str, str]] = selection.without[3] if selection.without else frozenset()
    return selection.attributes | excluded


def _excludes(s: Selection, line: Line, categories: set[str], attributes: tuple[tuple[str, str], ...]) -> bool:
    skus, groups, brands, pairs = s.without
    return (
        line.sku in skus
        or not groups.isdisjoint(categories)
        or line.brand in brands
        or any(pair in pairs for pair in attributes)
    )


def _text(value: Any) -> str:
    """An attribute as documents write it: flags in lower case, no value as nothing."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def millionths(quantity: Decimal) -> int:
    """A quantity in millionths; never below zero."""
    return max(0, int(quantity * MILLION))

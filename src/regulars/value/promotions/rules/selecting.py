"""Which lines a rule looks at, and by which amount; in whole numbers throughout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from regulars.value.promotions.rules.compiled import Compiled, Selection
from regulars.value.promotions.rules.conditions import Facts
from regulars.value.promotions.terms import Basis, Basket, Line

MILLION = 1_000_000


class Selected(NamedTuple):
    """The lines that qualify, by number and amount, and their sum."""

    lines: list[int]
    amounts: list[int]
    total: int


class Beside(NamedTuple):
    """What a basket that was priced here brings: earn rules of the promotions that act, the numbers of the lines that
    each looks at (by the text of its selection), and what lines cost before.
    """

    rules: tuple[Compiled, ...] = ()
    lines: Mapping[str, frozenset[int]] = {}
    before: Mapping[int, int] = {}


ALONE = Beside()


def select(basket: Basket, selection: Selection, facts: Facts, beside: Beside = ALONE) -> Selected:
    """The positive lines of the kinds that a rule takes and that meet its condition, with the amounts that earn."""
    kinds, basis, text, condition = selection
    if basis is Basis.BEFORE_DISCOUNT:
        before = beside.before
        chosen = [x for x in basket.lines if x.kind in kinds and before.get(x.n, x.amount_minor) > 0]
    else:
        chosen = [line for line in basket.lines if line.amount_minor > 0 and line.kind in kinds]
    if text is not None and text in beside.lines:
        meant = beside.lines[text]
        chosen = [line for line in chosen if line.n in meant]
    elif condition is not None:
        chosen = [line for line in chosen if condition.holds(facts, line)]
    if basis is Basis.BEFORE_DISCOUNT:
        amounts = [before.get(line.n, line.amount_minor) for line in chosen]
    elif basis is Basis.AFTER_DISCOUNT:
        amounts = [line.amount_minor for line in chosen]
    else:
        chosen = [line for line in chosen if taxed(line, basis) > 0]  # a penny may be nothing but tax
        amounts = [taxed(line, basis) for line in chosen]
    return Selected([line.n for line in chosen], amounts, sum(amounts))


def taxed(line: Line, basis: Basis) -> int:
    """The amount of a line with or without its tax, in minor units; halves up, once per line.

    A line without a rate is taken as it stands.
    """
    if line.tax_rate is None or line.tax_included is (basis is Basis.WITH_TAX):
        return line.amount_minor
    rate = int(line.tax_rate * MILLION)
    if basis is Basis.WITH_TAX:
        return (2 * line.amount_minor * (MILLION + rate) + MILLION) // (2 * MILLION)
    return (2 * line.amount_minor * MILLION + MILLION + rate) // (2 * (MILLION + rate))


def quantities(basket: Basket, selected: Selected) -> list[int]:
    """The quantities of the selected lines in millionths (weighed goods have decimals); never below zero."""
    wanted = set(selected.lines)
    return [max(0, int(line.quantity * MILLION)) for line in basket.lines if line.n in wanted]


def paid_with(basket: Basket, types: tuple[str, ...]) -> tuple[int, int]:
    """The part of the payment made by certain tenders, as a ratio; (0, 1) when nothing was."""
    every = sum([t.amount_minor for t in basket.tenders if t.amount_minor > 0])
    by = sum([t.amount_minor for t in basket.tenders if t.amount_minor > 0 and t.type in types])
    return (by, every) if by else (0, 1)

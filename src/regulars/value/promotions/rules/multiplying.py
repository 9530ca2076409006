"""What a multiplier adds: the exact share of the multiplied rules on its lines, rounded down once."""

from __future__ import annotations

from math import lcm

from regulars.value.promotions.rules import selecting
from regulars.value.promotions.rules.compiled import Compiled, is_multiplied
from regulars.value.promotions.rules.selecting import Selected
from regulars.value.promotions.terms import Basket, Earned


def extra_of(
    rule: Compiled,
    given: list[tuple[Compiled, Earned]],
    basket: Basket,
    selected: dict[object, Selected],
    mine: Selected,
) -> tuple[int, list[int], list[int]] | None:
    """The extra that a multiplier gives, the lines it lies on, and their weights.

    It works on the exact share of each line before rounding, so that three times 1.99 gives 5 and not 3, and on
    what caps left of it, so that a capped rule is not doubled past its cap's part. Multipliers never multiply
    each other: two times and three times together give four times.

    Args: mine: the lines that the multiplier looks at. Returns: None when no multiplied rule has earned on its lines.
    """
    targets = [(t, e) for t, e in given if is_multiplied(rule, t)]
    if not targets:
        return None
    wanted = set(mine.lines)
    shares = [_shares(t, e, basket, selected[t.selection[:3]]) for t, e in targets]
    common = lcm(*[den for _, den in shares])
    weights: dict[int, int] = {}
    for parts, den in shares:
        for n, part in parts:
            if n in wanted:
                weights[n] = weights.get(n, 0) + part * (common // den)
    if not weights:
        return None
    num, den = rule.extra or (0, 1)
    lines = sorted(weights)
    return sum(weights.values()) * num // (common * den), lines, [weights[n] for n in lines]


def _shares(rule: Compiled, earned: Earned, basket: Basket, found: Selected) -> tuple[list[tuple[int, int]], int]:
    """What each line contributes to a rule's earning, as numerators over one denominator."""
    num, den = selecting.paid_with(basket, rule.tenders) if rule.tenders else (1, 1)
    amounts = found.amounts
    if rule.fixed is not None:
        num, den = rule.fixed, found.total
    elif rule.per_unit is not None:
        amounts = selecting.quantities(basket, found)
        num, den = num * rule.per_unit, den * selecting.MILLION
    else:
        rate = rule.rates[basket.currency]
        num, den = num * rate.points, den * rate.per_minor
    if earned.amount < earned.wanted:
        num, den = num * earned.amount, den * earned.wanted
    return [(n, amount * num) for n, amount in zip(found.lines, amounts, strict=True)], den

"""Money in whole minor units, and how a whole is shared without loss."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from regulars.kernel.errors import Invalid, sure

# ISO 4217 minor-unit exponents that are not 2. Source: ISO 4217 list one, 2024.
_EXPONENTS = {
    **dict.fromkeys(("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF").split(), 0),
    **dict.fromkeys(("BHD IQD JOD KWD LYD OMR TND").split(), 3),
}


def exponent(currency: str) -> int:
    """How many decimals an ISO 4217 currency has.

    >>> exponent("GBP"), exponent("JPY"), exponent("KWD")
    (2, 0, 3)
    """
    if len(currency) != 3 or not currency.isascii() or not currency.isupper():
        raise Invalid(errors=[("currency", f"{currency!r} is not an ISO 4217 code of three capital letters")])
    return _EXPONENTS.get(currency, 2)


def to_minor(amount: Decimal, currency: str) -> int:
    """Whole minor units of a decimal amount, halves away from zero.

    >>> to_minor(Decimal("-2.555"), "GBP"), to_minor(Decimal("12"), "JPY")
    (-256, 12)
    """
    return int(amount.scaleb(exponent(currency)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def to_text(minor: int, currency: str) -> str:
    """The amount as people write it, without the currency.

    >>> to_text(-5, "GBP"), to_text(1234, "JPY")
    ('-0.05', '1234')
    """
    digits = exponent(currency)
    return f"{Decimal(minor).scaleb(-digits):.{digits}f}"


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """Share a whole number over weights so that the parts sum to it: largest remainder, ties by position.

    Args: total: ≥ 0. weights: each ≥ 0. With no positive weight nothing is shared (all parts 0, total must be 0).

    >>> spread(10, [1, 1, 1])
    [4, 3, 3]
    """
    whole = sum(weights)
    sure(total >= 0 and (whole > 0 or total == 0), "a whole can be shared only over positive weights")
    if whole == 0 or total == 0:
        return [0] * len(weights)
    parts, remainders, left = [], [], total
    for weight in weights:
        part, remainder = divmod(total * weight, whole)
        parts.append(part)
        remainders.append(remainder)
        left -= part
    if left:
        # the greatest first; sorting keeps equal ones in their order, reversed or not
        for i in sorted(range(len(weights)), key=remainders.__getitem__, reverse=True)[:left]:
            parts[i] += 1
    return parts

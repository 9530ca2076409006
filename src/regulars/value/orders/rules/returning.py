"""What comes back: matched to purchases, refunded and clawed back by shares that always sum to the whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from regulars.kernel import money
from regulars.kernel.errors import sure
from regulars.value.orders.terms import Bought, Match, Part

_SCALE = 6


def share(*, total: int, part: Decimal, whole: Decimal) -> int:
    """`total × part ÷ whole`, rounded half up once, in whole numbers (the SQL function orders_share does the same).

    Args: total >= 0; 0 <= part <= whole; quantities with at most 6 decimals.

    >>> share(total=10, part=Decimal(1), whole=Decimal(3)), share(total=10, part=Decimal(3), whole=Decimal(3))
    (3, 10)
    """
    sure(whole > 0 and 0 <= part <= whole, "a share is a part of something")
    p, w = int(part.scaleb(_SCALE)), int(whole.scaleb(_SCALE))
    return (2 * total * p + w) // (2 * w)


def claw(*, earned: int, returned: Decimal, quantity: Decimal, reversed_: int) -> int:
    """What is to be taken back now: the share of all that was returned so far, less what was taken before.

    The last return leaves exactly nothing, in whatever parts the goods come back.
    """
    return share(total=earned, part=returned, whole=quantity) - reversed_


def match_credit(*, quantity: Decimal, at: datetime, bought: Sequence[Bought]) -> tuple[Part, ...]:
    """Match a returned quantity to what the member bought of the same goods up to `at`, latest first.

    Ties go to the later order id, then the later line. What cannot be matched is one part more, with the reason.
    """
    earlier = sorted(
        (b for b in bought if b.occurred_at <= at), key=lambda b: (b.occurred_at, b.order_id, b.n), reverse=True
    )
    parts, rest = [], quantity
    for line in earlier:
        taken = min(rest, line.left)
        if taken > 0:
            parts.append(Part(Match.MATCHED, taken, line.order_id, line.n))
            rest -= taken
        if not rest:
            break
    if rest > 0:
        reason = Match.EXHAUSTED if earlier else Match.BOUGHT_LATER if bought else Match.NEVER_BOUGHT
        parts.append(Part(reason, rest))
    return tuple(parts)


def spread(*, total: int, over: Sequence[Decimal]) -> list[int]:
    """Split an amount in proportion to quantities, by largest remainder; ties go to the earlier part.

    >>> spread(total=10, over=(Decimal(1), Decimal(1), Decimal("0.5")))
    [4, 4, 2]
    """
    return money.spread(total, [int(q.scaleb(_SCALE)) for q in over])

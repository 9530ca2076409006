"""The town's last days at tills that ask before they sell: baskets, and what becomes of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from random import Random
from zoneinfo import ZoneInfo

from regulars.simulator.goods import CATALOG
from regulars.simulator.town import STORES, ZONE

HOW_MANY, DAYS = 30, 4
_MADE_HERE = tuple(goods for goods in CATALOG if goods.category not in ("home", "gifts"))  # never out of stock
_DEAR = "TEA-004"  # one of these is more than a coupon asks for
_EACH_DEAR, _EACH_COUPON = 2, 5
_FROM_HOUR, _UNTIL_HOUR = 9, 20


class Fate(StrEnum):
    """What becomes of a basket."""

    SOLD = "sold"
    LEFT = "left"
    GIVEN_UP = "given up"
    PAYING = "paying"


# The last ones of the last day. One of those that were left, and one that was sold, is nobody's.
_LAST = (Fate.GIVEN_UP, Fate.LEFT, Fate.LEFT, Fate.LEFT, Fate.PAYING)
_GUESTS = frozenset((11, 27))


@dataclass(frozen=True, kw_only=True)
class Basket:
    """What somebody brings to a till. `member`: her number in the town, None for a guest; `goods`: sku and count."""

    key: str
    at: datetime
    store: str
    channel: str
    member: str | None
    goods: tuple[tuple[str, int], ...]
    brings_coupon: bool
    fate: Fate


def baskets(*, ends_on: date, members: int, seed: int = 20260101) -> Iterator[Basket]:
    """The baskets of the days that end with `ends_on`, in order of time; the same arguments give the same ones.

    Args: members: how many people the town has.
    """
    chance = Random(seed + 1)  # noqa: S311 - a simulation, not a secret
    zone = ZoneInfo(ZONE)
    moments = sorted(
        datetime.combine(
            ends_on - timedelta(days=DAYS - 1 - n * DAYS // HOW_MANY),
            time(chance.randrange(_FROM_HOUR, _UNTIL_HOUR), chance.randrange(60), chance.randrange(60)),
            zone,
        )
        for n in range(HOW_MANY)
    )
    first_end = HOW_MANY - len(_LAST)
    for n, at in enumerate(moments):
        wanted = {
            goods.sku: chance.choice((1, 1, 2, 3)) for goods in chance.sample(_MADE_HERE, k=chance.choice((2, 3)))
        }
        brings = n % _EACH_COUPON == 0 and n < first_end
        if brings or n % _EACH_DEAR == 0:
            wanted[_DEAR] = 1
        channel = chance.choice(("store", "store", "store", "web"))
        place = chance.choice(STORES)
        yield Basket(
            key=f"town-{n + 1:02d}",
            at=at,
            store="web" if channel == "web" else place,
            channel=channel,
            # not the few of whom something else is told: T00042 is suspended, some from T00100 on are merged
            member=None if n in _GUESTS else f"T{1 + n % min(members, 40):05d}",
            goods=tuple(wanted.items()),
            brings_coupon=brings,
            fate=Fate.SOLD if n < first_end else _LAST[n - first_end],
        )

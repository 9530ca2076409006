"""What the town's people redeem: a guess from what they bought, so that they ask for what they roughly have."""

from __future__ import annotations

import csv
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

# a reward's key, its points, and how much people like it
REWARDS: tuple[tuple[str, int, int], ...] = (
    ("coffee-voucher", 280, 6),
    ("cake-slice", 380, 4),
    ("tea-tin", 680, 3),
    ("mug", 980, 2),
    ("gift-box", 1_980, 1),
)
_LIFE = timedelta(days=175)  # a little less than points live
_AFTER = timedelta(minutes=7)  # at the counter, once the purchase is paid
_OFTEN = 0.11
_SAFE_PERCENT = 85  # of what they probably have


@dataclass(frozen=True, kw_only=True)
class Redemption:
    """A member asks for a reward; `ref` is the redemption's own number."""

    at: datetime
    member: str
    reward: str
    points: int
    ref: str


def redemptions(*, orders: Path, seed: int = 20260101) -> Iterator[Redemption]:
    """The year's redemptions in order of time, from the town's `orders.csv`; the same file gives the same ones."""
    chance = Random(seed)  # noqa: S311 - a simulation, not a secret
    purses: dict[str, deque[list[int | datetime]]] = defaultdict(deque)
    for at, ref, member, yuan in _visits(orders):
        purse = purses[member]
        while purse and purse[0][0] < at - _LIFE:  # type: ignore[operator]
            purse.popleft()
        if yuan < 0:
            _take(purse, -yuan)
            continue
        purse.append([at, yuan])
        has = sum(int(lot[1]) for lot in purse) * _SAFE_PERCENT // 100  # type: ignore[arg-type]
        within = [r for r in REWARDS if r[1] <= has]
        if within and chance.random() < _OFTEN:
            reward, points, _ = chance.choices(within, weights=[r[2] for r in within])[0]
            _take(purse, points)
            yield Redemption(at=at + _AFTER, member=member, reward=reward, points=points, ref=f"RED-{ref}")


def _visits(orders: Path) -> Iterator[tuple[datetime, str, str, int]]:
    """Each order of a member with its yuan, returns below zero."""
    last: tuple[datetime, str, str, int] | None = None
    with orders.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if not row["member"]:
                continue
            yuan = int(row["amount"].partition(".")[0]) * (-1 if row["kind"] == "return" else 1)
            if last is not None and last[1] == row["order_ref"]:
                last = (last[0], last[1], last[2], last[3] + yuan)
                continue
            if last is not None:
                yield last
            last = (datetime.fromisoformat(row["occurred_at"]), row["order_ref"], row["member"], yuan)
    if last is not None:
        yield last


def _take(purse: deque[list[int | datetime]], points: int) -> None:
    for lot in purse:
        taken = min(points, int(lot[1]))  # type: ignore[arg-type]
        lot[1] = int(lot[1]) - taken  # type: ignore[arg-type]
        points -= taken

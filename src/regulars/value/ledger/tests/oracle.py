"""The ledger as one would write it on paper: plain lists in memory, no SQL. What the real one is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

POINTS, GROWTH, STARS, COINS = 1, 2, 3, 4
POLICY = {POINTS: "owe", GROWTH: "within_balance", STARS: "only_pending", COINS: "within_balance"}
IDLE_DAYS_UNIT = COINS  # expires a month after the last earn or spend
FOREVER = datetime.max.replace(tzinfo=None)


class Refused(Exception):
    """The answer is no; `code` as the real one says it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(eq=False)
class Lot:
    order: int
    unit: int
    amount: int
    remaining: int
    state: str
    starts: datetime | None
    ends: datetime | None
    event: str | None = None
    deadline: datetime | None = None
    journal: Given | None = None  # whose value it is, also after activation
    root: bool = True

    def rank(self) -> tuple[bool, datetime, datetime, int]:
        assert self.starts is not None
        return (self.ends is None, self.ends or self.starts, self.starts, self.order)

    def alive(self, at: datetime) -> bool:
        return (
            self.state == "active"
            and self.starts is not None
            and self.starts <= at
            and (self.ends is None or self.ends > at)
        )


@dataclass(eq=False)
class Given:
    """A journal that gave value."""

    source: str
    left: dict[int, int]
    expired: dict[int, int] = field(default_factory=dict)


@dataclass(eq=False)
class Taken:
    """A journal that spent value."""

    parts: list[tuple[Lot, int]]


@dataclass(eq=False)
class Held:
    unit: int
    parts: list[tuple[Lot, int]]
    until: datetime
    owner: Book

    def open(self) -> int:
        return sum(n for _, n in self.parts)


def idle_end(last: datetime) -> datetime:
    """The end of the day a month later (UTC)."""
    year, month = (last.year + last.month // 12, last.month % 12 + 1)
    day = last.day
    while True:
        try:
            return datetime(year, month, day, tzinfo=last.tzinfo) + timedelta(days=1)
        except ValueError:
            day -= 1


@dataclass(eq=False)
class Book:
    """One member."""

    lots: list[Lot] = field(default_factory=list)
    debt: dict[int, int] = field(default_factory=dict)
    holds: list[Held] = field(default_factory=list)
    renewed: datetime | None = None
    merged: bool = False

    def books(self, unit: int) -> tuple[int, int, int, int]:
        active = sum(x.remaining for x in self.lots if x.unit == unit and x.state == "active")
        pending = sum(x.remaining for x in self.lots if x.unit == unit and x.state == "pending")
        held = sum(h.open() for h in self.holds if h.unit == unit)
        return active, pending, held, self.debt.get(unit, 0)

    def end_of(self, lot: Lot) -> datetime | None:
        ends = [lot.ends]
        if lot.state == "pending":
            ends.append(lot.deadline)
        elif lot.unit == IDLE_DAYS_UNIT and lot.starts is not None:
            ends.append(idle_end(max(lot.starts, self.renewed or lot.starts)))
        return min((e for e in ends if e is not None), default=None)

    def repay(self, lots: list[Lot]) -> None:
        for lot in lots:
            pays = min(self.debt.get(lot.unit, 0), lot.remaining) if lot.state == "active" else 0
            if pays:
                self.debt[lot.unit] -= pays
                lot.remaining -= pays

    def settle(self, at: datetime, unit: int | None = None, starts: bool = True) -> None:
        if starts:
            due = [
                x
                for x in self.lots
                if x.state == "pending" and x.starts and x.starts <= at and unit in (None, x.unit)
            ]
            for lot in sorted(due, key=lambda x: (x.starts, x.unit, x.order)):
                lot.state = "active"
                self.repay([lot])
        for lot in self.lots:
            if lot.remaining and lot.state in ("active", "pending") and unit in (None, lot.unit):
                end = self.end_of(lot)
                if end is not None and end <= at:
                    self.expire(lot)

    def expire(self, lot: Lot) -> None:
        if lot.journal and lot.root:
            lot.journal.expired[lot.unit] = lot.journal.expired.get(lot.unit, 0) + lot.remaining
        lot.remaining = 0
        lot.state = "expired" if lot.state == "active" else "cancelled" if lot.state == "pending" else lot.state

    def pick(self, unit: int, amount: int, at: datetime) -> list[tuple[Lot, int]]:
        parts, left = [], amount
        for lot in sorted((x for x in self.lots if x.unit == unit and x.remaining and x.alive(at)), key=Lot.rank):
            part = min(left, lot.remaining)
            if part:
                parts.append((lot, part))
                left -= part
        if left:
            raise Refused("not_enough_points")
        for lot, part in parts:
            lot.remaining -= part
        return parts

    def claw(self, given: Given, unit: int, amount: int, at: datetime) -> tuple[int, int, int]:
        """(taken, owed, forgiven)."""
        if amount > given.left.get(unit, 0):
            raise Refused("reverses_too_much")
        self.settle(at, unit)
        given.left[unit] -= amount
        left, gone = amount, min(given.expired.get(unit, 0), amount)
        mine = [x for x in self.lots if x.unit == unit and x.remaining and x.journal is given and x.root]
        others = [x for x in self.lots if x.unit == unit and x.remaining and x not in mine]
        steps = [
            [x for x in mine if x.state == "pending"],
            [x for x in mine if x.state == "active"],
            [x for x in others if x.state == "pending" and x.journal and x.root and x.journal.source == given.source],
            [x for x in others if x.state == "active"],
        ]
        forgiven = 0
        for n, step in enumerate(steps):
            if n == 2:
                forgiven = min(gone, left)
                left -= forgiven
                given.expired[unit] = given.expired.get(unit, 0) - forgiven
            if n == 3 and POLICY[unit] == "only_pending":
                break
            for lot in sorted(
                step, key=lambda x: (x.ends is None, x.ends or at, x.starts is None, x.starts or at, x.order)
            ):
                part = min(left, lot.remaining)
                lot.remaining -= part
                left -= part
                if lot.state == "pending" and not lot.remaining:
                    lot.state = "cancelled"
        taken = amount - left - forgiven
        if POLICY[unit] == "owe":
            self.debt[unit] = self.debt.get(unit, 0) + left
            return taken, left, forgiven
        return taken, 0, forgiven + left

    def give_back(self, taken: Taken, amount: int, at: datetime) -> None:
        if amount > sum(n for _, n in taken.parts):
            raise Refused("reverses_too_much")
        rest = []
        for lot, there in reversed(taken.parts):
            part = min(amount, there)
            amount -= part
            rest.append((lot, there - part))
            self.put_back(lot, part, at)
        taken.parts = [(x, n) for x, n in reversed(rest) if n]

    def put_back(self, lot: Lot, part: int, at: datetime) -> None:
        if lot.state == "expired" or (lot.ends is not None and lot.ends <= at):
            if lot.journal and lot.root:
                lot.journal.expired[lot.unit] = lot.journal.expired.get(lot.unit, 0) + part
            if lot.remaining == 0:
                lot.state = "expired" if part else lot.state
        else:
            lot.remaining += part

    def unhold(self, held: Held, pays: int, frees: int, at: datetime) -> list[tuple[Lot, int]]:
        paid, rest, freed = [], [], frees
        for lot, there in sorted(held.parts, key=lambda p: p[0].rank()):
            part = min(pays, there)
            pays -= part
            if part:
                paid.append((lot, part))
            free = min(frees, there - part)
            frees -= free
            self.put_back(lot, free, at)
            rest.append((lot, there - part - free))
        held.parts = [(x, n) for x, n in rest if n]
        if freed:
            self.settle(at, held.unit, starts=False)
        return paid

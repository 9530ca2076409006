"""A year of the town, written as the files that a retailer would hand over: members and orders."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from regulars.simulator.goods import CATALOG, CATEGORIES, Goods
from regulars.simulator.people import Shopper, settle

ZONE = "Asia/Shanghai"
STORES = tuple(f"sh{n:02d}" for n in range(1, 8)) + tuple(f"hz{n:02d}" for n in range(1, 4)) + ("nj01", "su01")
# How busy a month is against the mean: Spring Festival, the June and November sales, December.
_MONTHS = (1.15, 0.85, 0.9, 0.92, 1.0, 1.12, 0.95, 0.95, 1.02, 1.0, 1.3, 1.2)
_WEEKDAYS = (0.85, 0.85, 0.9, 0.95, 1.1, 1.25, 1.15)
_HOURS = (9, 10, 11, 12, 12, 13, 14, 15, 16, 17, 18, 18, 19, 19, 20, 20, 21)
_GUESTS_A_DAY = 0.0024  # for each member
_PEAK = max(_MONTHS) * max(_WEEKDAYS)

MEMBER_COLUMNS = ("external", "name", "phone", "email", "locale", "birthday", "joined_at", "store", "channel")
ORDER_COLUMNS = (
    "order_ref line member store channel occurred_at sku category description quantity amount kind "
    "original_ref tender"
).split()


@dataclass(frozen=True, kw_only=True)
class Town:
    """Where the files of a town lie and what is in them."""

    members: Path
    orders: Path
    member_count: int
    order_count: int
    return_count: int
    starts_on: date
    ends_on: date


@dataclass(frozen=True, kw_only=True)
class Visit:
    at: datetime
    shopper: Shopper | None
    store: str
    channel: str


def build(*, folder: Path, ends_on: date, members: int = 5_000, seed: int = 20260101) -> Town:
    """Write `members.csv` and `orders.csv` (in order of time) of the year that ends with `ends_on` (inclusive).

    The same arguments give the same bytes.
    """
    chance = Random(seed)  # noqa: S311 - a simulation, not a secret
    starts_on = ends_on - timedelta(days=364)
    people = settle(
        chance=chance, count=members, starts_on=starts_on, ends_on=ends_on, stores=STORES, tastes=CATEGORIES
    )
    folder.mkdir(parents=True, exist_ok=True)
    member_file, order_file = folder / "members.csv", folder / "orders.csv"
    with member_file.open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out)
        table.writerow(MEMBER_COLUMNS)
        table.writerows(_member_row(p) for p in people)
    visits = sorted(_visits(chance, people, starts_on, ends_on), key=lambda v: v.at)
    orders = returns = 0
    rows: list[tuple[datetime, int, list[object]]] = []
    for visit in visits:
        orders += 1
        sold = list(_order_rows(chance, visit, orders))
        rows += [(visit.at, len(rows) + n, row) for n, row in enumerate(sold)]
        back = _return_row(chance, visit, sold, ends_on, returns + 1)
        if back is not None:
            returns += 1
            rows.append((back[0], len(rows), back[1]))
    rows.sort(key=lambda r: (r[0], r[1]))
    with order_file.open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out)
        table.writerow(ORDER_COLUMNS)
        table.writerows(row for _, _, row in rows)
    return Town(
        members=member_file,
        orders=order_file,
        member_count=len(people),
        order_count=orders,
        return_count=returns,
        starts_on=starts_on,
        ends_on=ends_on,
    )


def _member_row(person: Shopper) -> list[object]:
    joined = datetime.combine(person.joined_on, time(10), ZoneInfo(ZONE))
    channel = "web" if person.online_percent > 50 else "store"
    return [
        person.external, person.name, person.phone, person.email, person.locale, person.birthday.isoformat(),
        joined.isoformat(), person.home_store, channel,
    ]  # fmt: skip


def _visits(chance: Random, people: list[Shopper], starts_on: date, ends_on: date) -> Iterator[Visit]:
    for person in people:
        until = min(ends_on, person.leaves_on or ends_on)
        day = person.joined_on
        first = True
        while True:
            # Exponential gaps at the busiest season's pace, thinned to the season of the day.
            gap = 0 if first else 1 + int(chance.expovariate(person.rate_per_year * _PEAK / 365))
            day += timedelta(days=gap)
            if day > until:
                break
            busy = _MONTHS[day.month - 1] * _WEEKDAYS[day.weekday()]
            if first or chance.random() < busy / _PEAK:
                yield _visit(chance, person, day)
            first = False
    for offset in range((ends_on - starts_on).days + 1):  # passers-by, whom nobody knows
        day = starts_on + timedelta(days=offset)
        busy = _MONTHS[day.month - 1] * _WEEKDAYS[day.weekday()] * len(people) * _GUESTS_A_DAY
        for _ in range(int(busy) + (chance.random() < busy % 1)):
            yield _visit(chance, None, day)


def _visit(chance: Random, person: Shopper | None, day: date) -> Visit:
    moment = time(chance.choice(_HOURS), chance.randrange(60), chance.randrange(60))
    online = person is not None and chance.randrange(100) < person.online_percent
    home = person.home_store if person is not None and chance.random() < 0.85 else chance.choice(STORES)
    return Visit(
        at=datetime.combine(day, moment, ZoneInfo(ZONE)),
        shopper=person,
        store="web" if online else home,
        channel=chance.choice(("web", "app")) if online else "store",
    )


def _order_rows(chance: Random, visit: Visit, number: int) -> Iterator[list[object]]:
    tastes = visit.shopper.taste if visit.shopper else ()
    weights = [
        (4 if goods.category in tastes else 1)
        * (5 if visit.at.month in goods.best_months else 2 if not goods.best_months else 1)
        for goods in CATALOG
    ]
    picked: list[Goods] = chance.choices(CATALOG, weights=weights, k=min(8, 1 + int(chance.expovariate(0.7))))
    tender = chance.choice(("wechat", "wechat", "alipay", "card", "cash"))
    for n, goods in enumerate(dict.fromkeys(picked), start=1):
        quantity = chance.choice((1, 1, 1, 1, 2, 3))
        yield [
            f"{visit.store.upper()}-{number:06d}", n, visit.shopper.external if visit.shopper else "", visit.store,
            visit.channel, visit.at.isoformat(), goods.sku, goods.category, goods.name, quantity,
            f"{goods.price_minor * quantity / 100:.2f}", "sale", "", tender,
        ]  # fmt: skip


def _return_row(
    chance: Random, visit: Visit, sold: list[list[object]], ends_on: date, number: int
) -> tuple[datetime, list[object]] | None:
    rate = 0.09 if visit.store == "web" else 0.025
    if chance.random() >= rate:
        return None
    row = list(chance.choice(sold))
    at = visit.at + timedelta(days=chance.randrange(1, 21))
    if at.date() > ends_on:
        return None
    row[0], row[1], row[5], row[11], row[12] = f"RET-{number:05d}", 1, at.isoformat(), "return", row[0]
    return at, row

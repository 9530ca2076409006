"""Shops to play: two out of public files, and a small one that is made up. Baskets and credit notes in order of time."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

# What is written on the goods of the gift shop stands for shelves: the file has none.
SHELVES = ("BAG", "CAKE", "HEART", "CHRISTMAS", "LIGHT", "BOX", "TEA", "CARD", "PAPER", "SIGN", "MUG", "GLASS", "TIN", "CLOCK", "VINTAGE")  # fmt: skip
POSTAGE = frozenset(("POST", "DOT", "C2"))


class Piece(NamedTuple):
    """A line of the file. Zero or less of something is a correction, as the import has it."""

    sku: str
    quantity: int
    minor: int
    category: str | None = None
    brand: str | None = None
    kind: str = "goods"


class Sale(NamedTuple):
    """A basket or an invoice, or (`is_credit`) a credit note against no order."""

    key: str
    at: datetime
    customer: str | None
    store: str | None
    pieces: tuple[Piece, ...]
    is_credit: bool = False


class Campaign(NamedTuple):
    """Who was targeted, and from which day to which, both included."""

    key: str
    starts: date
    ends: date
    households: frozenset[str]


class CouponKind(NamedTuple):
    """A coupon of one campaign, with its goods."""

    template: str
    campaign: str
    goods: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Shop:
    """All that a replay needs of a shop."""

    key: str
    zone: str
    currency: str
    channel: str
    year: int
    stores: tuple[str, ...]
    categories: list[str]
    favourites: list[str]
    brand: str
    sales: list[Sale]
    campaigns: tuple[Campaign, ...] = ()
    coupons: tuple[CouponKind, ...] = ()
    budget: str = "500.00"
    per_day: int = 10

    def campaign(self, key: str) -> Campaign:
        """A campaign by its key."""
        return self._campaigns[key]

    @cached_property
    def _campaigns(self) -> dict[str, Campaign]:
        return {c.key: c for c in self.campaigns}


def minor(value: Any) -> int:
    """Money to pennies, halves away from zero."""
    return int((Decimal(str(value)) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def chosen(name: Any, share: int) -> bool:
    """Whether a customer (with all her history), or a guest's basket, is in a share of 1 in so many."""
    return share <= 1 or random.Random(f"share/{name}").randrange(share) == 0


def online_retail(folder: Path, share: int) -> Shop:
    """The gift shop: every invoice a session, every credit note a return against what was bought before."""
    text = {"InvoiceNo": str, "StockCode": str, "CustomerID": str, "UnitPrice": str, "Description": str}
    told = pd.read_csv(folder / "online_retail" / "online_retail.csv.gz", dtype=text)
    told["when"] = pd.to_datetime(told.InvoiceDate).dt.tz_localize("Europe/London").dt.tz_convert("UTC")
    popular = told[told.Quantity > 0].StockCode.str.strip().value_counts()
    sales = []
    for ref, rows in told.groupby("InvoiceNo", sort=False):
        customer = rows.CustomerID.iloc[0]
        customer = None if pd.isna(customer) else f"c{customer}"
        if not chosen(customer or ref, share):
            continue
        is_credit = str(ref).startswith("C")
        columns = (rows.StockCode, rows.Quantity, rows.UnitPrice, rows.Description)
        pieces = [_invoiced(str(ref), *row) for row in zip(*columns, strict=True)]
        sales.append(Sale(str(ref), rows.when.min().to_pydatetime(), customer, None, tuple(pieces), is_credit))
    sales.sort(key=lambda s: (s.at, s.key))
    return Shop(
        key="gifts", zone="Europe/London", currency="GBP", channel="web", year=2011, stores=("web-store",),
        categories=list(SHELVES), favourites=[s for s in popular.index if s not in POSTAGE][:40], brand="vintage", sales=sales,
        budget=f"{max(2000 // share, 50)}.00", per_day=max(20 // share, 2),
    )  # fmt: skip


def _invoiced(ref: str, sku: str, quantity: int, price: str, said: Any) -> Piece:
    cents = minor(Decimal(quantity) * Decimal(price))
    sku, words = sku.strip(), str(said).upper().split()
    if ref.startswith("C"):
        return Piece(sku, -quantity, -cents)
    kind = "shipping" if sku in POSTAGE else "goods"
    kind = "adjustment" if quantity <= 0 or cents < 0 or ref.startswith("A") else kind
    shelf = next((s for s in SHELVES if any(w.startswith(s) for w in words)), None)
    return Piece(sku, quantity, cents, shelf, "vintage" if "VINTAGE" in words else None, kind)


def complete_journey(folder: Path, share: int) -> Shop:
    """The grocer: every basket a session; its campaigns, whom they targeted, and the coupons with their goods."""
    home = folder / "complete_journey"
    told = pd.read_parquet(home / "transactions.parquet")
    goods = pd.read_parquet(home / "products.parquet").set_index("product_id")
    shelf, brand = goods.product_category.to_dict(), goods.brand.to_dict()
    popular = told.product_id.value_counts()
    shelves = told.product_id.map(shelf).value_counts()
    stores = tuple(f"s{n}" for n in sorted(told.store_id.unique()))
    told = told[told.household_id.map({h: chosen(h, share) for h in told.household_id.unique()})]
    told = told.assign(when=told.transaction_timestamp.dt.tz_localize("UTC"))
    baskets: dict[int, list[Any]] = {}
    for row in told.itertuples():
        baskets.setdefault(row.basket_id, []).append(row)
    sales = []
    for ref, rows in baskets.items():
        pieces = tuple([
            Piece(str(r.product_id), r.quantity, minor(f"{r.sales_value:.2f}"), _text(shelf.get(r.product_id)),
                  _text(brand.get(r.product_id)), "goods" if r.quantity > 0 else "adjustment")
            for r in rows
        ])  # fmt: skip
        at = min(r.when for r in rows).to_pydatetime()
        sales.append(Sale(str(ref), at, f"h{rows[0].household_id}", f"s{rows[0].store_id}", pieces))
    sales.sort(key=lambda s: (s.at, s.key))
    return Shop(
        key="journey", zone="America/New_York", currency="USD", channel="store", year=2017, stores=stores,
        categories=[str(c) for c in shelves.index[:15]], favourites=[str(s) for s in popular.index[:40]], brand="Private",
        sales=sales, campaigns=_campaigns(home), coupons=_coupons(home),
        budget=f"{max(5000 // share, 50)}.00", per_day=max(100 // share, 2),
    )  # fmt: skip


def _text(value: Any) -> str | None:
    return None if value is None or value != value else str(value)


def _campaigns(home: Path) -> tuple[Campaign, ...]:
    whom = pd.read_parquet(home / "campaigns.parquet").groupby("campaign_id").household_id.apply(set)
    when = pd.read_parquet(home / "campaign_descriptions.parquet")
    return tuple([
        Campaign(f"campaign-{r.campaign_id}", r.start_date.date(), r.end_date.date(),
                 frozenset(f"h{h}" for h in whom[r.campaign_id]))
        for r in when.itertuples()
    ])  # fmt: skip


def _coupons(home: Path) -> tuple[CouponKind, ...]:
    lists = pd.read_parquet(home / "coupons.parquet").groupby(["campaign_id", "coupon_upc"]).product_id.apply(set)
    return tuple([
        CouponKind(f"coupon-{upc}-{campaign}", f"campaign-{campaign}", frozenset(map(str, them)))
        for (campaign, upc), them in lists.items()
    ])  # fmt: skip


def made_up(baskets: int = 200) -> Shop:
    """A grocer who never was: 30 households, 20 goods a shelf, four campaigns of three coupons."""
    dice = random.Random(7)
    shelves = [f"SHELF {n}" for n in range(15)]
    goods = {f"sku-{n}": shelves[n % 15] for n in range(300)}
    households = [f"h{n}" for n in range(30)]
    began = datetime(2017, 3, 1, 9, tzinfo=UTC)
    sales = []
    for n in range(baskets):
        at = began + timedelta(hours=11 * n, minutes=dice.randrange(60))
        skus = dice.sample(sorted(goods), 3) + dice.sample([f"sku-{i}" for i in range(45)], dice.randrange(1, 9))
        pieces = [
            Piece(s, dice.choice((1, 1, 1, 2, 3, 6)), dice.randrange(40, 1900), goods[s], dice.choice(("Private", "National")))
            for s in dict.fromkeys(skus)
        ]  # fmt: skip
        pieces += [Piece("POST", 1, 350, kind="shipping")] if n % 9 == 0 else []
        pieces += [Piece("M", 0, -50, kind="adjustment")] if n % 31 == 0 else []
        customer = dice.choice(households) if n % 8 else None
        sales.append(Sale(f"b{n}", at, customer, f"s{n % 3}", tuple(pieces)))
        if n % 25 == 24 and customer:
            back = Piece(pieces[0].sku, 1, pieces[0].minor // pieces[0].quantity)
            sales.append(Sale(f"C{n}", at + timedelta(hours=2), customer, None, (back,), is_credit=True))
    campaigns = tuple([
        Campaign(f"campaign-{n}", date(2017, 3 + n // 2, 1), date(2017, 3 + n // 2, 25),
                 frozenset(h for i, h in enumerate(households) if i % 2 == n % 2))
        for n in range(4)
    ])  # fmt: skip
    coupons = tuple([
        CouponKind(f"coupon-{k}-{n}", f"campaign-{n}", frozenset(f"sku-{i}" for i in range(k * 10, k * 10 + (120 if k == 2 else 15))))
        for n in range(4) for k in range(3)
    ])  # fmt: skip
    return Shop(
        key="corner", zone="America/New_York", currency="USD", channel="store", year=2017, stores=("s0", "s1", "s2"),
        categories=shelves, favourites=[f"sku-{n}" for n in range(40)], brand="Private", sales=sales, campaigns=campaigns,
        coupons=coupons, budget="20.00", per_day=1,
    )  # fmt: skip

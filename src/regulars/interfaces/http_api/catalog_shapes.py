"""What callers say and hear about goods, their prices and stock, and who may buy them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StrictInt

from regulars.interfaces.http_api.audiences import Names, SlugKey
from regulars.interfaces.http_api.shapes import Body, Currency, Fault, Flag, Instant, Json, Key, Out, Text
from regulars.value.catalog.terms import MOST_AT_ONCE

Price = Annotated[StrictInt, Field(ge=0, le=10**15, description="For one unit, in whole minor units.")]
Amount = Annotated[
    Text,
    Field(
        pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$",
        description="A decimal as text, up to six decimals: `3`, `0.482`.",
        examples=["12"],
    ),
]


class PriceIn(Body):
    """What one unit costs. Of those in force the store's own comes first, then the channel's, then the latest."""

    price_minor: Price
    member_minor: Price | None = Field(default=None, description="For members; never above the price.")
    channel: Key | None = Field(default=None, description="Only in this channel; null: in all.")
    store: Key | None = Field(default=None, description="Only in this store; null: in all.")
    starts_at: Instant | None = Field(default=None, description="From when; null: always was.")
    ends_at: Instant | None = Field(default=None, description="Until when, exclusive; null: for ever.")
    currency: Currency | None = Field(default=None, description="The store's, else the program's, if not said.")


class ProductIn(Body):
    """A product, whole: what is left out is empty. Without `prices` its prices stay as they are."""

    name: Text = Field(min_length=1, max_length=300, description="What people call it.")
    category: Key | None = Field(default=None, description="The key of a category.")
    brand: Key | None = Field(default=None, description="The key of a brand of the program.")
    uom: Text = Field(default="", max_length=20)
    attributes: Json = Field(default_factory=dict, max_length=100, description="Declared attributes, typed.")
    active: Flag = Field(default=True, description="False: no longer offered; it still can be sold.")
    prices: list[PriceIn] | None = Field(default=None, max_length=500)


class ProductEntry(ProductIn):
    sku: Key = Field(description="Your key of the goods.")


class ProductsIn(Body):
    items: list[ProductEntry] = Field(min_length=1, max_length=MOST_AT_ONCE)


class ProductPriceOut(Out):
    price_minor: int = Field(description="For one unit, in minor units.")
    member_minor: int | None = Field(description="For members.")
    channel: str | None = Field(description="Only in this channel; null: in all.")
    store: str | None = Field(description="Only in this store; null: in all.")
    starts_at: datetime | None = Field(description="From when; null: always was.")
    ends_at: datetime | None = Field(description="Until when, exclusive; null: for ever.")
    currency: str


class ProductOut(Out):
    sku: str
    name: str = Field(description="What people call it.")
    category: str | None
    brand: str | None
    uom: str
    attributes: dict[str, str | int | bool] = Field(description="Declared attributes, typed.")
    active: bool = Field(description="False: no longer offered.")
    prices: list[ProductPriceOut] = Field(description="All of them, also past and coming ones.")
    updated_at: datetime = Field(description="When anything of it was last changed.")


class ProductsOut(Out):
    items: list[ProductOut]
    next_cursor: str | None


class DoneOut(Out):
    key: str = Field(description="The sku or key of the entry.")
    outcome: str = Field(description="`created`, `changed`, `unchanged` or `refused`.")
    errors: list[Fault] = Field(description="Why it was refused.")


class BatchDoneOut(Out):
    created: int = Field(description="How many are new.")
    changed: int = Field(description="How many are others now.")
    unchanged: int = Field(description="How many were so already.")
    refused: int = Field(description="How many could not be taken over; their items say why.")
    items: list[DoneOut] = Field(description="One for each entry, in the order told.")


class CategoryIn(Body):
    key: SlugKey
    names: Names = Field(default_factory=dict)
    parent: Key | None = Field(default=None, description="The category above it.")
    active: Flag = True


class CategoriesIn(Body):
    items: list[CategoryIn] = Field(min_length=1, max_length=MOST_AT_ONCE)


class CategoryOut(Out):
    key: str
    names: dict[str, str]
    parent: str | None = Field(description="The category above it.")
    above: list[str] = Field(description="Its own key and all above it, nearest first.")
    active: bool = Field(description="False: no longer used.")


class CategoriesOut(Out):
    items: list[CategoryOut]
    next_cursor: str | None


class AttributeIn(Body):
    key: Text = Field(pattern=r"^[a-z][a-z0-9_]{0,59}$", description="Small letters, digits and `_`.")
    type: Literal["text", "number", "flag", "choice"] = Field(description="Never changes; numbers are whole.")
    names: Names = Field(default_factory=dict)
    choices: list[Annotated[Text, Field(min_length=1, max_length=200)]] = Field(
        default_factory=list, max_length=500, description="For the type `choice`."
    )


class AttributeOut(Out):
    key: str
    type: str
    names: dict[str, str]
    choices: list[str] = Field(description="For the type `choice`.")


class AttributesOut(Out):
    items: list[AttributeOut]


class CountIn(Body):
    """What lies in a store. Counted again, sales since then are forgotten: they are in the new count."""

    sku: Key = Field(description="A product of the catalog.")
    store: Key | None = Field(default=None, description="Null: stock for sales without a store.")
    quantity: Amount | None = Field(description="Null: not tracked there.")
    counted_at: Instant | None = Field(
        default=None, description="When it was counted, now if not said; a count older than the last changes nothing."
    )


class CountsIn(Body):
    items: list[CountIn] = Field(min_length=1, max_length=MOST_AT_ONCE)


class StockOut(Out):
    sku: str
    store: str | None
    tracked: bool = Field(description="False: it never runs out.")
    quantity: str = Field(description="What is left: counted − taken + given back.")
    counted: str = Field(description="What was counted.")
    counted_at: datetime = Field(description="When it was counted.")
    taken: str = Field(description="What was sold since.")
    given_back: str = Field(description="What came back since.")


class StocksOut(Out):
    items: list[StockOut]
    next_cursor: str | None


class WindowIn(Body):
    """A time in which some may buy; nobody named: everybody."""

    from_at: Instant | None = Field(default=None, description="From when; null: from the beginning.")
    until_at: Instant | None = Field(default=None, description="Until when, exclusive; null: to the end.")
    members_only: Flag = Field(default=False, description="Any member, no guest.")
    tiers: list[Key] = Field(default_factory=list, max_length=20, description="Levels that may.")
    audiences: list[Key] = Field(default_factory=list, max_length=20, description="Audiences that may.")


class RightIn(Body):
    """Who may buy goods, when, and how many. At least one of who, `windows` and `most` is said."""

    names: Names = Field(default_factory=dict)
    skus: list[Key] = Field(
        default_factory=list,
        max_length=10_000,
        description="The goods; need not be known yet, but nobody is refused them before they are.",
    )
    categories: list[Key] = Field(default_factory=list, max_length=1_000, description="With all below them.")
    members_only: Flag = Field(default=False, description="Any member, no guest.")
    tiers: list[Key] = Field(default_factory=list, max_length=20, description="Levels that may.")
    audiences: list[Key] = Field(default_factory=list, max_length=20, description="Audiences that may.")
    windows: list[WindowIn] = Field(default_factory=list, max_length=50, description="Presale and early access.")
    most: StrictInt | None = Field(default=None, ge=1, le=1_000_000, description="Units a member may buy in a span.")
    span: Literal["day", "week", "month", "year", "lifetime", "window"] = Field(
        default="lifetime", description="How long `most` counts; days are the program's."
    )
    starts_at: Instant | None = Field(default=None, description="From when it stands; null: at once.")
    ends_at: Instant | None = Field(default=None, description="From then on the goods are for all; null: never.")
    active: Flag = True


class WindowOut(Out):
    from_at: datetime | None = Field(description="From when; null: from the beginning.")
    until_at: datetime | None = Field(description="Until when, exclusive; null: to the end.")
    members_only: bool = Field(description="Any member, no guest.")
    tiers: list[str] = Field(description="Levels that may.")
    audiences: list[str] = Field(description="Audiences that may.")


class RightOut(Out):
    key: str
    names: dict[str, str]
    skus: list[str] = Field(description="The goods it stands on.")
    unknown_skus: list[str] = Field(
        description="Those of them that the catalog does not know yet: sold to everybody until it does."
    )
    categories: list[str] = Field(description="With all below them.")
    members_only: bool = Field(description="Any member, no guest.")
    tiers: list[str] = Field(description="Levels that may.")
    audiences: list[str] = Field(description="Audiences that may.")
    windows: list[WindowOut] = Field(description="Presale and early access.")
    most: int | None = Field(description="Units a member may buy in a span.")
    span: str = Field(description="How long `most` counts.")
    starts_at: datetime | None = Field(description="From when it stands.")
    ends_at: datetime | None = Field(description="From then on the goods are for all.")
    active: bool = Field(description="False: it is not asked.")


class RightsOut(Out):
    items: list[RightOut]
    next_cursor: str | None


class CellOut(Out):
    price_minor: int | None = Field(description="For one unit; null: no price there.")
    member_minor: int | None = Field(description="For members.")
    stock: str | None = Field(description="What is left; null: not tracked there.")
    sellable: bool = Field(description="False: none is left there.")


class DisparityOut(Out):
    sku: str
    name: str = Field(description="What people call it.")
    cells: list[CellOut] = Field(description="One a place, in the order asked.")
    price_differs: bool = Field(description="Between places of one currency.")
    member_differs: bool = Field(description="Between places of one currency.")
    stock_differs: bool = Field(description="One place has none left, another has.")


class ParityOut(Out):
    places: list[str] = Field(description="As `channel` or `channel@store`.")
    items: list[DisparityOut] = Field(description="Products that differ; a page may be short.")
    next_cursor: str | None

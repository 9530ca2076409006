"""Whether goods are the same everywhere: prices and stock of one place beside those of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Store
from regulars.value.catalog import rules
from regulars.value.catalog.models import ProductRow
from regulars.value.catalog.services import places as known
from regulars.value.catalog.services.finding import goods
from regulars.value.catalog.terms import Disparity, Goods, Place

MOST_PLACES = 12
_LOOKED_AT = 2_000  # products that one page looks through at most
_AT_ONCE = 500


class ParityPage(NamedTuple):
    """Products that differ, by sku. `after` goes on behind what was looked through; None: that was all."""

    items: tuple[Disparity, ...]
    after: str | None


def usual_places(*, program_id: int) -> tuple[Place, ...]:
    """The places to compare when none are named: every active channel, without a store."""
    found = [Place(one.key) for one in programs.channels(program_id=program_id) if one.active]
    return tuple(found[:MOST_PLACES])


def parity(
    *,
    program_id: int,
    places: Sequence[Place],
    after: str = "",
    limit: int = 100,
    at: datetime | None = None,
) -> ParityPage:
    """Active products whose price, member price or being in stock is not the same in all places.

    Args: places: 2 to 12. after: the sku behind which to go on. at: for which moment, now if left out.
    Raises: Invalid for unknown channels or stores. A page looks through 2,000 products at most, so it may be short.
    """
    stores = _checked(program_id, places)
    currency = programs.by_id(program_id=program_id).currency
    ids = [stores[p.store].id if p.store is not None else None for p in places]
    currencies = [stores[p.store].currency if p.store is not None else currency for p in places]
    found: list[Disparity] = []
    moment = at or clock.now()
    looked = 0
    while looked < _LOOKED_AT:
        rows = ProductRow.objects.filter(program_id=program_id, active=True, sku__gt=after).order_by("sku")
        skus = list(rows.values_list("sku", flat=True)[:_AT_ONCE])
        columns: list[dict[str, Goods]] = [
            goods(program_id=program_id, store_id=store, channel=p.channel, skus=skus, at=moment, currency=money)
            for p, store, money in zip(places, ids, currencies, strict=True)
        ]
        for sku in skus:
            after, looked = sku, looked + 1
            if not all(sku in column for column in columns):
                continue  # taken out of the catalog while we looked
            one = rules.disparity([column[sku] for column in columns], currencies)
            if one.price_differs or one.member_differs or one.stock_differs:
                found.append(one)
                if len(found) == limit:
                    return ParityPage(tuple(found), after)
        if len(skus) < _AT_ONCE:
            return ParityPage(tuple(found), None)
    return ParityPage(tuple(found), after)


def all_disparities(*, program_id: int, places: Sequence[Place]) -> Iterator[Disparity]:
    """Every product that differs, by sku, page after page; for files.

    Raises: Invalid for unknown channels or stores.
    """
    after: str | None = ""
    while after is not None:
        page = parity(program_id=program_id, places=places, after=after, limit=1_000)
        yield from page.items
        after = page.after


def _checked(program_id: int, places: Sequence[Place]) -> dict[str, Store]:
    faults = []
    if not 2 <= len(places) <= MOST_PLACES or len(set(places)) < len(places):
        faults.append(("places", f"2 to {MOST_PLACES} places, each named once"))
    channels = known.channels(program_id)
    stores = known.stores(program_id, [p.store for p in places])
    for n, place in enumerate(places):
        if place.channel not in channels:
            faults.append((f"places.{n}.channel", f"there is no channel {place.channel!r}"[:200]))
        if place.store is not None and place.store not in stores:
            faults.append((f"places.{n}.store", f"there is no store {place.store!r}"[:200]))
    if faults:
        raise Invalid(errors=faults)
    return stores

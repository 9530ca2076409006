"""The tree of stores: made, moved, read, asked whether it is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, Substr

from regulars.people.programs import rules
from regulars.people.programs.models import BrandRow, StoreRow
from regulars.people.programs.services.base import locked, refuse
from regulars.people.programs.services.cache import memory
from regulars.people.programs.terms import NoStore, Store, StoreKind

MOST_PER_PAGE = 500


@dataclass(frozen=True, kw_only=True)
class StorePage:
    """Stores by key; `next_cursor` is None on the last page."""

    items: tuple[Store, ...]
    next_cursor: str | None


def store_of(row: StoreRow) -> Store:
    """A row as others see it."""
    hours = {day: tuple((s[0], s[1]) for s in spans) for day, spans in row.opening_hours.items()}
    return Store(
        id=row.id,
        program_id=row.program_id,
        key=row.key,
        name=row.name,
        kind=StoreKind(row.kind),
        zone=row.zone,
        currency=row.currency,
        path=row.path,
        parent_id=row.parent_id,
        brand_id=row.brand_id,
        opening_hours=hours,
        address=row.address,
        active=row.active,
    )


def _field_faults(
    key: str,
    name: str,
    kind: str,
    zone: str | None,
    currency: str | None,
    hours: Mapping[str, Any] | None,
    address: Any,
) -> rules.Faults:
    faults = rules.key_faults(key, "key") + rules.name_faults(name, "name")
    faults += rules.choice_faults(kind, StoreKind, "kind")
    faults += rules.zone_faults(zone, "zone") if zone is not None else []
    faults += rules.currency_faults(currency, "currency") if currency is not None else []
    faults += rules.address_faults(address, "address")
    return faults + (rules.hours_faults(hours, "opening_hours") if hours is not None else [])


def _tree_faults(
    key: str, kind: str, own: StoreRow | None, parent: str | None, above: StoreRow | None
) -> rules.Faults:
    """What is wrong with a store's place in the tree, read under the program's lock."""
    faults: rules.Faults = []
    if parent and above is None:
        faults.append(("parent", f"there is no store {parent!r} in this program"))
    if above is not None and own is not None and rules.is_below(above.path, own.path):
        faults.append(("parent", f"{parent!r} lies below {key!r}: the tree would be a circle"))
    elif above is not None and above.kind != StoreKind.REGION:
        faults.append(("parent", f"{parent!r} is a store; only a region holds others"))
    if own is not None and kind == StoreKind.STORE and StoreRow.objects.filter(parent_id=own.id).exists():
        faults.append(("kind", f"{key!r} holds other stores, so it must stay a region"))
    return faults


@transaction.atomic
def define_store(
    *,
    program_id: int,
    key: str,
    name: str,
    actor: str,
    kind: str = StoreKind.STORE,
    parent: str | None = None,
    brand: str | None = None,
    zone: str | None = None,
    currency: str | None = None,
    opening_hours: Mapping[str, Any] | None = None,
    address: str = "",
    active: bool = True,
) -> Store:
    """Make a store or region, or change the one with this key; a new parent moves everything below it too.

    Args: parent, brand: keys. zone: IANA, the program's when not said. currency: ISO 4217, the program's when
    not said. opening_hours: `{"mon": [["09:00","21:00"]]}` on the store's wall clock.
    Raises: Invalid with every fault, a circle of parents among them; NoProgram.
    """
    faults = _field_faults(key, name, kind, zone, currency, opening_hours, address)
    program = locked(program_id)
    own = StoreRow.objects.filter(program_id=program_id, key=key).first()
    above = StoreRow.objects.filter(program_id=program_id, key=parent).first() if parent else None
    old_path = own.path if own else None
    faults += _tree_faults(key, kind, own, parent, above)
    brand_id = BrandRow.objects.filter(program_id=program_id, key=brand).values_list("id", flat=True).first()
    if brand and brand_id is None:
        faults.append(("brand", f"there is no brand {brand!r} in this program"))
    refuse(faults)
    path = f"{above.path if above else '/'}{key}/"
    row, _ = StoreRow.objects.update_or_create(
        program_id=program_id,
        key=key,
        defaults={
            "name": name.strip(),
            "kind": kind,
            "parent_id": above.id if above else None,
            "brand_id": brand_id if brand else None,
            "zone": zone or program.zone,
            "currency": currency or program.currency,
            "opening_hours": rules.tidy_hours(opening_hours or {}),
            "address": address,
            "active": active,
            "path": path,
        },
    )
    if old_path is not None and old_path != path:
        below = StoreRow.objects.filter(program_id=program_id, path__startswith=old_path)
        below.update(path=Concat(Value(path), Substr(F("path"), len(old_path) + 1)))
    memory.forget()
    return store_of(row)


def store(*, program_id: int, key: str) -> Store:
    """The store with this key, at most five seconds old.

    Raises: NoStore.
    """

    def read() -> Store:
        row = StoreRow.objects.filter(program_id=program_id, key=key).first()
        if row is None:
            raise NoStore(f"There is no store {key!r}.")
        return store_of(row)

    return memory.get(("store", program_id, key), read, Store)


def store_by_id(*, program_id: int, store_id: int) -> Store:
    """The store with this id in this program, at most five seconds old; another program's store is not found.

    Raises: NoStore.
    """

    def read() -> Store:
        row = StoreRow.objects.filter(program_id=program_id, id=store_id).first()
        if row is None:
            raise NoStore(f"There is no store {store_id}.")
        return store_of(row)

    return memory.get(("store id", program_id, store_id), read, Store)


def stores(
    *,
    program_id: int,
    cursor: str | None = None,
    limit: int = 100,
    below: int | None = None,
    active: bool | None = None,
) -> StorePage:
    """One page of stores and regions, by key.

    Args: cursor: the last page's `next_cursor`. limit: 1 to 500. below: id of a store; only it and what is below.
    Raises: NoStore when `below` is not here.
    """
    size = max(1, min(limit, MOST_PER_PAGE))
    rows = StoreRow.objects.filter(program_id=program_id).order_by("key")
    if below is not None:
        rows = rows.filter(path__startswith=_path(program_id, below))
    if active is not None:
        rows = rows.filter(active=active)
    if cursor is not None:
        rows = rows.filter(key__gt=cursor)
    found = [store_of(row) for row in rows[: size + 1]]
    return StorePage(items=tuple(found[:size]), next_cursor=found[size - 1].key if len(found) > size else None)


def _path(program_id: int, store_id: int) -> str:
    path = StoreRow.objects.filter(program_id=program_id, id=store_id).values_list("path", flat=True).first()
    if path is None:
        raise NoStore(f"There is no store {store_id}.")
    return path


def subtree(*, program_id: int, store_id: int) -> list[int]:
    """The ids of a store or region and of everything below it, in order of path.

    Raises: NoStore.
    """
    below = StoreRow.objects.filter(program_id=program_id, path__startswith=_path(program_id, store_id))
    return list(below.order_by("path").values_list("id", flat=True))


def is_within(*, program_id: int, store_id: int, root_id: int) -> bool:
    """Whether a store is `root_id` or lies below it.

    Raises: NoStore when either is not in this program.
    """
    if store_id == root_id:
        return store_by_id(program_id=program_id, store_id=store_id).id == root_id
    here = store_by_id(program_id=program_id, store_id=store_id)
    return rules.is_below(here.path, store_by_id(program_id=program_id, store_id=root_id).path)


def is_open(*, store: Store, instant: datetime) -> bool:
    """Whether a store is open at an instant, by its own zone. A retired store and a region never are.

    Args: instant: aware.
    """
    return store.active and store.kind == StoreKind.STORE and rules.is_open(store.opening_hours, store.zone, instant)

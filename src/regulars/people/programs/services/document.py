"""The part of a program document that programs own: `program`, `brands`, `stores`, `channels`.

A section that is absent is left alone. Within a section that is present, what is absent is retired.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from regulars.kernel.errors import Broken
from regulars.people.programs import rules
from regulars.people.programs.models import BrandRow, ChannelRow, ProgramRow, StoreRow
from regulars.people.programs.services.base import locked, refuse
from regulars.people.programs.services.cache import memory
from regulars.people.programs.terms import Change, NoProgram


def describe(program_id: int) -> dict[str, Any]:
    """The section of the document as the tables hold it now, by stable keys; applying it changes nothing.

    Raises: NoProgram.
    """
    row = ProgramRow.objects.filter(id=program_id).first()
    if row is None:
        raise NoProgram(f"There is no program {program_id}.")
    program = {"key": row.key, "name": row.name, "zone": row.zone, "currency": row.currency, "locale": row.locale}
    brands = BrandRow.objects.filter(program_id=program_id).order_by("key")
    stores = StoreRow.objects.filter(program_id=program_id).select_related("parent", "brand").order_by("path")
    channels = ChannelRow.objects.filter(program_id=program_id).order_by("key")
    return {
        "program": {**program, **({"settings": row.settings} if row.settings else {})},
        "brands": [_without_defaults({"key": b.key, "name": b.name, "active": b.active}) for b in brands],
        "stores": [
            _without_defaults(
                {
                    "key": s.key,
                    "name": s.name,
                    "kind": s.kind,
                    "parent": s.parent.key if s.parent else None,
                    "brand": s.brand.key if s.brand else None,
                    "zone": s.zone,
                    "currency": s.currency,
                    "hours": s.opening_hours,
                    "address": s.address,
                    "active": s.active,
                }
            )
            for s in stores
        ],
        "channels": [
            _without_defaults({"key": c.key, "name": c.name, "kind": c.kind, "online": c.online, "active": c.active})
            for c in channels
        ],
    }


def _without_defaults(entry: dict[str, Any]) -> dict[str, Any]:
    quiet: dict[str, Any] = {"active": True, "parent": None, "brand": None, "hours": {}, "address": ""}
    return {name: value for name, value in entry.items() if not (name in quiet and value == quiet[name])}


def check(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every fault of our sections as (path, message), paths as `stores.3.zone`; other sections are not looked at."""
    return rules.faults(document)


def plan(program_id: int, document: Mapping[str, Any]) -> list[Change]:
    """What applying a document would change, nothing when it says what is so already.

    Raises: Invalid with every fault; NoProgram.
    """
    now = describe(program_id)
    faults = check(document)
    said = document.get("program")
    if isinstance(said, Mapping) and said.get("key") not in (None, now["program"]["key"]):
        faults.append(("program.key", f"this program is {now['program']['key']!r}; a key never changes"))
    if not faults and "brands" not in document:
        known = {b["key"] for b in now["brands"]}
        faults += [
            (f"stores.{n}.brand", f"there is no brand {e['brand']!r} in this program")
            for n, e in enumerate(document.get("stores", []))
            if e.get("brand") and e["brand"] not in known
        ]
    refuse(faults)
    return rules.changes(now=rules.complete(now, now["program"]), wanted=rules.complete(document, now["program"]))


@transaction.atomic
def apply(program_id: int, document: Mapping[str, Any], actor: str) -> list[Change]:
    """Make the tables say what a document says, all of it or nothing; answers what changed.

    Raises: Invalid with every fault; NoProgram.
    """
    row = locked(program_id)
    changes = plan(program_id, document)
    if not changes:
        return changes
    wanted = rules.complete(document, describe(program_id)["program"])
    program = wanted.get("program")
    if program is not None:
        row.name, row.zone, row.currency = program["name"], program["zone"], program["currency"]
        row.locale, row.settings = program["locale"], program["settings"]
        row.save(update_fields=["name", "zone", "currency", "locale", "settings"])
    _retire(program_id, wanted)
    for entry in wanted.get("brands", []):
        BrandRow.objects.update_or_create(
            program_id=program_id, key=entry["key"], defaults={"name": entry["name"], "active": entry["active"]}
        )
    for entry in wanted.get("channels", []):
        fields = {name: entry[name] for name in ("name", "kind", "online", "active")}
        ChannelRow.objects.update_or_create(program_id=program_id, key=entry["key"], defaults=fields)
    _write_stores(program_id, wanted.get("stores", []))
    memory.forget()
    return changes


def _retire(program_id: int, wanted: Mapping[str, Any]) -> None:
    """What a present section no longer names stays for the orders that name it, and is retired."""
    for section, table in (("brands", BrandRow), ("stores", StoreRow), ("channels", ChannelRow)):
        if section in wanted:
            kept = [entry["key"] for entry in wanted[section]]
            table._default_manager.filter(program_id=program_id, active=True).exclude(key__in=kept).update(
                active=False
            )


def _write_stores(program_id: int, entries: list[dict[str, Any]]) -> None:
    """All stores at once, parents before children."""
    brands = dict(BrandRow.objects.filter(program_id=program_id).values_list("key", "id"))
    parents = {entry["key"]: entry["parent"] for entry in entries}
    paths = {key: rules.path_of(parents, key) for key in parents}
    ids: dict[str, int] = {}
    for entry in entries:  # `complete` has put parents before children
        fields = {name: entry[name] for name in ("name", "kind", "zone", "currency", "address", "active")}
        row, _ = StoreRow.objects.update_or_create(
            program_id=program_id,
            key=entry["key"],
            defaults={
                **fields,
                "parent_id": ids[entry["parent"]] if entry["parent"] else None,
                "brand_id": brands[entry["brand"]] if entry["brand"] else None,
                "opening_hours": entry["hours"],
                "path": paths[entry["key"]] or "",  # `check` has refused what has no way to the root
            },
        )
        ids[entry["key"]] = row.id
    _follow(program_id)


def _follow(program_id: int) -> None:
    """Retired stores move with their parents, whose places may have changed."""
    rows = {row.id: row for row in StoreRow.objects.filter(program_id=program_id)}
    parents = {row.key: rows[row.parent_id].key if row.parent_id else None for row in rows.values()}
    moved = []
    for row in rows.values():
        path = rules.path_of(parents, row.key)
        if path is None:
            raise Broken(f"store {row.id} lies below itself")
        if path != row.path:
            row.path = path
            moved.append(row)
    StoreRow.objects.bulk_update(moved, ["path"], batch_size=500)

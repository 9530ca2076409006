"""The program's units and regions as rules need them, asked from the contexts that own them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from regulars.people.programs import services as programs
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Unit
from regulars.value.promotions.terms import LotTimes, UnitPlan

_MOST_KEPT = 4_096


def plans(
    *, program_id: int, zone: str, named: Set[str] = frozenset(), terms: int | None = None
) -> dict[str, UnitPlan]:
    """Every unit of a program that is in use, by key.

    Args: zone: the program's, whose midnights begin and end lots. named: units of these keys too, though retired: the
    rules of an earlier version speak of them. terms: an older version by which value lasts, where that is longer.
    """
    older = ledger.units_of(program_id=program_id, version=terms) if terms is not None else {}
    return {
        unit.key: UnitPlan(unit.key, unit.slot, times_of(unit, zone, older.get(unit.key)))
        for unit in ledger.units(program_id=program_id)
        if unit.retired_at is None or unit.key in named
    }


def times_of(unit: Unit, zone: str, older: Unit | None = None) -> Callable[[datetime, str | None], LotTimes]:
    """When value of a unit begins and ends, by the ledger's own policies.

    All of these depend on the local day of the earning and on the level only, so each day is asked once.

    Args: older: the unit as an older version has it, which decides where value lasts longer by it.
    """
    kept: dict[tuple[date, str | None], LotTimes] = {}
    local = ZoneInfo(zone)
    always = all(
        u.expiry.get("kind") in ("never", "inactivity") and u.activation.get("kind") == "at_once"
        for u in (unit, older or unit)
    )
    at_once = LotTimes()

    def times(at: datetime, tier: str | None) -> LotTimes:
        if always:
            return at_once
        asked = (at.astimezone(local).date(), tier)
        found = kept.get(asked)
        if found is None:
            parcel = ledger.parcel(unit=unit, older=older, amount=1, earned_at=at, zone=zone, tier=tier)
            if len(kept) >= _MOST_KEPT:
                kept.clear()
            found = LotTimes(parcel.activates_at, parcel.event, parcel.deadline, parcel.expires_at)
            kept[asked] = found
        return found

    return times


class Places(NamedTuple):
    """Each store's key with the key of the region above it, and with its brand's, where it has one."""

    parents: Mapping[str, str | None]
    brands: Mapping[str, str]


def places(*, program_id: int) -> Places:
    """The program's stores as rules need them."""
    stores = programs.describe(program_id)["stores"]
    return Places(
        {s["key"]: s.get("parent") for s in stores}, {s["key"]: s["brand"] for s in stores if s.get("brand")}
    )

"""The section `offline` of a program document, read with every fault, and written back canonically."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regulars.kernel.reading import Fault, Reader
from regulars.value.allowances.terms import Policy, UnitPolicy

SECTION = "offline"
MOST_HOURS = 24 * 30
_MOST_AMOUNT = 10**12


def read(document: Mapping[str, Any]) -> tuple[Policy | None, list[Fault]]:
    """The policy of a document (None: no such section) with every fault."""
    faults: list[Fault] = []
    said = document.get(SECTION)
    if said is None:
        return None, faults
    entry = Reader(said, SECTION, faults)
    policy = Policy(
        units=_units(entry, _spendable(document)),
        hours=entry.whole("hours", Policy.hours, least=1, most=MOST_HOURS) or 1,
        grace_hours=entry.whole("grace_hours", Policy.grace_hours, most=MOST_HOURS) or 0,
        **_most_open(entry),
    )
    entry.done()
    return policy, faults


def _units(entry: Reader, known: frozenset[str] | None) -> tuple[UnitPolicy, ...]:
    units: list[UnitPolicy] = []
    for one in entry.children("units", most=32):
        unit = UnitPolicy(
            unit=one.key("unit"), max_amount=one.whole("max_amount", 0, least=1, most=_MOST_AMOUNT) or 0
        )
        if not one.has("max_amount"):
            one.fault("max_amount", "is missing: how much may one allowance be at most?")
        if known is not None and unit.unit and unit.unit not in known:
            one.fault("unit", f"there is no unit {unit.unit!r} in this program that can be spent")
        if unit.unit in {u.unit for u in units}:
            one.fault("unit", f"{unit.unit!r} is said twice")
        one.done()
        units.append(unit)
    return tuple(units)


def _most_open(entry: Reader) -> dict[str, int]:
    found = {"max_open_member": Policy.max_open_member, "max_open_device": Policy.max_open_device}
    child = entry.child("max_open")
    if child is None:
        return found
    found["max_open_member"] = child.whole("member", Policy.max_open_member, least=1, most=100) or 1
    found["max_open_device"] = child.whole("device", Policy.max_open_device, least=1, most=5_000) or 1
    child.done()
    return found


def _spendable(document: Mapping[str, Any]) -> frozenset[str] | None:
    units = document.get("units")
    if not isinstance(units, list):
        return None
    spendable = [u for u in units if isinstance(u, Mapping) and u.get("kind") == "spendable"]
    return frozenset(u["key"] for u in spendable if isinstance(u.get("key"), str))


def write(policy: Policy | None) -> dict[str, Any]:
    """The section in its one canonical form; no section where nothing was said."""
    if policy is None:
        return {}
    return {
        SECTION: {
            "hours": policy.hours,
            "grace_hours": policy.grace_hours,
            "max_open": {"member": policy.max_open_member, "device": policy.max_open_device},
            "units": [{"unit": u.unit, "max_amount": u.max_amount} for u in policy.units],
        }
    }

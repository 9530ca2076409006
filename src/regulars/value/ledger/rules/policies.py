"""What the `units` of a program document may say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from regulars.value.ledger.terms import MAX_UNITS, DebtPolicy, UnitKind

KEY = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
FIELDS = frozenset(
    "key name kind scale expiry activation debt value_micro adjust_limit renewed_by transferable".split()
)
Faults = list[tuple[str, str]]


def unit_faults(document: Mapping[str, Any]) -> Faults:
    """Every fault of a document's `units` as (path, message); other sections are not looked at.

    >>> unit_faults({"units": [{"key": "Points"}]})
    [('units.0.key', 'is a word of small letters, digits and _')]
    """
    faults: Faults = []
    section = document.get("units", [])
    if not isinstance(section, Sequence) or isinstance(section, str) or len(section) > MAX_UNITS:
        return [("units", f"is a list of at most {MAX_UNITS} units")]
    keys: list[Any] = []
    for n, unit in enumerate(section):
        if not isinstance(unit, Mapping):
            faults.append((f"units.{n}", "is not an object"))
            continue
        _check(unit, complete(unit), f"units.{n}", faults)
        if unit.get("key") in keys:
            faults.append((f"units.{n}.key", f"{unit.get('key')!r} is there twice"))
        keys.append(unit.get("key"))
    return faults


def complete(unit: Mapping[str, Any]) -> dict[str, Any]:
    """A unit with every default filled in.

    >>> complete({"key": "growth", "kind": "measure"})["debt"]
    'within_balance'
    """
    kind = unit.get("kind", UnitKind.SPENDABLE)
    names = unit.get("name", {})
    return {
        "key": unit.get("key", ""),
        "name": {"en": names} if isinstance(names, str) else names,
        "kind": str(kind),
        "scale": unit.get("scale", 0),
        "expiry": _dated(unit.get("expiry", {"kind": "never"})),
        "activation": _dated(unit.get("activation", {"kind": "at_once"})),
        "debt": str(unit.get("debt", DebtPolicy.WITHIN_BALANCE if kind == UnitKind.MEASURE else DebtPolicy.OWE)),
        "value_micro": unit.get("value_micro"),
        "adjust_limit": unit.get("adjust_limit"),
        "renewed_by": unit.get("renewed_by", ["earn", "spend"]),
        "transferable": unit.get("transferable", False),
    }


def without_defaults(unit: Mapping[str, Any]) -> dict[str, Any]:
    """A complete unit as short as a person would write it.

    >>> without_defaults(complete({"key": "points", "debt": "owe"}))
    {'key': 'points', 'kind': 'spendable'}
    """
    bare = complete({"key": unit["key"], "kind": unit["kind"]})
    return {k: v for k, v in unit.items() if k in ("key", "kind") or v != bare[k]}


def _dated(policy: Any) -> Any:
    """YAML reads a bare day as a date; the books keep it as text."""
    if isinstance(policy, Mapping) and isinstance(policy.get("on"), date):
        return {**policy, "on": policy["on"].isoformat()}
    return policy


def _check(unit: Mapping[str, Any], checked: Mapping[str, Any], path: str, faults: Faults) -> None:
    faults += [(f"{path}.{field}", "is not a field of a unit") for field in unit if field not in FIELDS]
    kind, debt = checked["kind"], checked["debt"]
    if not isinstance(checked["key"], str) or not KEY.match(checked["key"]):
        faults.append((f"{path}.key", "is a word of small letters, digits and _"))
    if kind not in list(UnitKind):
        faults.append((f"{path}.kind", "is spendable or measure"))
    if debt not in list(DebtPolicy) or (kind == UnitKind.MEASURE and debt == DebtPolicy.OWE):
        faults.append((f"{path}.debt", "is only_pending, within_balance or owe (a measure never owes)"))
    for field in ("value_micro", "adjust_limit"):
        if checked[field] is not None and not _whole(checked[field], 0):
            faults.append((f"{path}.{field}", "is a whole number, 0 or more"))
    if not _whole(checked["scale"], 0) or checked["scale"] > 6:
        faults.append((f"{path}.scale", "is a whole number of decimals, 0 to 6"))
    if not isinstance(checked["transferable"], bool):
        faults.append((f"{path}.transferable", "is true or false"))
    _expiry(checked["expiry"], f"{path}.expiry", faults)
    _activation(checked["activation"], f"{path}.activation", faults)
    if not isinstance(checked["renewed_by"], list) or not all(isinstance(k, str) for k in checked["renewed_by"]):
        faults.append((f"{path}.renewed_by", "is a list of kinds of journals"))
    if not isinstance(checked["name"], Mapping) or not all(isinstance(v, str) for v in checked["name"].values()):
        faults.append((f"{path}.name", "is a name, or a name per language"))


def _expiry(policy: Any, path: str, faults: Faults, inside_tier: bool = False) -> None:
    kind = policy.get("kind") if isinstance(policy, Mapping) else None
    if kind == "rolling":
        if not any(_whole(policy.get(f), 1) for f in ("months", "days")):
            faults.append((path, "needs months or days, 1 or more"))
    elif kind == "end_of":
        if policy.get("period") not in ("month", "quarter", "year"):
            faults.append((f"{path}.period", "is month, quarter or year"))
        if not _whole(policy.get("after", 0), 0):
            faults.append((f"{path}.after", "is how many further periods, 0 or more"))
    elif kind == "fixed":
        _day(policy.get("on"), f"{path}.on", faults)
    elif kind == "inactivity":
        if not _whole(policy.get("months"), 1):
            faults.append((f"{path}.months", "is a whole number, 1 or more"))
        if inside_tier:
            faults.append((path, "cannot depend on the tier: an inactivity clock belongs to the whole unit"))
    elif kind == "by_tier" and not inside_tier:
        tiers = policy.get("tiers")
        for tier, part in tiers.items() if isinstance(tiers, Mapping) else ():
            _expiry(part, f"{path}.tiers.{tier}", faults, inside_tier=True)
        if not isinstance(tiers, Mapping):
            faults.append((f"{path}.tiers", "names a policy per level"))
        _expiry(policy.get("otherwise"), f"{path}.otherwise", faults, inside_tier=True)
    elif kind != "never":
        faults.append((f"{path}.kind", "is never, rolling, end_of, fixed, inactivity or by_tier"))


def _activation(policy: Any, path: str, faults: Faults) -> None:
    kind = policy.get("kind") if isinstance(policy, Mapping) else None
    if kind == "after":
        if not _whole(policy.get("days"), 1):
            faults.append((f"{path}.days", "is a whole number, 1 or more"))
    elif kind == "fixed":
        _day(policy.get("on"), f"{path}.on", faults)
    elif kind == "event":
        if not isinstance(policy.get("event"), str) or not policy["event"]:
            faults.append((f"{path}.event", "names an event"))
        if policy.get("deadline_days") is not None and not _whole(policy["deadline_days"], 1):
            faults.append((f"{path}.deadline_days", "is a whole number, 1 or more"))
    elif kind != "at_once":
        faults.append((f"{path}.kind", "is at_once, after, event or fixed"))


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < 1 << 62


def _day(value: Any, path: str, faults: Faults) -> None:
    try:
        if not isinstance(value, date):
            date.fromisoformat(value)
    except (TypeError, ValueError):
        faults.append((path, "is a day like 2026-12-31"))

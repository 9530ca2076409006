"""Units of a program: defined by its document, kept in slots that never move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.people.programs.terms import Change
from regulars.value.ledger import rules
from regulars.value.ledger.models import UnitRow, UnitTermsRow
from regulars.value.ledger.services.calls import rows
from regulars.value.ledger.terms import MAX_UNITS, DebtPolicy, Unit, UnitInUse, UnitKind, UnknownUnit

_CACHE: dict[tuple[int, int], tuple[Unit, ...]] = {}


def units(*, program_id: int, version: int | None = None) -> tuple[Unit, ...]:
    """The units of a program by slot, retired ones too. With the program's `version` they are remembered."""
    if version is not None and (program_id, version) in _CACHE:
        return _CACHE[program_id, version]
    found = tuple(_unit(row) for row in UnitRow.objects.filter(program_id=program_id).order_by("slot"))
    if version is not None:
        if len(_CACHE) > 1000:
            _CACHE.clear()
        _CACHE[program_id, version] = found
    return found


def unit(*, program_id: int, key: str) -> Unit:
    """One unit that is in use.

    Raises: UnknownUnit.
    """
    row = UnitRow.objects.filter(program_id=program_id, key=key, retired_at=None).first()
    if row is None:
        raise UnknownUnit(f"The program has no unit {key!r}.", unit=key)
    return _unit(row)


def units_of(*, program_id: int, version: int) -> dict[str, Unit]:
    """The units as a version's terms have them: how long value lasts and when it begins; by key.

    Nothing of a version before these terms were written down.
    """
    rows_ = UnitTermsRow.objects.filter(program_id=program_id, version__lte=version).order_by("-version")
    told: dict[str, Any] = rows_.values_list("units", flat=True).first() or {}
    return {
        u.key: replace(u, expiry=told[u.key]["expiry"], activation=told[u.key]["activation"])
        for u in units(program_id=program_id)
        if u.key in told
    }


def _unit(row: UnitRow) -> Unit:
    return Unit(
        slot=row.slot,
        key=row.key,
        names=row.names,
        kind=UnitKind(row.kind),
        scale=row.scale,
        expiry=row.expiry or {"kind": "never"},
        activation=row.activation or {"kind": "at_once"},
        debt_policy=DebtPolicy(row.debt_policy),
        value_micro=row.value_micro,
        adjust_limit=row.adjust_limit,
        renewed_by=tuple(row.renewed_by),
        transferable=row.transferable,
        retired_at=row.retired_at,
    )


def describe(program_id: int) -> dict[str, Any]:
    """The section `units` as the tables hold it now, by slot; applying it changes nothing."""
    return {"units": [rules.without_defaults(u) for u in _complete(program_id)]}


def _complete(program_id: int) -> list[dict[str, Any]]:
    return [
        {
            "key": u.key,
            "name": dict(u.names),
            "kind": str(u.kind),
            "scale": u.scale,
            "expiry": dict(u.expiry),
            "activation": dict(u.activation),
            "debt": str(u.debt_policy),
            "value_micro": u.value_micro,
            "adjust_limit": u.adjust_limit,
            "renewed_by": list(u.renewed_by),
            "transferable": u.transferable,
        }
        for u in units(program_id=program_id)
        if u.retired_at is None
    ]


def check(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every fault of our section as (path, message), paths as `units.0.expiry.kind`."""
    return rules.unit_faults(document)


def plan(program_id: int, document: Mapping[str, Any]) -> list[Change]:
    """What applying a document would change, nothing when it says what is so already. Without `units`, none changes.

    Raises: Invalid with every fault.
    """
    if faults := check(document):
        raise Invalid(errors=faults)
    if "units" not in document:
        return []
    before = {u["key"]: u for u in _complete(program_id)}
    after = {u["key"]: u for u in map(rules.complete, document["units"])}
    changes = [Change(path=f"units.{k}", action="add", after=after[k]) for k in after if k not in before]
    for key, old in before.items():
        if key not in after:
            changes.append(Change(path=f"units.{key}", action="retire", before=old, adverse=True))
        elif old != after[key]:
            fields = [f for f in old if old[f] != after[key][f]]
            adverse = bool({"expiry", "activation", "debt"} & set(fields))
            was, will = {f: old[f] for f in fields}, {f: after[key][f] for f in fields}
            changes.append(Change(path=f"units.{key}", action="change", before=was, after=will, adverse=adverse))
    return changes


@transaction.atomic
def apply(program_id: int, document: Mapping[str, Any], actor: str, version: int | None = None) -> list[Change]:
    """Make the program's units those of a document; answers what changed.

    Args: version: the number under which it is published; its terms are written down.
    A unit keeps its slot for ever; a missing one is retired, and comes back into its slot when it is named again.
    Raises: Invalid; UnitInUse when members still hold a unit that is missing, or a kind would change.
    """
    changes = plan(program_id, document)
    present = {row.key: row for row in UnitRow.objects.select_for_update().filter(program_id=program_id)}
    free = max((row.slot for row in present.values()), default=0)
    for unit in map(rules.complete, document["units"] if changes else []):
        values = {k: unit[k] for k in unit if k not in ("key", "debt", "name")}
        values |= {"names": unit["name"], "debt_policy": unit["debt"], "retired_at": None}
        if unit["key"] not in present:
            free += 1
            if free > MAX_UNITS:
                raise UnitInUse(f"All {MAX_UNITS} slots are used, retired units included.")
            UnitRow.objects.create(program_id=program_id, slot=free, key=unit["key"], **values)
        elif present[unit["key"]].kind != unit["kind"]:
            raise UnitInUse(f"{unit['key']} cannot change its kind; make a new unit.", unit=unit["key"])
        else:
            UnitRow.objects.filter(program_id=program_id, key=unit["key"]).update(**values)
    for change in changes:
        if change.action == "retire":
            _retire(program_id, change.path.removeprefix("units."))
    for cached in [k for k in _CACHE if k[0] == program_id]:
        _CACHE.pop(cached)
    if version is not None:
        _write_down(program_id, version)
    return changes


def _write_down(program_id: int, version: int) -> None:
    """The terms of a version, where they are not those of the version before."""
    told = {
        u.key: {"expiry": dict(u.expiry), "activation": dict(u.activation)}
        for u in units(program_id=program_id)
        if u.retired_at is None
    }
    last = UnitTermsRow.objects.filter(program_id=program_id).order_by("-version").first()
    if last is None or last.units != told:
        UnitTermsRow.objects.create(program_id=program_id, version=version, units=told)


def _retire(program_id: int, key: str) -> None:
    held = _held(program_id, key)
    if held:
        raise UnitInUse(f"{held} members still hold {key}.", unit=key, members=held)
    UnitRow.objects.filter(program_id=program_id, key=key).update(retired_at=clock.now())


def _held(program_id: int, key: str) -> int:
    """How many members hold anything of a unit."""
    ((count,),) = rows(
        "select count(distinct c.member_id) from ledger_unit u join ledger_cached(u.program_id) c on c.unit = u.slot"
        " where u.program_id = %s and u.key = %s",
        program_id,
        key,
    )
    return int(count)

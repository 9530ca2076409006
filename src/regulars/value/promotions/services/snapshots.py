"""The rules of a version, compiled once per process and remembered."""

from __future__ import annotations

import time

from django.db import connection

from regulars.people.programs import services as programs
from regulars.value.promotions import rules
from regulars.value.promotions.models import RuleRow, VersionRow
from regulars.value.promotions.rules import document
from regulars.value.promotions.services import units
from regulars.value.promotions.terms import NoSuchVersion, Snapshot
from regulars.value.tiers import services as tiers

_MOST = 200
_SECONDS = 60
_kept: dict[tuple[int, int], tuple[int, Snapshot]] = {}


def snapshot(*, program_id: int, version: int | None = None) -> Snapshot:
    """The compiled rules of a version (None: the current one); the same object to every caller of a process.

    With a version given, a remembered answer costs no query. Rules of a version never change; the tree of stores
    may, so it is read again after a minute.

    Raises: NoProgram; NoSuchVersion.
    """
    if version is None:
        version = programs.by_id(program_id=program_id).current_version
    kept = _kept.get((program_id, version))
    now = time.monotonic_ns()  # ages are measured by the machine's steady clock, whatever a test has set
    if kept is not None and now - kept[0] < _SECONDS * 1_000_000_000:
        return kept[1]
    found = _read(program_id, version)
    # inside a transaction the version may still be rolled back, and its number used again
    if not connection.in_atomic_block:
        if len(_kept) >= _MOST:
            _kept.clear()
        _kept[program_id, version] = (now, found)
    return found


def forget() -> None:
    """Drop every remembered version; for tests, whose databases are emptied and numbered anew."""
    _kept.clear()


def _read(program_id: int, version: int) -> Snapshot:
    row = VersionRow.objects.filter(program_id=program_id, version=version).first()
    if row is None:
        raise NoSuchVersion(f"Program {program_id} has no rules of version {version}.")
    program = programs.by_id(program_id=program_id)
    bodies = RuleRow.objects.filter(program_id=program_id, version=version).order_by("place")
    earn_rules, policies, faults = document.read(
        {
            "program": {"currency": row.currency},
            "policies": row.policies,
            "earn_rules": [b.body for b in bodies],
        }
    )
    if faults:
        raise NoSuchVersion(f"Version {version} cannot be read: {faults[0][0]}: {faults[0][1]}")
    known = units.plans(program_id=program_id, zone=program.zone, named={r.unit for r in earn_rules})
    parents = units.parents(program_id=program_id)
    return Snapshot(
        program_id=program_id,
        version=version,
        zone=program.zone,
        currency=row.currency,
        units=known,
        rules=earn_rules,
        policies=policies,
        base_tier=tiers.base_level(program_id=program_id, version=version),
        plan=rules.compile_rules(rules=earn_rules, units=known, parents=parents),
    )

"""The rules of a version, compiled once per process and remembered."""

from __future__ import annotations

import time
from collections.abc import Iterable

from django.db import connection

from regulars.people.programs import services as programs
from regulars.value.promotions.models import VersionRow
from regulars.value.promotions.rules import Book, compile_rules, document, keeping
from regulars.value.promotions.services import document as documents
from regulars.value.promotions.services import units
from regulars.value.promotions.terms import Earn, EarnRule, NoSuchVersion, Policies, Promotion, Snapshot
from regulars.value.tiers import services as tiers

_MOST = 200
_SECONDS = 60
_kept: dict[tuple[int, int, int], tuple[int, Snapshot]] = {}


def snapshot(*, program_id: int, version: int | None = None, terms: int | None = None) -> Snapshot:
    """The compiled rules of a version (None: the current one); the same object to every caller of a process.

    With `terms`, an older version, its terms are joined to the offers of `version`: `rules.keeping`.

    With a version given, a remembered answer costs no query. Rules of a version never change; the tree of stores
    may, so it is read again after a minute.

    Raises: NoProgram; NoSuchVersion.
    """
    if version is None:
        version = programs.by_id(program_id=program_id).current_version
    terms = version if terms is None or terms > version else terms
    kept = _kept.get((program_id, version, terms))
    now = time.monotonic_ns()  # ages are measured by the machine's steady clock, whatever a test has set
    if kept is not None and now - kept[0] < _SECONDS * 1_000_000_000:
        return kept[1]
    found = _read(program_id, version, terms)
    # inside a transaction the version may still be rolled back, and its number used again
    if not connection.in_atomic_block:
        if len(_kept) >= _MOST:
            _kept.clear()
        _kept[program_id, version, terms] = (now, found)
    return found


def forget() -> None:
    """Drop every remembered version; for tests, whose databases are emptied and numbered anew."""
    _kept.clear()


def snapshot_with(*, base: Snapshot, promotions: Iterable[Promotion]) -> Snapshot:
    """The same version with further promotions, or others under the same keys: to try what is not published yet.

    A promotion that is paused takes away the published one of its key. Nothing is remembered.

    Raises: BadExpression when a condition does not compile.
    """
    tried = {p.key: p for p in promotions}
    kept = [tried.pop(p.key, p) for p in base.promotions]
    return _compiled(
        program_id=base.program_id,
        version=base.version,
        terms=base.terms or base.version,
        zone=base.zone,
        currency=base.currency,
        base_tier=base.base_tier,
        rules=base.rules,
        policies=base.policies,
        promotions=(*kept, *tried.values()),
    )


def _read(program_id: int, version: int, terms: int) -> Snapshot:
    currency, whole = _said(program_id, version)
    if terms != version:
        whole = keeping.joined(old=_said(program_id, terms)[1], new=whole)
    return _compiled(
        program_id=program_id,
        version=version,
        terms=terms,
        zone=programs.by_id(program_id=program_id).zone,
        currency=currency,
        base_tier=tiers.base_level(program_id=program_id, version=terms),
        rules=whole.rules,
        policies=whole.policies,
        promotions=(*whole.promotions, *whole.gives),
    )


def _said(program_id: int, version: int) -> tuple[str, document.Whole]:
    """The currency of a version, and what it says."""
    row = VersionRow.objects.filter(program_id=program_id, version=version).first()
    if row is None:
        raise NoSuchVersion(f"Program {program_id} has no rules of version {version}.")
    whole = document.read_whole(documents.kept(row))
    if whole.faults:
        raise NoSuchVersion(f"Version {version} cannot be read: {whole.faults[0][0]}: {whole.faults[0][1]}")
    return row.currency, whole


def _compiled(
    *,
    program_id: int,
    version: int,
    terms: int,
    zone: str,
    currency: str,
    base_tier: str | None,
    rules: tuple[EarnRule, ...],
    policies: Policies,
    promotions: tuple[Promotion, ...],
) -> Snapshot:
    running = tuple([p for p in promotions if not p.is_paused])
    earned = {e.unit for p in running for e in p.effects if isinstance(e, Earn)}
    named = {r.unit for r in rules} | {r.unit for r in policies.points_tender} | earned
    kept = terms if terms != version else None
    known = units.plans(program_id=program_id, zone=zone, named=named, terms=kept)
    places = units.places(program_id=program_id)
    plan = compile_rules(rules=rules, units=known, parents=places.parents)
    book = Book(
        promotions=running,
        units=known,
        parents=places.parents,
        brands=places.brands,
        zone=zone,
        stacking=policies.stacking,
        currency=currency,
    )
    return Snapshot(
        program_id=program_id,
        version=version,
        terms=kept,
        zone=zone,
        currency=currency,
        units=known,
        rules=rules,
        policies=policies,
        base_tier=base_tier,
        plan=plan,
        promotions=running,
        book=book,
        names=book.names | plan.names,
        uses={p.key: p.uses_benefit for p in running if p.uses_benefit},
    )

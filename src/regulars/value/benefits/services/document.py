"""Publishing's hooks, and benefits and packs by version: the sections `benefits` and `packs`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction

from regulars.kernel.errors import Invalid
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Change
from regulars.value.benefits.models import BenefitRow, HoldingRow, PackRow
from regulars.value.benefits.rules import document as reading
from regulars.value.benefits.rules import writing
from regulars.value.benefits.terms import Benefit, HoldingKind, LeapDay, Pack, UnknownBenefit, UnknownPack
from regulars.value.tiers import services as tiers

SECTIONS = ("benefits", "packs")
Offer = tuple[Mapping[str, Benefit], Mapping[str, Pack]]


def benefits(*, program_id: int, version: int | None = None) -> tuple[Benefit, ...]:
    """The benefits of a version (None: the current one), in the order of the document.

    Raises: NoProgram.
    """
    return tuple(_by_version.of(program_id, version)[0].values())


def packs(*, program_id: int, version: int | None = None) -> tuple[Pack, ...]:
    """The packs of a version (None: the current one), in the order of the document.

    Raises: NoProgram.
    """
    return tuple(_by_version.of(program_id, version)[1].values())


def benefit(*, program_id: int, key: str, version: int | None = None) -> Benefit:
    """One benefit of a version (None: the current one).

    Raises: NoProgram; UnknownBenefit.
    """
    found = _by_version.of(program_id, version)[0].get(key)
    if found is None:
        raise UnknownBenefit(f"There is no benefit {key!r} in this program.")
    return found


def pack(*, program_id: int, key: str) -> Pack:
    """One pack of the current version.

    Raises: NoProgram; UnknownPack.
    """
    found = _by_version.of(program_id, None)[1].get(key)
    if found is None:
        raise UnknownPack(f"There is no benefit pack {key!r} in this program.")
    return found


def levels_between(*, program_id: int, ladder: str, low: str, high: str) -> tuple[str, ...]:
    """The levels of a ladder above `low` up to `high`, lowest first; a level that is gone counts as the lowest."""
    found = next((x for x in tiers.ladders(program_id=program_id) if x.key == ladder), None)
    keys = [v.key for v in found.levels] if found else []
    first = keys.index(low) if low in keys else 0
    last = keys.index(high) if high in keys else 0
    return tuple(keys[first + 1 : last + 1])


def forget_versions() -> None:
    """Drop every remembered version; for tests, whose databases are emptied and numbered anew."""
    _by_version.forget()


def _read(program_id: int, version: int) -> Offer:
    rows = list(BenefitRow.objects.filter(program_id=program_id, version=version).order_by("place"))
    told = {
        "program": {"currency": programs.by_id(program_id=program_id).currency},
        "benefits": [r.body for r in rows],
        "packs": _bodies(PackRow.objects.filter(program_id=program_id, version=version)),
    }
    read, packed, _ = reading.read(told)
    # which levels are above one was known when the version was written
    whole = [replace(b, whose=replace(b.whose, levels=tuple(r.levels))) for b, r in zip(read, rows, strict=True)]
    return {b.key: b for b in whole}, {p.key: p for p in packed}


_by_version = programs.ByVersion(_read, is_there=any)


def _bodies(rows: Any) -> list[Any]:
    return list(rows.order_by("place").values_list("body", flat=True))


def describe(program_id: int, version: int | None = None) -> dict[str, Any]:
    """Our sections of a version (None: the current one), canonical.

    Raises: NoProgram.
    """
    found, packed = _by_version.of(program_id, version)
    currency = programs.by_id(program_id=program_id).currency
    return reading.write(tuple(found.values()), tuple(packed.values()), currency)


def check(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every fault of our sections as (path, message)."""
    return reading.read(document)[2]


def plan(program_id: int, document: Mapping[str, Any]) -> list[Change]:
    """What a document would change in benefits and packs.

    Raises: Invalid with every fault; NoProgram.
    """
    wanted, packed, faults = reading.read(document)
    if faults:
        raise Invalid(errors=faults)
    before = describe(program_id)
    after = reading.write(wanted, packed, reading.Known(document).currency)
    changes: list[Change] = []
    for section in SECTIONS:
        changes += _changes(program_id, section, before[section], after[section])
    return changes


def _changes(program_id: int, section: str, old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[Change]:
    before, after = {x["key"]: x for x in old}, {x["key"]: x for x in new}
    changes = []
    for key, entry in after.items():
        if key not in before:
            changes.append(Change(path=f"{section}.{key}", action="add", after=entry))
        elif before[key] != entry:
            changes.append(Change(path=f"{section}.{key}", action="change", before=before[key], after=entry))
    for key in before:
        if key not in after:
            held = _held(program_id, key) if section == "packs" else 0
            gone = {"still_held": held} if held else None
            changes.append(Change(path=f"{section}.{key}", action="retire", before=before[key], after=gone))
    if not changes and list(before) != list(after):
        changes.append(Change(path=section, action="change", before={"order": [*before]}, after={"order": [*after]}))
    return changes


def _held(program_id: int, pack: str) -> int:
    return HoldingRow.objects.filter(
        program_id=program_id, kind=HoldingKind.PACK, key=pack, revoked_at__isnull=True
    ).count()


@transaction.atomic
def apply(program_id: int, version: int, document: Mapping[str, Any], actor: str) -> None:
    """Write the benefits and packs of a new version, whole.

    Raises: Invalid with every fault, nothing written.
    """
    wanted, packed, faults = reading.read(document)
    if faults:
        raise Invalid(errors=faults)
    currency = reading.Known(document).currency
    in_packs: dict[str, list[str]] = {}
    for p in packed:
        for key in p.benefits:
            in_packs.setdefault(key, []).append(p.key)
    chosen: dict[str, list[str]] = {}
    for b in wanted:
        for key in b.choose.of if b.choose else ():
            chosen.setdefault(key, []).append(b.key)
    BenefitRow.objects.bulk_create(
        [
            BenefitRow(
                program_id=program_id,
                version=version,
                place=n,
                **_columns(b, currency),
                packs=sorted({*b.whose.packs, *in_packs.get(b.key, ())}),
                choices=chosen.get(b.key, []),
            )
            for n, b in enumerate(wanted)
        ]
    )
    PackRow.objects.bulk_create(
        [
            PackRow(
                program_id=program_id,
                version=version,
                key=p.key,
                place=n,
                benefits=list(p.benefits),
                body=writing.pack(p),
            )
            for n, p in enumerate(packed)
        ]
    )


def _columns(b: Benefit, currency: str) -> dict[str, Any]:
    return {
        "key": b.key,
        "kind": b.kind,
        "times": b.quota.times,
        "period": b.quota.period,
        "levels": list(b.whose.levels),
        "plans": list(b.whose.plans),
        "audiences": list(b.whose.audiences),
        "everyone": b.whose.everyone,
        "comes_by_itself": b.comes_by_itself,
        "before_days": b.before_days,
        "after_days": b.after_days,
        "is_mar1": b.leap_day is LeapDay.MAR1,
        "days": writing.days(b) or None,
        "pick": b.choose.pick if b.choose else None,
        "cost_minor": b.cost_minor,
        "funder": b.funder,
        "on_reversal": b.on_reversal,
        "body": writing.benefit(b, currency),
    }

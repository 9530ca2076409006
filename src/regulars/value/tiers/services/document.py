"""Publishing's hooks: the section `ladders` of a program document."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from django.db import connection, transaction

from regulars.kernel.errors import Invalid
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Change
from regulars.value.tiers import rules
from regulars.value.tiers.models import LevelRow
from regulars.value.tiers.terms import Ladder, Level

SECTIONS = ("ladders",)
_MOST = 200
_kept: dict[tuple[int, int], tuple[Ladder, ...]] = {}


def ladders(*, program_id: int, version: int | None = None) -> tuple[Ladder, ...]:
    """The ladders of a version (None: the current one), in the order of the document.

    Raises: NoProgram.
    """
    number = programs.by_id(program_id=program_id).current_version if version is None else version
    found = _kept.get((program_id, number))
    if found is None:
        found = _read(program_id, number)
        if found and not connection.in_atomic_block:  # a version in the making may still be rolled back
            if len(_kept) >= _MOST:
                _kept.clear()
            _kept[program_id, number] = found
    return found


def forget_versions() -> None:
    """Drop every remembered version; for tests, whose databases are emptied and numbered anew."""
    _kept.clear()


def _read(program_id: int, version: int) -> tuple[Ladder, ...]:
    rows = LevelRow.objects.filter(program_id=program_id, version=version).order_by("ladder_place", "place")
    found = []
    for _, group in groupby(rows, key=lambda r: r.ladder):
        levels = list(group)
        found.append(
            Ladder(
                key=levels[0].ladder,
                names=levels[0].ladder_names,
                measure=levels[0].measure,
                levels=tuple([Level(key=r.key, names=r.names, enter=r.enter) for r in levels]),
            )
        )
    return tuple(found)


def base_level(*, program_id: int, version: int | None = None) -> str | None:
    """The level of a member whom no review has seen yet: the lowest of the first ladder; None without ladders."""
    found = ladders(program_id=program_id, version=version)
    return found[0].levels[0].key if found else None


def describe(program_id: int, version: int | None = None) -> dict[str, Any]:
    """Our section of a version (None: the current one), canonical.

    Raises: NoProgram.
    """
    return rules.write(ladders(program_id=program_id, version=version))


def check(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every fault of our section as (path, message)."""
    return rules.read(document)[1]


def plan(program_id: int, document: Mapping[str, Any]) -> list[Change]:
    """What a document would change in ladders, and who would move.

    A change of thresholds carries `moves`: how many members would go from which level to which.

    Raises: Invalid with every fault; NoProgram.
    """
    wanted, faults = rules.read(document)
    if faults:
        raise Invalid(errors=faults)
    old = {x.key: x for x in ladders(program_id=program_id)}
    entries = {x["key"]: x for x in rules.write(wanted)["ladders"]}
    before = {x["key"]: x for x in describe(program_id)["ladders"]}
    changes = []
    for ladder in wanted:
        path = f"ladders.{ladder.key}"
        if ladder.key not in old:
            changes.append(Change(path=path, action="add", after=entries[ladder.key]))
        elif before[ladder.key] != entries[ladder.key]:
            moves, adverse = _movers(program_id, old[ladder.key], ladder)
            after = {**entries[ladder.key], **({"moves": moves} if moves else {})}
            changes.append(
                Change(path=path, action="change", before=before[ladder.key], after=after, adverse=adverse)
            )
    kept = {x.key for x in wanted}
    changes += [
        Change(path=f"ladders.{key}", action="retire", before=before[key], adverse=True)
        for key in old
        if key not in kept
    ]
    if not changes and list(old) != [x.key for x in wanted]:
        changes.append(
            Change(path="ladders", action="change", before={"order": list(old)}, after={"order": [*entries]})
        )
    return changes


def _movers(program_id: int, old: Ladder, new: Ladder) -> tuple[list[dict[str, Any]], bool]:
    place = {v.key: n for n, v in enumerate(new.levels)}
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from tiers_movers(%s::int, %s::text, %s::text, %s::text[], %s::bigint[])",
            [program_id, new.key, new.measure, [v.key for v in new.levels], [v.enter for v in new.levels]],
        )
        rows = cursor.fetchall()
    lost = any(place.get(was, len(place)) > place[will] for was, will, _ in rows)
    return [{"from": was, "to": will, "members": n} for was, will, n in rows], lost


@transaction.atomic
def apply(program_id: int, version: int, document: Mapping[str, Any], actor: str) -> None:
    """Write the ladders of a new version, whole. Members move at the next review.

    Raises: Invalid with every fault, nothing written.
    """
    wanted, faults = rules.read(document)
    if faults:
        raise Invalid(errors=faults)
    LevelRow.objects.bulk_create(
        [
            LevelRow(
                program_id=program_id,
                version=version,
                ladder=ladder.key,
                ladder_place=n,
                ladder_names=dict(ladder.names),
                measure=ladder.measure,
                place=place,
                key=level.key,
                names=dict(level.names),
                enter=level.enter,
            )
            for n, ladder in enumerate(wanted)
            for place, level in enumerate(ladder.levels)
        ]
    )

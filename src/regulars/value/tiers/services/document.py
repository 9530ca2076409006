"""Publishing's hooks: the section `ladders` of a program document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Change
from regulars.value.tiers import rules
from regulars.value.tiers.models import LadderRow, LevelRow, StandingRow
from regulars.value.tiers.terms import Downgrade, Ladder, Upgrade

SECTIONS = ("ladders",)


def ladders(*, program_id: int, version: int | None = None) -> tuple[Ladder, ...]:
    """The ladders of a version (None: the current one), in the order of the document.

    Raises: NoProgram.
    """
    return _by_version.of(program_id, version)


def forget_versions() -> None:
    """Drop every remembered version; for tests, whose databases are emptied and numbered anew."""
    _by_version.forget()


def _read(program_id: int, version: int) -> tuple[Ladder, ...]:
    rows = LadderRow.objects.filter(program_id=program_id, version=version).order_by("place")
    return rules.read({"ladders": [row.body for row in rows]})[0]


_by_version = programs.ByVersion(_read)


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

    A change of what judges carries `moves`: how many members would go from which level to which at once, and the
    first few of them. Who holds a level until a day is not among them: she keeps it until then.

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
            same = rules.digest(old[ladder.key]) == rules.digest(ladder)
            moves, adverse = ([], False) if same else _movers(program_id, old[ladder.key], ladder)
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
    """Everybody whom applying the new ladder now would move, counted, with a few named; and whether it takes away."""
    version = programs.by_id(program_id=program_id).current_version
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from tiers_foresee(%s::int, %s::int, %s::text, %s::jsonb, %s::timestamptz)",
            [program_id, version, new.key, json.dumps(rules.entry(new)), clock.now()],
        )
        rows = cursor.fetchall()
    moves = [
        {"from": was, "to": will, "members": n, "sample": [ids.encode("mem", m) for m in sample]}
        for was, will, n, _, sample in rows
    ]
    return moves, any(is_lower for _, _, _, is_lower, _ in rows) or is_harder(old, new)


def is_harder(old: Ladder, new: Ladder) -> bool:
    """Whether a ladder takes something away from members, now or later: a level, time, or a lower threshold."""
    olds = {v.key: v for v in old.levels}
    for level in new.levels:
        was = olds.pop(level.key, None)
        if was and (_above(level.enter, was.enter) or _above(level.keep, was.keep) or (level.paid and not was.paid)):
            return True
    falls = [Downgrade.NEVER, Downgrade.ONE_LEVEL, Downgrade.TO_EARNED, Downgrade.TO_BASE]
    return (
        bool(olds)
        or falls.index(new.downgrade) > falls.index(old.downgrade)
        or new.grace_days < old.grace_days
        or (new.upgrade is Upgrade.NEXT_PERIOD and old.upgrade is Upgrade.AT_ONCE)
        or (new.measures, new.match, new.window, new.window_months, new.validity, new.on_return)
        != (old.measures, old.match, old.window, old.window_months, old.validity, old.on_return)
    )


def _above(new: Mapping[str, int], old: Mapping[str, int]) -> bool:
    return any(at > old[unit] for unit, at in new.items() if unit in old)


_EVER = datetime(1, 1, 2, tzinfo=UTC)


@transaction.atomic
def apply(program_id: int, version: int, document: Mapping[str, Any], actor: str) -> None:
    """Write the ladders of a new version, whole. Members move at the next review.

    A ladder on which nobody stands yet judges as if it had always been so; another judges from now on, and whoever
    holds a level until a day keeps it until then.

    Raises: Invalid with every fault, nothing written.
    """
    wanted, faults = rules.read(document)
    if faults:
        raise Invalid(errors=faults)
    peopled = set(StandingRow.objects.filter(program_id=program_id).values_list("ladder", flat=True).distinct())
    LadderRow.objects.bulk_create(
        [
            LadderRow(
                program_id=program_id, version=version, ladder=ladder.key, place=n,
                since=clock.now() if ladder.key in peopled else _EVER,
                digest=rules.digest(ladder), body=rules.entry(ladder),
            )
            for n, ladder in enumerate(wanted)
        ]
    )  # fmt: skip
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
                enter=level.enter.get(ladder.measure),
            )
            for n, ladder in enumerate(wanted)
            for place, level in enumerate(ladder.levels)
        ]
    )

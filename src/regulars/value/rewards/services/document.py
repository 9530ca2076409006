"""Publishing's hooks, and rewards by version: the section `rewards`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock, money, postgres
from regulars.kernel.errors import Invalid
from regulars.people.agreements import services as agreements
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Change
from regulars.value.rewards.models import RedemptionRow, RewardRow, ShelfRow
from regulars.value.rewards.rules import comparing, writing
from regulars.value.rewards.rules import document as rules
from regulars.value.rewards.rules.judging import OPEN
from regulars.value.rewards.terms import Kind, Reward, UnknownReward

SECTIONS = ("rewards",)


def rewards(*, program_id: int, version: int | None = None) -> tuple[Reward, ...]:
    """The rewards of a version (None: the current one), in the order of the document.

    Raises: NoProgram.
    """
    return tuple(_by_version.of(program_id, version).values())


def reward(*, program_id: int, key: str, version: int | None = None) -> Reward:
    """One reward of a version (None: the current one).

    Raises: NoProgram; UnknownReward.
    """
    found = _by_version.of(program_id, version).get(key)
    if found is None:
        raise UnknownReward(f"There is no reward {key!r} in this program.")
    return found


def rewards_for(*, program_id: int, member_id: UUID | None) -> tuple[Reward, ...]:
    """The rewards as a member may have them, in the order of the document; None: as everybody may.

    Where the version in force takes something of a reward, or all of it, who keeps older terms has it by those.
    Raises: NoProgram.
    """
    now = _by_version.of(program_id, None)
    kept = agreements.kept_for(program_id=program_id, member_id=member_id) if member_id is not None else None
    if kept is None:
        return tuple(now.values())
    then = _by_version.of(program_id, kept)
    hers = {
        key: then[key] if key in then and comparing.takes_away(then[key], reward) else reward
        for key, reward in now.items()
    }
    return tuple({**hers, **{key: reward for key, reward in then.items() if key not in now}}.values())


def reward_for(*, program_id: int, key: str, member_id: UUID) -> Reward:
    """One reward as a member may have it.

    Raises: NoProgram; UnknownReward.
    """
    found = next((r for r in rewards_for(program_id=program_id, member_id=member_id) if r.key == key), None)
    return found or reward(program_id=program_id, key=key)


def reward_of(row: RedemptionRow) -> Reward:
    """A redemption's reward as it was when it was asked for."""
    found = _by_version.of(row.program_id, row.version).get(row.reward)
    return found or Reward(key=row.reward, version=row.version, kind=Kind(row.kind))


def forget_versions() -> None:
    """Drop every remembered version; for tests, whose databases are emptied and numbered anew."""
    _by_version.forget()


def _read(program_id: int, version: int) -> Mapping[str, Reward]:
    rows = RewardRow.objects.filter(program_id=program_id, version=version).order_by("place")
    currency = programs.by_id(program_id=program_id).currency
    told = {"rewards": [r.body for r in rows], "program": {"currency": currency}}
    return {r.key: r for r in rules.read(told, version=version)[0]}


_by_version = programs.ByVersion(_read)


def describe(program_id: int, version: int | None = None) -> dict[str, Any]:
    """Our section of a version (None: the current one), canonical.

    Raises: NoProgram.
    """
    decimals = money.exponent(programs.by_id(program_id=program_id).currency)
    return writing.write(rewards(program_id=program_id, version=version), decimals=decimals)


def check(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every fault of our section as (path, message)."""
    return rules.read(document)[1]


def plan(program_id: int, document: Mapping[str, Any]) -> list[Change]:
    """What a document would change in rewards. What was redeemed keeps the terms of its version.

    Raises: Invalid with every fault; NoProgram.
    """
    wanted, faults = rules.read(document)
    if faults:
        raise Invalid(errors=faults)
    decimals = rules.Known(document, []).decimals
    old = {r.key: r for r in rewards(program_id=program_id)}
    before = {x["key"]: x for x in describe(program_id)["rewards"]}
    after = {x["key"]: x for x in writing.write(wanted, decimals=decimals)["rewards"]}
    changes = []
    for r in wanted:
        path, entry = f"rewards.{r.key}", after[r.key]
        if r.key not in before:
            changes.append(Change(path=path, action="add", after=entry))
        elif before[r.key] != entry:
            is_worse = comparing.takes_away(old[r.key], r)
            changes.append(Change(path=path, action="change", before=before[r.key], after=entry, adverse=is_worse))
    for key in before:
        if key not in after:
            left = {"still_open": n} if (n := _open(program_id, key)) else None
            changes.append(
                Change(path=f"rewards.{key}", action="retire", before=before[key], after=left, adverse=True)
            )
    if not changes and list(before) != list(after):
        changes.append(
            Change(path="rewards", action="change", before={"order": [*before]}, after={"order": [*after]})
        )
    return changes


def _open(program_id: int, key: str) -> int:
    return RedemptionRow.objects.filter(program_id=program_id, reward=key, state__in=OPEN).count()


@transaction.atomic
def apply(program_id: int, version: int, document: Mapping[str, Any], actor: str) -> None:
    """Write the rewards of a new version, whole, and what it says of stocks and seats.

    Raises: Invalid with every fault, nothing written.
    """
    wanted, faults = rules.read(document)
    if faults:
        raise Invalid(errors=faults)
    decimals = rules.Known(document, []).decimals
    RewardRow.objects.bulk_create(
        [
            RewardRow(
                program_id=program_id,
                version=version,
                key=r.key,
                place=n,
                body=writing.write_one(r, decimals=decimals),
            )
            for n, r in enumerate(wanted)
        ]
    )
    there = {(s.reward, s.session) for s in ShelfRow.objects.filter(program_id=program_id)}
    for r in sorted(wanted, key=lambda r: r.key):
        _stock(program_id, r, there)


def _stock(program_id: int, r: Reward, there: set[tuple[str, str]]) -> None:
    if r.sessions:
        shelves: list[tuple[str, int | None]] = [(s.key, s.seats) for s in sorted(r.sessions, key=lambda s: s.key)]
    elif r.kind is Kind.DIGITAL_CODE:
        shelves = [("", 0)]
    else:
        shelves = [("", r.stock)] if r.stock is not None or (r.key, "") in there else []
    for session, seats in shelves:
        postgres.ask(
            "select rewards_stock(%s::int, %s::text, %s::text, %s::bigint, %s::int, %s::timestamptz)",
            (program_id, r.key, session, seats, r.offer_hours, clock.now()),
        )

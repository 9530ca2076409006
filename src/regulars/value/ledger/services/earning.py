"""Giving value, taking it back, and letting what waits begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.people.agreements import services as agreements
from regulars.value.ledger import rules
from regulars.value.ledger.services.calls import ENTRY, NOWHERE, call, digest, entry, happened, moved
from regulars.value.ledger.services.units import units, units_of
from regulars.value.ledger.terms import Clawed, Context, Moved, Parcel, Source, Unit, UnknownUnit

EARN = (
    "select * from ledger_earn(%s::uuid, %s::int, %s::bigint, %s::text, %s::text, %s::text, %s::text, %s::int,"
    " %s::timestamptz, %s::timestamptz, %s::text, %s::text, %s::bytea, %s::smallint[], %s::bigint[],"
    " %s::timestamptz[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[], null)"
)
CLAW = (
    "select * from ledger_claw(%s::uuid, %s::int, %s::text, %s::text, %s::text, %s::text, %s::bigint, %s::int,"
    " %s::timestamptz, %s::timestamptz, %s::text, %s::text, %s::bytea, %s::smallint[], %s::bigint[], %s::uuid)"
)


def parcel(
    *, unit: Unit, amount: int, earned_at: datetime, zone: str, tier: str | None = None, older: Unit | None = None
) -> Parcel:
    """Value of a unit with the life that its policies give it.

    Args: amount: > 0. earned_at: aware. zone: the program's. tier: the member's level, where expiry depends on it.
    older: the unit by terms that a member keeps; hers begins as the one that begins sooner, and ends as the one that
    ends later.
    """
    life = rules.activation(policy=unit.activation, earned_at=earned_at, zone=zone)
    if older is None:
        return _parcel(unit, amount, life, _end(unit.expiry, life, earned_at, zone, tier))
    life = rules.sooner(life, rules.activation(policy=older.activation, earned_at=earned_at, zone=zone))
    expiry = rules.dated(policy=older.expiry, beside=unit.expiry)
    ends, by_then = [_end(policy, life, earned_at, zone, tier) for policy in (unit.expiry, expiry)]
    return _parcel(unit, amount, life, ends if rules.ends_later(ends, by_then) else by_then)


def parcel_for(
    *,
    program_id: int,
    member_id: UUID,
    unit: Unit,
    amount: int,
    earned_at: datetime,
    zone: str,
    tier: str | None = None,
) -> Parcel:
    """As `parcel`, by the terms that a member has now."""
    older = _older(program_id, member_id, unit.key)
    return parcel(unit=unit, amount=amount, earned_at=earned_at, zone=zone, tier=tier, older=older)


def _older(program_id: int, member_id: UUID, key: str) -> Unit | None:
    """A unit as the terms have it that a member keeps; None where she has those of everybody."""
    kept = agreements.kept_for(program_id=program_id, member_id=member_id)
    return units_of(program_id=program_id, version=kept).get(key) if kept is not None else None


def _end(
    expiry: Mapping[str, Any], life: rules.Life, earned_at: datetime, zone: str, tier: str | None
) -> datetime | None:
    """When value ends that begins so; None: never, or it is not known before its event."""
    if life.event is not None and expiry.get("kind") not in ("fixed", "end_of"):
        return None
    starts = life.activates_at or earned_at
    return rules.expires_at(policy=expiry, earned_at=earned_at, active_from=starts, zone=zone, tier=tier)


def _parcel(unit: Unit, amount: int, life: rules.Life, ends: datetime | None) -> Parcel:
    return Parcel(
        slot=unit.slot,
        amount=amount,
        activates_at=life.activates_at,
        event=life.event,
        deadline=life.deadline,
        expires_at=ends,
    )


def earn(
    *,
    program_id: int,
    member_id: UUID,
    key: str,
    parcels: Sequence[Parcel],
    actor: str,
    kind: str = "earn",
    source: Source = NOWHERE,
    rule_version: int | None = None,
    occurred_at: datetime | None = None,
    reason: str | None = None,
    version: int | None = None,
) -> Moved:
    """Give value to a member. The same key gives it once; debt is repaid out of it at once.

    Args: parcels: one lot each, amounts > 0. version: the account's version it was decided on, None for any.
    Raises: KeyReused, Stale, MemberMerged, MemberSuspended, MemberClosed, UnknownMember, UnknownUnit, Invalid.
    """
    known = {u.slot for u in units(program_id=program_id)}
    for n, p in enumerate(parcels):
        if p.amount <= 0:
            raise Invalid(errors=[(f"parcels.{n}.amount", "is a whole number above nothing")])
        if p.slot not in known:
            raise UnknownUnit(f"The program has no unit in slot {p.slot}.")
    now = clock.now()
    asked = digest("earn", kind, source.type, source.ref, [(p.slot, p.amount, p.funder) for p in parcels])
    return moved(
        call(
            EARN,
            member_id,
            program_id,
            version,
            key,
            kind,
            source.type,
            source.ref,
            rule_version,
            happened(occurred_at, now),
            now,
            actor,
            reason,
            asked,
            [p.slot for p in parcels],
            [p.amount for p in parcels],
            [p.activates_at for p in parcels],
            [p.event for p in parcels],
            [p.deadline for p in parcels],
            [p.expires_at for p in parcels],
            [p.funder for p in parcels],
        )
    )


def clawback(
    *,
    program_id: int,
    member_id: UUID,
    key: str,
    reverses: int | None,
    amounts: Mapping[int, int],
    actor: str,
    kind: str = "return",
    source: Source = NOWHERE,
    rule_version: int | None = None,
    occurred_at: datetime | None = None,
    reason: str | None = None,
    of: UUID | None = None,
) -> Clawed:
    """Take back what the journal `reverses` gave, as far as the debt policy reaches; the rest is owed or let go.

    Args: amounts: slot → > 0, at most what is left of that journal (L7). of: whose journal it is, when that
    member was merged into this one. Allowed whatever the member's status.
    Raises: KeyReused, ReversesTooMuch, UnknownUnit, MemberMerged.
    """
    now = clock.now()
    slots = sorted(amounts)
    asked = digest("clawback", kind, source.type, source.ref, reverses, str(of), [(s, amounts[s]) for s in slots])
    seq, version, taken, owed, forgiven = call(
        CLAW,
        member_id,
        program_id,
        key,
        kind,
        source.type,
        source.ref,
        reverses,
        rule_version,
        happened(occurred_at, now),
        now,
        actor,
        reason,
        asked,
        slots,
        [amounts[s] for s in slots],
        of,
    )
    return Clawed(seq=seq, version=version, taken=tuple(taken), owed=tuple(owed), forgiven=tuple(forgiven))


def activate(
    *,
    program_id: int,
    member_id: UUID,
    key: str,
    event: str,
    zone: str,
    actor: str,
    ref: str | None = None,
    tier: str | None = None,
    occurred_at: datetime | None = None,
) -> Moved:
    """Let what waits for an event begin. Rolling lives begin now, by the terms that the member has now.

    Args: event: as the unit's policy names it. ref: only what this source gave. zone: the program's.
    Raises: KeyReused, MemberMerged.
    """
    at = occurred_at or clock.now()
    kept = agreements.kept_for(program_id=program_id, member_id=member_id)
    older = units_of(program_id=program_id, version=kept) if kept is not None else {}
    lives = []
    for u in units(program_id=program_id):
        then = rules.dated(policy=older.get(u.key, u).expiry, beside=u.expiry)
        if {u.expiry.get("kind"), then.get("kind")} & {"rolling", "by_tier"}:
            ends, by_then = [
                rules.expires_at(policy=p, earned_at=at, active_from=at, zone=zone, tier=tier)
                for p in (u.expiry, then)
            ]
            lives.append((u.slot, ends if rules.ends_later(ends, by_then) else by_then))
    head = entry(
        program_id=program_id,
        key=key,
        kind="activate",
        actor=actor,
        occurred_at=at,
        asked=digest("activate", event, ref),
    )
    return moved(
        call(
            f"select * from ledger_activate_event(%s::uuid, {ENTRY}, %s::text, %s::text, %s::smallint[],"
            " %s::timestamptz[])",
            member_id,
            *head,
            event,
            ref,
            [s for s, _ in lives],
            [e for _, e in lives],
        )
    )


def context(*, member_id: UUID, at: datetime | None = None) -> Context:
    """What a decision needs to know of an account, in one read; zeros when it is not open yet."""
    row = call(
        "select version, active, pending, held, debt, counters::text, moved_into, overdue, seq"
        " from ledger_context(%s::uuid, %s::timestamptz)",
        member_id,
        at or clock.now(),
    )
    version, active, pending, held, debt, counters, moved_into, overdue, seq = row
    return Context(
        version=version,
        seq=seq,
        active=tuple(active),
        pending=tuple(pending),
        held=tuple(held),
        debt=tuple(debt),
        overdue=tuple(overdue or ()),
        counters=orjson.loads(counters),
        moved_into=moved_into,
    )

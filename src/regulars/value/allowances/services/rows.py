"""Rows as terms."""

from __future__ import annotations

from regulars.people.programs import services as programs
from regulars.value.allowances.models import AllowanceRow, ConflictRow, DeviceRow, SigningKeyRow
from regulars.value.allowances.terms import (
    Allowance,
    AllowanceState,
    Bound,
    Conflict,
    ConflictState,
    Device,
    DeviceState,
    Resolution,
    Rule,
    SigningKey,
)


def store_key(program_id: int, store_id: int) -> str:
    """The key of a store."""
    return programs.store_by_id(program_id=program_id, store_id=store_id).key


def device_of(row: DeviceRow) -> Device:
    """A till as others see it."""
    return Device(
        id=row.id,
        program_id=row.program_id,
        key=row.key,
        name=row.name,
        store=store_key(row.program_id, row.store_id),
        store_id=row.store_id,
        public_key=bytes(row.public_key),
        state=DeviceState(row.state),
        registered_at=row.registered_at,
        revoked_at=row.revoked_at,
        revoked_reason=row.revoked_reason,
        upto=row.upto,
        last_seq=row.last_seq,
        clock_offset_ms=row.clock_offset_ms,
        seen_at=row.seen_at,
    )


def allowance_of(row: AllowanceRow) -> Allowance:
    """An allowance as others see it."""
    return Allowance(
        id=row.id,
        program_id=row.program_id,
        member_id=row.member_id,
        hold_id=row.hold_id,
        unit=row.unit,
        amount=row.amount,
        used=row.used,
        left=row.left,
        bound=Bound(row.bound),
        bound_to=row.bound_to,
        state=AllowanceState(row.state),
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        closed_at=row.closed_at,
        text=row.text,
    )


def key_of(row: SigningKeyRow) -> SigningKey:
    """The public half of a signing key."""
    return SigningKey(kid=row.kid, public=bytes(row.public), made_at=row.made_at, ends_at=row.ends_at)


def conflict_of(row: ConflictRow) -> Conflict:
    """A conflict as others see it; its device must be read with it."""
    return Conflict(
        id=row.id,
        program_id=row.program_id,
        device=row.device.key,
        store=store_key(row.program_id, row.store_id),
        seq=row.seq,
        rule=Rule(row.rule),
        state=ConflictState(row.state),
        ref=row.ref,
        order_id=row.order_id,
        member_id=row.member_id,
        allowance_id=row.allowance_id,
        unit=row.unit,
        asked=row.asked,
        paid=row.paid,
        unpaid=row.unpaid,
        facts=row.facts,
        found_at=row.found_at,
        resolution=Resolution(row.resolution) if row.resolution else None,
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
        reason=row.reason,
    )

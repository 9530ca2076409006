"""Calls about tills without a line: register one, what it takes along, what it uploads."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Header, Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import offline_shapes as shapes
from regulars.interfaces.http_api.allowances import allowance_json
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Problem
from regulars.kernel import ids
from regulars.people.staff import services as staff
from regulars.people.staff.terms import ApiKey
from regulars.value.allowances import services as allowances
from regulars.value.allowances.terms import Device, Settled, SigningKey

router = Router(tags=["Offline tills"])
SIGNATURE: str = Header(
    ...,
    alias="Till-Signature",
    min_length=1,
    max_length=100,
    description='The till\'s Ed25519 signature, as base64url text, of the line `"regulars offline batch 1"`, a line '
    "feed and the body's bytes.",
)


def _device(one: Device) -> dict[str, Any]:
    return {
        "key": one.key,
        "name": one.name,
        "store": one.store,
        "public_key": allowances.public_text(one.public_key),
        "state": one.state,
        "registered_at": one.registered_at,
        "revoked_at": one.revoked_at,
        "revoked_reason": one.revoked_reason,
        "upto": one.upto,
        "last_seq": one.last_seq,
        "clock_offset_ms": one.clock_offset_ms,
        "seen_at": one.seen_at,
    }


def _signing_key(one: SigningKey) -> dict[str, Any]:
    public = allowances.public_text(one.public)
    return {"kid": one.kid, "public_key": public, "made_at": one.made_at, "ends_at": one.ends_at}


def _item(one: Settled) -> dict[str, Any]:
    return {
        "seq": one.seq,
        "outcome": one.outcome,
        "order": ids.encode("ord", one.order_id) if one.order_id else None,
        "earned": dict(one.earned),
        "conflicts": [dict(c) for c in one.conflicts],
    }


def _require_till(key: ApiKey, device: str) -> Device:
    found = allowances.device(program_id=key.program_id, key=device)
    staff.require_store(key=key, store=found.store)
    return found


@router.post(
    "/devices",
    auth=Key("tills:write"),
    response={200: shapes.DeviceOut, REFUSED: Problem},
    operation_id="register_device",
    summary="Register a till",
    description="Told again with the same store and key it is the same till; otherwise `device_taken`.",
)
def register_device(request: HttpRequest, told: shapes.DeviceIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    staff.require_store(key=key, store=told.store)

    def work() -> HttpResponse:
        made = allowances.register_device(
            program_id=key.program_id,
            key=told.key,
            name=told.name,
            store=told.store,
            public_key=told.public_key,
            actor=key.actor,
        )
        return answers.json(_device(made))

    return answers.once(request, idempotency_key, work)


@router.get(
    "/devices",
    auth=Key("tills:read"),
    response={200: shapes.DevicesOut, READ_REFUSED: Problem},
    operation_id="list_devices",
    summary="The tills",
)
def list_devices(request: HttpRequest) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return answers.json({"items": [_device(d) for d in allowances.devices(program_id=key.program_id)]})


@router.post(
    "/devices/{device}/revoke",
    auth=Key("tills:write"),
    response={200: shapes.DeviceOut, REFUSED: Problem},
    operation_id="revoke_device",
    summary="Trust a till no longer",
    description="What it sold before is still taken in full. What it sells after is recorded as a guest's sale: it "
    "earns nothing and its allowances pay nothing, until a person has looked.",
)
def revoke_device(
    request: HttpRequest, device: str, told: shapes.RevokeIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        _require_till(key, device)
        gone = allowances.revoke_device(program_id=key.program_id, key=device, reason=told.reason, actor=key.actor)
        return answers.json(_device(gone))

    return answers.once(request, idempotency_key, work)


@router.get(
    "/signing-keys",
    auth=Key("tills:read"),
    response={200: shapes.SigningKeysOut, READ_REFUSED: Problem},
    operation_id="list_signing_keys",
    summary="The public keys of allowances",
    description="Newest first. Old ones stay: what they signed is good until it expires.",
)
def list_signing_keys(request: HttpRequest) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return answers.json({"items": [_signing_key(k) for k in allowances.signing_keys(program_id=key.program_id)]})


@router.post(
    "/signing-keys/rotate",
    auth=Key("tills:write"),
    response={200: shapes.SigningKeyOut, REFUSED: Problem},
    operation_id="rotate_signing_key",
    summary="Begin a new key for allowances",
    description="Tills learn it with their next snapshot.",
)
def rotate_signing_key(request: HttpRequest, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        fresh = allowances.rotate_signing_key(program_id=key.program_id, actor=key.actor)
        return answers.json(_signing_key(fresh))

    return answers.once(request, idempotency_key, work)


@router.post(
    "/devices/{device}/snapshot",
    auth=Key("orders:write"),
    response={200: shapes.TillSnapshotOut, REFUSED: Problem},
    operation_id="take_snapshot",
    summary="What a till takes along",
    description="Issues what members wish to have at this till, and answers everything that it needs to sell without "
    "a line. Each call answers anew, whatever its `Idempotency-Key`.",
)
def take_snapshot(
    request: HttpRequest, device: str, told: shapes.TillSnapshotIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    _require_till(key, device)
    found = allowances.snapshot(program_id=key.program_id, device=device, actor=key.actor)
    return answers.json(
        {
            "store": found.store,
            "currency": found.currency,
            "rule_version": found.rule_version,
            "server_time": found.server_time,
            "signing_keys": [_signing_key(k) for k in found.keys],
            "earn_rates": [{"unit": u, "points": p, "per_minor": m} for u, p, m in found.earn_rates],
            "tender_rates": [{"unit": u, "points": p, "minor": m} for u, p, m in found.tender_rates],
            "allowances": [allowance_json(a) for a in found.allowances],
        }
    )


@router.post(
    "/offline-batches",
    auth=Key("orders:write"),
    response={200: shapes.OfflineBatchOut, REFUSED: Problem},
    by_alias=True,
    operation_id="upload_offline_orders",
    summary="Upload orders made without a line",
    description="At least once: an order that is here already is `repeated`, whatever the `Idempotency-Key`. Each is "
    "settled by itself and in its own transaction; a sale is never refused, what does not fit is settled by a rule "
    "and listed. Signed by the till, which keeps what it has not been answered for, and sends it again.",
)
def upload(
    request: HttpRequest, told: shapes.OfflineBatchIn, till_signature: str = SIGNATURE, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    _require_till(key, told.device)
    done = allowances.upload(
        program_id=key.program_id,
        device=told.device,
        sent_at=told.sent_at,
        items=[order.model_dump() for order in told.orders],
        signature=till_signature,
        signed=request.body,
        actor=key.actor,
    )
    return answers.json(
        {
            "device": done.device,
            "items": [_item(i) for i in done.items],
            "missing": [{"from": first, "to": last} for first, last in done.missing],
            "upto": done.upto,
            "clock_offset_ms": done.clock_offset_ms,
        }
    )

"""Tills: registered at a store with their public key, and revoked."""

from __future__ import annotations

from django.db import transaction

from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid
from regulars.kernel.reading import KEY
from regulars.people.programs import services as programs
from regulars.people.programs.terms import NoStore, StoreKind
from regulars.value.allowances.models import DeviceRow
from regulars.value.allowances.rules import tokens
from regulars.value.allowances.services.rows import device_of
from regulars.value.allowances.terms import Device, DeviceState, DeviceTaken, NoDevice

MOST = 500
MOST_LETTERS = 50  # `till.` and the key are the source of its orders


def register_device(*, program_id: int, key: str, name: str, store: str, public_key: str, actor: str) -> Device:
    """Make a till known, by its key, its store and its Ed25519 public key. Told again, it is the same till.

    Args: public_key: 32 bytes as base64url text.
    Raises: Invalid; DeviceTaken when the key names another till, or this one with other facts.
    """
    faults = []
    raw = tokens.key_of(public_key)
    if raw is None:
        faults.append(("public_key", "must be 32 bytes of an Ed25519 key as base64url text"))
    if not KEY.match(key) or len(key) > MOST_LETTERS:
        faults.append(("key", f"must be lower-case letters, digits, '_', '.' or '-', at most {MOST_LETTERS}"))
    try:
        place = programs.store(program_id=program_id, key=store)
        if place.kind is not StoreKind.STORE:
            faults.append(("store", f"{store!r} is a region; say the store where the till stands"))
    except NoStore:
        faults.append(("store", f"{store!r} is not a store of this program"))
    if faults:
        raise Invalid(errors=faults)
    with transaction.atomic():
        row, is_new = DeviceRow.objects.get_or_create(
            program_id=program_id,
            key=key,
            defaults={
                "id": ids.new_id(),
                "store_id": place.id,
                "name": name.strip() or key,
                "public_key": raw,
                "registered_at": clock.now(),
                "registered_by": actor,
            },
        )
    is_same = (row.store_id, bytes(row.public_key), row.state) == (place.id, raw, DeviceState.ACTIVE)
    if not is_new and not is_same:
        raise DeviceTaken(f"The till {key!r} is registered with another store or key; revoke it and use a new name.")
    return device_of(row)


def revoke_device(*, program_id: int, key: str, reason: str, actor: str) -> Device:
    """Trust a till's key no longer. What it sold before is still taken; what it sells after is a guest's sale.

    Raises: NoDevice.
    """
    with transaction.atomic():
        row = DeviceRow.objects.select_for_update().filter(program_id=program_id, key=key).first()
        if row is None:
            raise NoDevice
        if row.state == DeviceState.ACTIVE:
            row.state, row.revoked_at = DeviceState.REVOKED, clock.now()
            row.revoked_by, row.revoked_reason = actor, reason.strip()[:200]
            row.save(update_fields=["state", "revoked_at", "revoked_by", "revoked_reason"])
    return device_of(row)


def device(*, program_id: int, key: str) -> Device:
    """One till. Raises: NoDevice."""
    row = DeviceRow.objects.filter(program_id=program_id, key=key).first()
    if row is None:
        raise NoDevice
    return device_of(row)


def devices(*, program_id: int) -> list[Device]:
    """The tills of a program, by key; the first 500."""
    return [device_of(row) for row in DeviceRow.objects.filter(program_id=program_id).order_by("key")[:MOST]]

"""Changing keys while everything stays readable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from django.db import connection, transaction

from regulars.kernel import postgres
from regulars.kernel.errors import Invalid, sure
from regulars.kernel.secrets import keys, sealing

Name = TypeVar("Name")


def rotate_program_key(program_id: int) -> int:
    """Begin a new version of the key that wraps the members' keys, and return its number.

    Old versions keep opening what they wrapped; `rewrap_many` moves the members over. Rotations of one program
    follow one another. The blind key and the signing key stay.
    Raises: Busy when another rotation of this program does not end within the lock timeout.
    """
    with transaction.atomic():
        number = int.from_bytes(keys.derive(b"rotation", str(program_id))[:8], "big", signed=True)
        # Waiting for a row would go on with the rows of an old snapshot; after this, each statement sees the newest.
        postgres.call(connection, "select pg_advisory_xact_lock(%s::bigint)", (number,))
        old = keys.live(program_id, keys.DATA)
        with connection.cursor() as cursor:
            cursor.execute(
                "update kernel_program_key set retired_at = now() "
                "where program_id = %s and kind = 'data' and retired_at is null",
                [program_id],
            )
        keys.insert(program_id, keys.DATA, old.version + 1)
        new = keys.live(program_id, keys.DATA)
        sure(new.version == old.version + 1, f"the new data key of program {program_id} did not come to life")
    return new.version


def rewrap(program_id: int, member_key: bytes) -> bytes:
    """A member's key under the newest program key; the same bytes if it already is.

    Raises: CannotOpen.
    """
    return next((key for _, key in rewrap_many(program_id, [(None, member_key)])), bytes(member_key))


def rewrap_many(program_id: int, member_keys: Iterable[tuple[Name, bytes]]) -> Iterator[tuple[Name, bytes]]:
    """Rewrap a batch (the caller brings at most 500 and commits): yields only the keys that changed, by their name.

    Raises: CannotOpen at the first key that does not open.
    """
    program_key = keys.live(program_id, keys.DATA)
    for name, member_key in member_keys:
        member_key = bytes(member_key)
        if sealing.version_of(member_key) != program_key.version:
            yield name, sealing.wrapped_by(program_key, sealing.data_key(program_id, member_key))


def rotate_master(*, old: bytes, new: bytes) -> int:
    """Wrap every program key with a new master key, all or none; returns how many changed.

    Restart every process with the new key afterwards, and run it once more: it then catches keys that a process still
    made under the old one. With nothing to do it changes nothing. Args: old, new: 32 bytes.
    Raises: Invalid for a key of another length; WrongMasterKey when a row is wrapped by neither.
    """
    for name, key in (("old", old), ("new", new)):
        if len(key) != keys.KEY_BYTES:
            raise Invalid(errors=[(name, f"a master key has {keys.KEY_BYTES} bytes; this one has {len(key)}")])
    old_print, new_print, changed = keys.print_of(old), keys.print_of(new), 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "select id, program_id, kind, version, wrapped, master_print "
            "from kernel_program_key order by id for update"
        )
        for row_id, program_id, kind, version, wrapped, master_print in cursor.fetchall():
            if bytes(master_print) == new_print:
                continue
            if bytes(master_print) != old_print:
                raise keys.WrongMasterKey(
                    f"the {kind} key of program {program_id} is wrapped by {bytes(master_print).hex()}, "
                    "which is neither the old nor the new master key; nothing was changed"
                )
            raw = keys.unwrapped(program_id, kind, version, bytes(wrapped), old)
            cursor.execute(
                "update kernel_program_key set wrapped = %s, master_print = %s where id = %s",
                [keys.rewrapped(program_id, kind, version, raw, new), new_print, row_id],
            )
            changed += 1
    return changed

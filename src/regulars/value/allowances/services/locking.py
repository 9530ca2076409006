"""Locks, always in this order: a till, a member's account, an allowance."""

from __future__ import annotations

from uuid import UUID

from django.db import connection, transaction

from regulars.kernel import postgres
from regulars.kernel.errors import Busy
from regulars.value.allowances.models import AllowanceRow
from regulars.value.allowances.terms import NoAllowance
from regulars.value.ledger.terms import MemberMerged

_ACCOUNT = "select 1 from ledger_begin(%s::uuid, %s::int, 'lock', '\\x00'::bytea, null)"
_ROOM = "select pg_advisory_xact_lock(hashtextextended(%s::text, %s::bigint))"
_TRIES = 8


def lock_account(*, program_id: int, member_id: UUID) -> None:
    """Hold a member's account until the transaction ends. Raises: MemberMerged; Busy."""
    with transaction.atomic():
        postgres.call(connection, _ACCOUNT, (member_id, program_id))


def lock_device_room(*, program_id: int, device: str) -> None:
    """Let nobody else issue to a till until the transaction ends."""
    postgres.call(connection, _ROOM, (f"allowances/{device}", program_id))


def locked(*, program_id: int, allowance_id: UUID) -> AllowanceRow:
    """An allowance, with its member's account and its own row locked.

    Raises: NoAllowance; Busy.
    """
    for _ in range(_TRIES):
        seen = AllowanceRow.objects.filter(program_id=program_id, id=allowance_id).first()
        if seen is None:
            raise NoAllowance
        try:
            lock_account(program_id=program_id, member_id=seen.member_id)
        except MemberMerged:  # look again: it goes over with her
            continue
        row = AllowanceRow.objects.select_for_update().get(id=allowance_id)
        if row.member_id == seen.member_id:
            return row
    raise Busy("Somebody else is changing the same thing. Nothing was changed; try again.")

"""What the verbs of members share: rows read and locked, fields sealed and opened, database refusals told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

import orjson
import psycopg
from django.db import DatabaseError, connection

from regulars.kernel import postgres, secrets
from regulars.kernel.errors import sure
from regulars.people.members.models import IdentifierRow, MemberRow, PersonRow
from regulars.people.members.rules import numbers
from regulars.people.members.terms import (
    AlreadyMerged,
    Forgotten,
    IdentifierType,
    IdentifierView,
    MemberFacts,
    MemberStatus,
    Pending,
    UnknownMember,
)


class Keep(Enum):
    """The one value that means "leave this field as it is", where None means "take it away"."""

    KEEP = "keep"


KEEP = Keep.KEEP


def member_row(*, program_id: int, member_id: UUID, lock: bool = False, readable: bool = False) -> MemberRow:
    """The row of a member of this program.

    Args: lock: hold it until the transaction ends. readable: its personal data is wanted.
    Raises: UnknownMember; Forgotten when `readable` and the key is gone.
    """
    rows = MemberRow.objects.filter(program_id=program_id, pk=member_id)
    with told():
        row = (rows.select_for_update(no_key=True) if lock else rows).first()
    if row is None:
        raise UnknownMember
    if readable and row.wrapped_key is None:
        raise Forgotten
    return row


def writable_row(*, program_id: int, member_id: UUID, readable: bool = True) -> MemberRow:
    """The row of a member, locked, who stands for herself: what is told of a merged one belongs to the other.

    Raises: UnknownMember; Forgotten when `readable`; AlreadyMerged.
    """
    row = member_row(program_id=program_id, member_id=member_id, lock=True, readable=readable)
    if row.merged_into_id is not None:
        raise AlreadyMerged
    return row


def person_row(member: MemberRow) -> PersonRow:
    """The row of the person behind a member; there is always one."""
    row = PersonRow.objects.filter(pk=member.pk).first()
    sure(row is not None, "a member without a person")
    return row  # type: ignore[return-value]


def seal(member: MemberRow, plain: str | None, purpose: str) -> bytes | None:
    """A text sealed with the member's own key; None stays None."""
    if plain is None:
        return None
    return _box(member).seal(plain, f"members.{purpose}")


def unseal(member: MemberRow, sealed: bytes | memoryview | None, purpose: str) -> str | None:
    """The text behind a sealed field; None when there is none, or when the member was forgotten."""
    if sealed is None or member.wrapped_key is None:
        return None
    return _box(member).open(bytes(sealed), f"members.{purpose}")


def unseal_json(member: MemberRow, sealed: bytes | memoryview | None, purpose: str) -> dict[str, Any]:
    """The object behind a sealed field; empty when there is none."""
    text = unseal(member, sealed, purpose)
    return dict(orjson.loads(text)) if text else {}


def seal_json(member: MemberRow, value: dict[str, Any], purpose: str) -> bytes | None:
    """An object sealed with the member's own key; an empty one is None."""
    return seal(member, orjson.dumps(value).decode(), purpose) if value else None


def _box(member: MemberRow) -> secrets.Box:
    """The box of a member, opened once for as long as her row is in hand."""
    held = member.__dict__.get("_box")
    if not isinstance(held, secrets.Box):
        sure(member.wrapped_key is not None, "a forgotten member has no key")
        held = member.__dict__["_box"] = secrets.box(member.program_id, bytes(member.wrapped_key or b""))
    return held


def numbers_for(*, program_id: int, count: int) -> list[str]:
    """New member numbers, from the counter through the program's permutation."""
    key = secrets.blind(program_id, "member_number", "permutation")
    with connection.cursor() as cursor:
        cursor.execute("select nextval('members_number_seq') from generate_series(1, %s)", [count])
        return [numbers.number(row[0], key) for row in cursor.fetchall()]


def facts_of(row: MemberRow) -> MemberFacts:
    """The facts of a member's row."""
    return MemberFacts(
        member_id=row.id,
        number=row.number,
        status=MemberStatus(row.status),
        merged_into=row.merged_into_id,
        joined_at=row.joined_at,
        joined_channel=row.joined_channel,
        joined_store=row.joined_store,
        locale=row.locale,
        zone=row.zone,
        birth_month=row.birth_month,
        birth_day=row.birth_day,
        attributes=row.attributes,
        masked_name=row.masked_name,
        forgotten_at=row.forgotten_at,
    )


def view_of(row: IdentifierRow, *, value: str | None = None) -> IdentifierView:
    """An identifier as shown."""
    return IdentifierView(
        identifier_id=row.id,
        type=IdentifierType(row.type),
        hint=row.hint,
        verified_at=row.verified_at,
        method=row.method,
        released_at=row.released_at,
        created_at=row.created_at,
        value=value,
    )


def live_identifiers(member_id: UUID) -> list[IdentifierRow]:
    """The identifiers that a member has now, verified ones first."""
    rows = IdentifierRow.objects.filter(member_id=member_id, released_at=None).order_by("created_at", "id")
    return sorted(rows, key=lambda row: row.verified_at is None)


def pending_of(rows: Iterable[IdentifierRow]) -> tuple[Pending, ...]:
    """Those of the identifiers that wait for a code."""
    return tuple(
        Pending(identifier_id=row.id, type=IdentifierType(row.type), hint=row.hint)
        for row in rows
        if row.verified_at is None
    )


@contextmanager
def told() -> Iterator[None]:
    """Turn a database error that means something to a caller into its refusal (a lock waited for too long)."""
    try:
        yield
    except DatabaseError as error:
        cause = error.__cause__
        if isinstance(cause, psycopg.Error) and (meaning := postgres.translated(cause)) is not cause:
            raise meaning from error
        raise


def broken_constraint(error: DatabaseError) -> str:
    """The name of the constraint that an error broke, or ""."""
    cause = error.__cause__
    return (cause.diag.constraint_name or "") if isinstance(cause, psycopg.Error) else ""


@cache
def zones() -> frozenset[str]:
    """The IANA zones that exist."""
    return frozenset(available_timezones())

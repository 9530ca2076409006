"""A small world to keep books in: one program, members, and short words for the stored functions."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from regulars.kernel import ids, postgres

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
POINTS, GROWTH, STARS = 1, 2, 3


def program(key: str = "shop", zone: str = "Europe/London") -> int:
    """A program with points (owe), growth (a measure) and stars (within balance)."""
    row = one(
        "insert into programs_program (key, name, zone, currency, locale, current_version, settings, created_at) "
        "values (%s::text, 'Shop', %s::text, 'GBP', 'en', 1, '{}', now()) returning id",
        key,
        zone,
    )
    for slot, name, kind, policy, transferable in (
        (POINTS, "points", "spendable", "owe", True),
        (GROWTH, "growth", "measure", "within_balance", False),
        (STARS, "stars", "spendable", "only_pending", True),
    ):
        one(
            "insert into ledger_unit (program_id, slot, key, names, kind, scale, expiry, activation, debt_policy, renewed_by,"
            " transferable) values (%s::int, %s::int, %s::text, '{}', %s::text, 0, '{\"kind\": \"never\"}', '{}', %s::text,"
            " '{}', %s::bool)",
            row[0],
            slot,
            name,
            kind,
            policy,
            transferable,
        )
    return int(row[0])


def member(program_id: int, status: str = "active") -> UUID:
    """A member of whom nothing but the id is known."""
    member_id = ids.new_id()
    one(
        "insert into members_member (id, program_id, number, status, joined_at, joined_channel, joined_store, locale,"
        " masked_name, attributes, wrapped_key) values (%s::uuid, %s::int, %s::text, %s::text, now(), '', '', '', '', '{}', 'x')",
        member_id,
        program_id,
        member_id.hex[-20:],
        status,
    )
    return member_id


def one(sql: str, *params: Any) -> Any:
    """One row, as the stored functions are called in life: refusals translated."""
    return postgres.call(connection, sql, params)


def rows(sql: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def digest(*content: Any) -> bytes:
    return hashlib.sha256(repr(content).encode()).digest()[:16]


EARN = (
    "select * from ledger_earn(%s::uuid, %s::int, %s::bigint, %s::text, %s::text, %s::text, %s::text, %s::int,"
    " %s::timestamptz, %s::timestamptz, %s::text, %s::text, %s::bytea, %s::smallint[], %s::bigint[], %s::timestamptz[],"
    " %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::jsonb)"
)


def earn(program_id: int, member_id: UUID, key: str, *lots: tuple[int, int], **more: Any) -> Any:
    """(seq, version, active, debt) after giving `(slot, amount)` lots."""
    at = more.get("at", T0)
    units, amounts = [u for u, _ in lots], [a for _, a in lots]
    return one(
        EARN, member_id, program_id, more.get("version"), key, more.get("kind", "earn"), more.get("source_type", "order"),
        more.get("ref", key), 1, at, more.get("recorded", at), "system:test", None, digest(key, lots), units, amounts,
        more.get("activates"), more.get("events"), more.get("deadlines"), more.get("expires"), more.get("funders"),
        more.get("counters"),
    )  # fmt: skip


def claw(
    program_id: int, member_id: UUID, key: str, reverses: int | None, *lots: tuple[int, int], **more: Any
) -> Any:
    """(seq, version, taken, owed, forgiven)."""
    at = more.get("at", T0)
    return one(
        "select * from ledger_claw(%s::uuid, %s::int, %s::text, 'return', 'order', %s::text, %s::bigint, 1, %s::timestamptz,"
        " %s::timestamptz, 'system:test', null, %s::bytea, %s::smallint[], %s::bigint[])",
        member_id, program_id, key, more.get("ref", key), reverses, at, at, digest(key, lots),
        [u for u, _ in lots], [a for _, a in lots],
    )  # fmt: skip


def books(member_id: UUID) -> Any:
    """(active, pending, held, debt) as cached."""
    return one("select active, pending, held, debt from ledger_account where member_id = %s::uuid", member_id)

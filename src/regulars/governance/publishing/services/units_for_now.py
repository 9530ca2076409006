"""The section `units`, until the ledger's own hook is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from django.db import connection

from regulars.people.programs.terms import Change

FIELDS = ("key", "kind", "expiry", "activation", "debt")


def describe(program_id: int) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select key, kind, expiry, activation, debt_policy from ledger_unit where program_id = %s order by slot",
            [program_id],
        )
        rows = [dict(zip(FIELDS, row, strict=True)) for row in cursor.fetchall()]
    return {
        "units": [
            {k: orjson.loads(v) if k in FIELDS[2:4] else v for k, v in row.items() if v != "{}"} for row in rows
        ]
    }


def check(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    units = document.get("units", [])
    if not isinstance(units, list):
        return [("units", "must be a list")]
    return [
        (f"units.{n}", "needs a key and a kind")
        for n, u in enumerate(units)
        if not isinstance(u, Mapping)
        or not isinstance(u.get("key"), str)
        or u.get("kind") not in ("spendable", "measure")
    ]


def plan(program_id: int, document: Mapping[str, Any]) -> list[Change]:
    old = {u["key"]: u for u in describe(program_id)["units"]}
    return [
        Change(path=f"units.{u['key']}", action="add", after=u)
        for u in document.get("units", [])
        if u["key"] not in old
    ]


def apply(program_id: int, document: Mapping[str, Any], actor: str) -> None:
    old = [u["key"] for u in describe(program_id)["units"]]
    new = [u for u in document.get("units", []) if u["key"] not in old]
    with connection.cursor() as cursor:
        for n, u in enumerate(new, start=len(old) + 1):
            debt = u.get("debt", "owe" if u["kind"] == "spendable" else "within_balance")
            cursor.execute(
                "insert into ledger_unit (program_id, slot, key, names, kind, scale, expiry, activation, debt_policy, renewed_by, transferable)"
                " values (%s, %s, %s, '{}', %s, 0, %s, %s, %s, '{}', false)",
                [
                    program_id,
                    n,
                    u["key"],
                    u["kind"],
                    orjson.dumps(u.get("expiry", {})).decode(),
                    orjson.dumps(u.get("activation", {})).decode(),
                    debt,
                ],
            )

"""The program's units and regions as rules need them, asked from the contexts that own them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import connection

from regulars.people.programs import services as programs
from regulars.value.promotions.terms import LotTimes, UnitPlan


def plans(*, program_id: int, zone: str) -> dict[str, UnitPlan]:
    """Every unit of a program by key."""
    with connection.cursor() as cursor:
        cursor.execute("select key, slot from ledger_unit where program_id = %s order by slot", [program_id])
        return {key: UnitPlan(key, slot, _at_once_and_for_ever()) for key, slot in cursor.fetchall()}


def _at_once_and_for_ever() -> Callable[[datetime, str | None], LotTimes]:
    always = LotTimes()
    return lambda at, tier: always


def parents(*, program_id: int) -> dict[str, str | None]:
    """Each store's key with the key of the region above it."""
    described = programs.describe(program_id)
    return {s["key"]: s.get("parent") for s in described["stores"]}

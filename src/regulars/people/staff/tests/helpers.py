"""What the tests of staff begin with: a program with two regions, and people in it."""

from __future__ import annotations

from regulars.people.programs import services as programs
from regulars.people.programs.terms import Program, Store
from regulars.people.staff import services as staff
from regulars.people.staff.terms import Person

SYSTEM = "system:test"
PASSWORD = "a long enough phrase 9"


def program(key: str = "town") -> Program:
    return programs.create(key=key, name=key.title(), zone="Asia/Shanghai", currency="CNY", actor=SYSTEM)


def tree(program_id: int) -> dict[str, Store]:
    """east (e1, e2) and west (w1)."""
    out = {}
    for key, kind, parent in (
        ("east", "region", None),
        ("west", "region", None),
        ("e1", "store", "east"),
        ("e2", "store", "east"),
        ("w1", "store", "west"),
    ):
        out[key] = programs.define_store(
            program_id=program_id, key=key, name=key, kind=kind, parent=parent, actor=SYSTEM
        )
    return out


def person(name: str, **grants: int | None) -> Person:
    return staff.add_person(email=f"{name}@shop.example", name=name, actor=SYSTEM, **grants)


def granted(name: str, role: str, program_id: int, store_id: int | None = None, limit: int | None = None) -> Person:
    found = person(name)
    staff.grant(
        user_id=found.id, role=role, program_id=program_id, store_id=store_id, adjust_limit=limit, actor=SYSTEM
    )
    return found

"""The verbs of audiences. The only code that reads or writes their tables."""

from regulars.people.audiences.services.lists import apply, audiences, check, declare, describe, get, plan
from regulars.people.audiences.services.memberships import (
    absorb,
    add,
    discrepancies,
    dossier,
    expire_due,
    forget,
    memberships,
    of,
    page,
    remove,
    separate,
)

__all__ = [
    "absorb",
    "add",
    "apply",
    "audiences",
    "check",
    "declare",
    "describe",
    "discrepancies",
    "dossier",
    "expire_due",
    "forget",
    "get",
    "memberships",
    "of",
    "page",
    "plan",
    "remove",
    "separate",
]

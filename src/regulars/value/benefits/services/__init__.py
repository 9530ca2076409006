"""The verbs of benefits. The only code that reads or writes their tables."""

from regulars.value.benefits.services.document import (
    SECTIONS,
    apply,
    benefit,
    benefits,
    check,
    describe,
    forget_versions,
    pack,
    packs,
    plan,
)
from regulars.value.benefits.services.holding import forget_plan, grant_pack, holdings, note_plan, revoke_pack
from regulars.value.benefits.services.reading import costs, find_use, gifts, of, uses
from regulars.value.benefits.services.using import choose, give_back, undo, use

__all__ = [
    "SECTIONS",
    "apply",
    "benefit",
    "benefits",
    "check",
    "choose",
    "costs",
    "describe",
    "find_use",
    "forget_plan",
    "forget_versions",
    "gifts",
    "give_back",
    "grant_pack",
    "holdings",
    "note_plan",
    "of",
    "pack",
    "packs",
    "plan",
    "revoke_pack",
    "undo",
    "use",
    "uses",
]

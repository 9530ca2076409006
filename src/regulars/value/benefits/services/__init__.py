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
from regulars.value.benefits.services.gifts import (
    find_gift,
    give_due,
    lowered,
    raised,
    reached,
    return_gift,
    try_again,
    welcome,
)
from regulars.value.benefits.services.hearing import on_lowered, on_raised, on_registered
from regulars.value.benefits.services.holding import forget_plan, grant_pack, holdings, note_plan, revoke_pack
from regulars.value.benefits.services.identity import absorb, dossier, forget, separate
from regulars.value.benefits.services.proving import discrepancies, give_at_night
from regulars.value.benefits.services.reading import costs, find_use, gifts, of, uses
from regulars.value.benefits.services.using import choose, give_back, undo, use

__all__ = [
    "SECTIONS",
    "absorb",
    "apply",
    "benefit",
    "benefits",
    "check",
    "choose",
    "costs",
    "describe",
    "discrepancies",
    "dossier",
    "find_gift",
    "find_use",
    "forget",
    "forget_plan",
    "forget_versions",
    "gifts",
    "give_at_night",
    "give_back",
    "give_due",
    "grant_pack",
    "holdings",
    "lowered",
    "note_plan",
    "of",
    "on_lowered",
    "on_raised",
    "on_registered",
    "pack",
    "packs",
    "plan",
    "raised",
    "reached",
    "return_gift",
    "revoke_pack",
    "separate",
    "try_again",
    "undo",
    "use",
    "uses",
    "welcome",
]

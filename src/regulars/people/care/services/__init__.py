"""The verbs of care. The only code that reads or writes its tables."""

from regulars.people.care.services.advisers import (
    adviser,
    adviser_of_person,
    advisers,
    appoint,
    assign,
    assignments,
    current,
    end,
    hand_over,
    retire,
)
from regulars.people.care.services.desk import desk
from regulars.people.care.services.follow_ups import (
    change_follow_up,
    close_follow_up,
    follow_up,
    follow_ups,
    make_follow_up,
)
from regulars.people.care.services.identity import absorb, dossier, forget, separate
from regulars.people.care.services.likings import likings, set_likings
from regulars.people.care.services.notes import erase_note, note, notes, write_note
from regulars.people.care.services.preferences import apply, check, describe, plan, preferences
from regulars.people.care.services.proving import discrepancies

__all__ = [
    "absorb",
    "adviser",
    "adviser_of_person",
    "advisers",
    "apply",
    "appoint",
    "assign",
    "assignments",
    "change_follow_up",
    "check",
    "close_follow_up",
    "current",
    "describe",
    "desk",
    "discrepancies",
    "dossier",
    "end",
    "erase_note",
    "follow_up",
    "follow_ups",
    "forget",
    "hand_over",
    "likings",
    "make_follow_up",
    "note",
    "notes",
    "plan",
    "preferences",
    "retire",
    "separate",
    "set_likings",
    "write_note",
]

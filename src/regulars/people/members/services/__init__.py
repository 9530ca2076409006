"""The verbs of members. The only code that reads or writes their tables."""

from regulars.people.members.services.attributes import attributes, declare_attributes
from regulars.people.members.services.bulk import register_many
from regulars.people.members.services.changing import forget, hold, rewrap_keys, set_status, update
from regulars.people.members.services.codes import code_delivery, confirm_code, forget_old_codes, send_code
from regulars.people.members.services.identifiers import add_identifier, identifiers, release_identifier
from regulars.people.members.services.merging import absorb, merged_from, redirect, separate, unredirect
from regulars.people.members.services.reading import (
    born_on,
    dossier,
    fact,
    facts,
    lookup,
    number_qr,
    profile,
    recent,
    resolve,
    resolve_many,
)
from regulars.people.members.services.registering import register
from regulars.people.members.services.rows import KEEP, Keep
from regulars.people.members.services.words import open_words, seal_words

__all__ = [
    "KEEP",
    "Keep",
    "absorb",
    "add_identifier",
    "attributes",
    "born_on",
    "code_delivery",
    "confirm_code",
    "declare_attributes",
    "dossier",
    "fact",
    "facts",
    "forget",
    "forget_old_codes",
    "hold",
    "identifiers",
    "lookup",
    "merged_from",
    "number_qr",
    "open_words",
    "profile",
    "recent",
    "redirect",
    "register",
    "register_many",
    "release_identifier",
    "resolve",
    "resolve_many",
    "rewrap_keys",
    "seal_words",
    "send_code",
    "separate",
    "set_status",
    "unredirect",
    "update",
]

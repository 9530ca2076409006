"""The rules of assurance: how a statement is summed, sealed and checked, without any database."""

from regulars.governance.assurance.rules.checking import check, check_parts
from regulars.governance.assurance.rules.sealing import (
    NotAStatement,
    canonical,
    digests,
    key_text,
    message,
    read,
    text_of_bytes,
)
from regulars.governance.assurance.rules.summing import ACCOUNTS, meaning, moved, totals, worth
from regulars.governance.assurance.rules.telling import as_text

__all__ = [
    "ACCOUNTS",
    "NotAStatement",
    "as_text",
    "canonical",
    "check",
    "check_parts",
    "digests",
    "key_text",
    "meaning",
    "message",
    "moved",
    "read",
    "text_of_bytes",
    "totals",
    "worth",
]

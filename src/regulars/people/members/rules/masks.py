"""Masks: enough for a clerk to ask "the one that ends in 1234?", too little to know it."""

from __future__ import annotations

import unicodedata

from regulars.people.members.terms import IdentifierType

DOTS = "••••"
_MOST = 4


def hint(kind: IdentifierType, value: str) -> str:
    """At most the last four characters, and never more than a third of the whole; nothing of a payment token.

    >>> hint(IdentifierType.PHONE, "+8613800138000"), hint(IdentifierType.EMAIL, "ann@example.com")
    ('•••• 8000', 'a••••.com')
    >>> hint(IdentifierType.CARD, "123"), hint(IdentifierType.PAYMENT_TOKEN, "tok_123456")
    ('•••• 3', '')
    """
    if kind is IdentifierType.PAYMENT_TOKEN:
        return ""
    tail = value[len(value) - min(_MOST, len(value) // 3) :]
    if kind is IdentifierType.EMAIL:
        return f"{value[:1]}{DOTS}{tail}"
    return f"{DOTS} {tail}".rstrip()


def name(text: str) -> str:
    """A name for lists: the first letter of a Latin name's parts, the family name of a Chinese one.

    >>> name("王小明"), name("Ann Lee"), name("王"), name("")
    ('王••', 'A•• L••', '•', '')
    """
    parts = text.split()
    if not parts:
        return ""
    if len(parts) == 1 and any(unicodedata.category(c) == "Lo" for c in text):
        return f"{parts[0][0]}{'•' * min(2, len(parts[0]) - 1)}" if len(parts[0]) > 1 else "•"
    return " ".join(f"{part[0]}••" if len(part) > 1 else "•" for part in parts[:4])

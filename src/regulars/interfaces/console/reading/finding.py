"""Finding a member by whatever somebody says or reads out: the kind is guessed, the search is exact."""

from __future__ import annotations

import re
from uuid import UUID

from regulars.kernel.errors import Invalid
from regulars.people.members import services as members
from regulars.people.members.terms import MemberFacts, UnknownMember

MOST_FOUND = 20
_BARE = re.compile(r"[\s\-().+·]")


def guesses(text: str) -> tuple[str, ...]:
    """The kinds to try, the likeliest first.

    >>> guesses("ann@example.com"), guesses("138 0013 8000")
    (('email', 'external'), ('number', 'phone', 'card', 'external'))
    >>> guesses("王小明"), guesses("mem_01h455vb4pex5vsknk084sn02q")
    (('name', 'card', 'external'), ('id',))
    """
    bare = _BARE.sub("", text)
    if text.startswith("mem_"):
        return ("id",)
    if "@" in text:
        return ("email", "external")
    if bare.isdecimal():
        return ("number", "phone", "card", "external")
    return ("name", "card", "external")


def find(*, program_id: int, text: str) -> list[MemberFacts]:
    """The members that a text may mean, at most twenty, those of the likeliest kind first."""
    found: dict[UUID, None] = {}
    for kind in guesses(text):
        for member_id in _by(program_id, kind, text):
            found.setdefault(member_id)
    ids = list(found)[:MOST_FOUND]
    facts = members.facts(program_id=program_id, member_ids=ids)
    return [facts[member_id] for member_id in ids if member_id in facts]


def _by(program_id: int, kind: str, text: str) -> list[UUID]:
    try:
        if kind in ("id", "number"):
            ref = text if kind == "id" else f"number:{_BARE.sub('', text)}"
            return [members.resolve(program_id=program_id, ref=ref)]
        return members.lookup(program_id=program_id, type=kind, value=text, claims=True)
    except (UnknownMember, Invalid):
        return []

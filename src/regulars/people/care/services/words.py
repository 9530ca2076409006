"""Words about members, sealed with their own keys; of a merged member they stay where they were written."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from regulars.kernel.errors import Invalid
from regulars.people.care.terms import LONGEST_TEXT
from regulars.people.members import services as members
from regulars.people.members.terms import AlreadyMerged, Forgotten


def everyone(program_id: int, member_id: UUID) -> list[UUID]:
    """A member and all who were merged into her."""
    return [member_id, *members.merged_from(program_id=program_id, member_id=member_id)]


def hold(program_id: int, member_id: UUID) -> None:
    """Hold a member until the transaction ends, so that she is neither merged nor forgotten meanwhile.

    Raises: UnknownMember; AlreadyMerged; Forgotten; Busy.
    """
    found = members.hold(program_id=program_id, member_ids=[member_id])[member_id]
    if found.merged_into is not None:
        raise AlreadyMerged
    if found.forgotten_at is not None:
        raise Forgotten


def checked(text: str, *, field: str = "text", longest: int = LONGEST_TEXT) -> str:
    """A person's words, trimmed. Raises: Invalid."""
    told = text.strip()
    if not 0 < len(told) <= longest:
        raise Invalid(errors=[(field, f"must be 1 to {longest} characters")])
    if any((c < " " and c not in "\n\t") or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in told):
        raise Invalid(errors=[(field, "holds an invisible sign")])
    return told


def seal(program_id: int, member_id: UUID, text: str, purpose: str) -> bytes:
    """Seal words about a member. Raises: UnknownMember; Forgotten."""
    return members.seal_words(program_id=program_id, member_id=member_id, words=text, purpose=purpose)


def open_all(
    program_id: int, sealed: Iterable[tuple[UUID, UUID, bytes | memoryview | None]], purpose: str
) -> dict[UUID, str]:
    """Open what is told as (id, member, bytes); what cannot be read any more is left out."""
    by_member: dict[UUID, dict[int, tuple[UUID, bytes]]] = {}
    for n, (own, member_id, body) in enumerate(sealed):
        if body is not None:
            by_member.setdefault(member_id, {})[n] = (own, bytes(body))
    found: dict[UUID, str] = {}
    for member_id, parts in by_member.items():
        opened = members.open_words(
            program_id=program_id,
            member_id=member_id,
            sealed={n: body for n, (_, body) in parts.items()},
            purpose=purpose,
        )
        found |= {parts[n][0]: text for n, text in opened.items()}
    return found

"""Words about a member that other contexts keep: sealed with her key, so that erasing her erases them too."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from regulars.people.members.services.rows import member_row, seal, unseal


def seal_words(*, program_id: int, member_id: UUID, words: str, purpose: str) -> bytes:
    """Seal a person's words about a member, for another context to keep.

    Args: purpose: what they are for (`ledger note`); they open for the same purpose only.
    Raises: UnknownMember; Forgotten.
    """
    sealed = seal(member_row(program_id=program_id, member_id=member_id, readable=True), words, purpose)
    return sealed or b""


def open_words(*, program_id: int, member_id: UUID, sealed: Mapping[int, bytes], purpose: str) -> dict[int, str]:
    """Open what `seal_words` sealed, by the same keys; nothing of a member who was forgotten.

    Raises: UnknownMember.
    """
    row = member_row(program_id=program_id, member_id=member_id)
    opened = {key: unseal(row, value, purpose) for key, value in sealed.items() if value}
    return {key: words for key, words in opened.items() if words is not None}

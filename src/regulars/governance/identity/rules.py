"""Who may be merged, and until when a merge may be undone."""

from __future__ import annotations

from datetime import datetime, timedelta

from regulars.governance.identity.terms import UNDO_DAYS
from regulars.people.members.terms import MemberFacts, MemberStatus


def is_mergeable(one: MemberFacts, other: MemberFacts) -> bool:
    """Whether two members may become one.

    Their statuses are equal, so that a merge neither lifts a suspension nor spreads one; nobody closed or forgotten.
    """
    return (
        one.status is other.status
        and one.status is not MemberStatus.CLOSED
        and one.forgotten_at is None
        and other.forgotten_at is None
    )


def undo_ends(merged_at: datetime) -> datetime:
    """The exclusive instant until which a merge may be undone."""
    return merged_at + timedelta(days=UNDO_DAYS)

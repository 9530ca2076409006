"""Proving what benefits promise, over the whole database; and the nights."""

from __future__ import annotations

from regulars.kernel import postgres
from regulars.kernel.nights import Work
from regulars.value.benefits.services import gifts
from regulars.value.benefits.terms import Discrepancy

MOST = 1_000


def discrepancies(program_id: int | None = None) -> list[Discrepancy]:
    """What does not agree between uses, quotas, occasions and members: the first thousand. Should be none."""
    rows = postgres.ask("select * from benefits_discrepancies(%s::int, %s::int)", (program_id, MOST))
    return [
        Discrepancy(promise=promise, what=what, program_id=program, member_id=member, expected=expected, found=found)
        for promise, what, program, member, expected, found in rows
    ]


def give_at_night(work: Work) -> str | None:
    """One batch of the gifts that are due at a midnight; a night that was missed is made up for, up to a month."""
    done = gifts.give_due(program_id=work.program_id, at=work.at, limit=work.limit)
    return str(int(work.cursor or 0) + done) if done else None

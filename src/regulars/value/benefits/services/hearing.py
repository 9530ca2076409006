"""What news means for benefits: a welcome, the gifts of a level, gifts taken back."""

from __future__ import annotations

from regulars.people.members.terms import MemberRegistered
from regulars.value.benefits.services import gifts
from regulars.value.tiers.terms import MilestoneReached, TierLowered, TierRaised


def on_registered(event: MemberRegistered, program_id: int) -> None:
    """A new member is welcomed."""
    gifts.welcome(program_id=program_id, member_id=event.member_id)


def on_raised(event: TierRaised, program_id: int) -> None:
    """Every level of a rise brings its gifts once."""
    gifts.raised(
        program_id=program_id,
        member_id=event.member_id,
        ladder=event.ladder,
        from_level=event.from_level,
        to_level=event.to_level,
    )


def on_lowered(event: TierLowered, program_id: int) -> None:
    """Where a return caused the fall, the gifts of the levels go back as they say."""
    gifts.lowered(
        program_id=program_id,
        member_id=event.member_id,
        ladder=event.ladder,
        from_level=event.from_level,
        to_level=event.to_level,
        cause=event.cause,
    )


def on_milestone(event: MilestoneReached, program_id: int) -> None:
    """A point inside a level brings its gifts."""
    gifts.reached(
        program_id=program_id,
        member_id=event.member_id,
        ladder=event.ladder,
        level=event.level,
        milestone=event.milestone,
    )

"""What a plan gives, given and taken: packs and the plan to benefits, a level to tiers, for her and her guests.

Everything is granted under one source, the subscription, so that granting again only moves the end.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from uuid import UUID

import structlog

from regulars.kernel import ids
from regulars.value.benefits import services as benefits
from regulars.value.benefits.terms import BenefitForbidden, UnknownPack
from regulars.value.subscriptions.models import SeatRow, SubscriptionRow
from regulars.value.subscriptions.terms import PREFIX, Plan, SeatState
from regulars.value.tiers import services as tiers
from regulars.value.tiers.terms import AlreadyOver, NothingGiven, UnknownLevel

log = structlog.get_logger(__name__)


def source_of(row: SubscriptionRow) -> str:
    """Under which name everything of a subscription is granted."""
    return f"subscription/{ids.encode(PREFIX, row.id)}"


def cover(row: SubscriptionRow, plan: Plan, until: datetime, *, actor: str) -> None:
    """Give the plan to its member and her guests until an instant; the row is the caller's to save."""
    row.covered_until = until
    give(row, plan, until, row.member_id, actor=actor)
    for guest in guests(row):
        give(row, plan, until, guest, actor=actor, is_guest=True)


def give(
    row: SubscriptionRow, plan: Plan, until: datetime, member_id: UUID, *, actor: str, is_guest: bool = False
) -> None:
    """Give the plan to one member. A guest has packs and plan, but no level of her own by it.

    All of it counts from the day the membership began: after a pause or another plan no quota of its year is fresh.
    """
    source = source_of(row)
    try:
        benefits.note_plan(
            program_id=row.program_id,
            member_id=member_id,
            plan=plan.key,
            until=until,
            source=source,
            actor=actor,
            began_at=row.started_at,
        )
    except BenefitForbidden:  # she has left; what was paid runs on, and nobody uses it
        log.warning("a paid plan belongs to somebody who has left", subscription=source)
        return
    for pack in plan.gives.packs:
        try:
            benefits.grant_pack(
                program_id=row.program_id,
                member_id=member_id,
                pack=pack,
                until=until,
                source=source,
                actor=actor,
                began_at=row.started_at,
            )
        except UnknownPack:  # withdrawn since: money must settle nevertheless
            log.warning("a plan names a pack that is gone", pack=pack, plan=plan.key)
    if plan.gives.level and not is_guest:
        try:
            tiers.grant(
                program_id=row.program_id,
                member_id=member_id,
                ladder=plan.gives.ladder,
                level=plan.gives.level,
                until=until,
                source=source,
                actor=actor,
            )
        except (UnknownLevel, AlreadyOver):  # withdrawn since, or over: money must settle nevertheless
            log.warning("a plan gives a level that cannot be given", level=plan.gives.level, plan=plan.key)


def uncover(row: SubscriptionRow, plan: Plan, *, actor: str) -> None:
    """Take the plan from its member and her guests now."""
    row.covered_until = None
    take(row, plan, row.member_id, actor=actor)
    for guest in guests(row):
        take(row, plan, guest, actor=actor, is_guest=True)


def take(
    row: SubscriptionRow,
    plan: Plan,
    member_id: UUID,
    *,
    actor: str,
    is_guest: bool = False,
    instead: Plan | None = None,
) -> None:
    """Take from one member what the plan gave, but for what the plan that comes instead gives too or will replace."""
    source, kept = source_of(row), instead.gives if instead else None
    for pack in plan.gives.packs:
        if kept is None or pack not in kept.packs:
            benefits.revoke_pack(
                program_id=row.program_id, member_id=member_id, source=source, pack=pack, actor=actor
            )
    if instead is None or instead.key != plan.key:
        benefits.forget_plan(
            program_id=row.program_id, member_id=member_id, source=source, plan=plan.key, actor=actor
        )
    replaces = kept is not None and kept.level and kept.ladder == plan.gives.ladder
    if plan.gives.level and not is_guest and not replaces:
        with contextlib.suppress(NothingGiven):  # its end came first
            tiers.revoke(
                program_id=row.program_id,
                member_id=member_id,
                ladder=plan.gives.ladder,
                source=source,
                actor=actor,
            )


def exchange(row: SubscriptionRow, old: Plan, new: Plan, until: datetime, *, actor: str) -> None:
    """Another plan instead of this one: what both give is not interrupted."""
    for member_id in [row.member_id, *guests(row)]:
        is_guest = member_id != row.member_id
        take(row, old, member_id, actor=actor, is_guest=is_guest, instead=new)
    cover(row, new, until, actor=actor)


def guests(row: SubscriptionRow) -> list[UUID]:
    """The members who sit in this family, by id."""
    rows = SeatRow.objects.filter(subscription_id=row.id, state=SeatState.JOINED)
    return sorted(rows.values_list("member_id", flat=True))

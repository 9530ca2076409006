"""Becoming a paying member: the intent, once by its key."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction

from regulars.kernel import clock, ids
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.value.subscriptions.models import SeatRow, SubscriptionRow, TrialRow
from regulars.value.subscriptions.rules import calendar
from regulars.value.subscriptions.services import base, document, looking, paying, providers
from regulars.value.subscriptions.terms import (
    LIVE,
    AlreadySubscribed,
    EventKind,
    PaymentKind,
    Plan,
    SeatState,
    State,
    Subscription,
    SubscriptionKeyReused,
    TrialUsed,
)


@transaction.atomic
def subscribe(
    *,
    program_id: int,
    member_id: UUID,
    plan: str,
    method: str,
    key: str,
    actor: str,
    provider: str | None = None,
    with_trial: bool | None = None,
    reason: str = "",
) -> Subscription:
    """Ask for a membership: it starts when its first payment is settled; `pursue` does that after this commits.

    Args: method: the provider's token of how she pays. key: the same one names the same subscription.
    with_trial: None: if the plan has one and she has not had it; True insists on it; False pays at once. reason: why
    somebody of the staff asks for her; it stays in the story.
    Raises: UnknownPlan; PlanNotForYou; UnknownProvider; UnknownMember; MemberMerged, MemberClosed, MemberSuspended,
    MemberEarnOnly; AlreadySubscribed; TrialUsed; SubscriptionKeyReused.
    """
    provider = providers.usual(provider)
    digest = _digest(member_id, plan, method, provider, with_trial)
    members.hold(program_id=program_id, member_ids=[member_id])
    told = SubscriptionRow.objects.filter(program_id=program_id, key=key).first()
    if told is not None:
        if bytes(told.digest) != digest:
            raise SubscriptionKeyReused(errors=[("key", "named another subscription")])
        return looking.subscription(program_id=program_id, subscription_id=told.id)
    base.able(program_id=program_id, member_id=member_id)
    wanted = document.plan(program_id=program_id, key=plan)
    must_be_free(program_id=program_id, member_id=member_id, family=wanted.family)
    base.must_be_for(program_id=program_id, member_id=member_id, plan=wanted)
    row = begin(program_id, member_id, wanted, key=key, digest=digest, provider=provider, method=method)
    is_trial = _has_trial(program_id, member_id, wanted, with_trial)
    base.tell(row, EventKind.ASKED, actor, plan=plan, trial=is_trial, reason=reason or None)
    day = base.today(program_id)
    ends_on = day + timedelta(days=wanted.trial_days) if is_trial else calendar.period_end(day, 1, wanted.every)
    paying.intend(
        row,
        kind=PaymentKind.FIRST,
        plan=wanted,
        amount=wanted.trial_minor if is_trial else wanted.price_minor,
        carried=0,
        starts_on=day,
        ends_on=ends_on,
        trial=is_trial,
    )
    return looking.subscription(program_id=program_id, subscription_id=row.id)


def begin(program_id: int, member_id: UUID, plan: Plan, **more: Any) -> SubscriptionRow:
    """A row of a subscription that waits for its first period. Args: more: its other columns."""
    told = {
        "id": ids.new_id(),
        "family": plan.family,
        "plan": plan.key,
        "version": plan.version,
        "state": State.STARTING,
        "currency": programs.by_id(program_id=program_id).currency,
        "asked_at": clock.now(),
        "period_n": 0,
        "credit_minor": 0,
        "anchor_n": 0,
        "tries": 0,
        "seats": 0,
        "most_seats": 0,
        "twin": 0,
        "renews": True,
    }
    return SubscriptionRow.objects.create(program_id=program_id, member_id=member_id, **{**told, **more})


def must_be_free(*, program_id: int, member_id: UUID, family: str) -> None:
    """Nobody pays twice for the same.

    Raises: AlreadySubscribed.
    """
    of_hers = SubscriptionRow.objects.filter(
        program_id=program_id, member_id=member_id, family=family, state__in=LIVE
    )
    seats = SeatRow.objects.filter(program_id=program_id, member_id=member_id, family=family, state=SeatState.JOINED)
    if of_hers.exists() or seats.exists():
        raise AlreadySubscribed


def _has_trial(program_id: int, member_id: UUID, plan: Plan, wanted: bool | None) -> bool:
    if not plan.trial_days or wanted is False:
        return False
    had = TrialRow.objects.filter(program_id=program_id, member_id=member_id, family=plan.family).exists()
    if had and wanted:
        raise TrialUsed
    return not had


def _digest(*parts: object) -> bytes:
    return hashlib.sha256(orjson.dumps([str(p) for p in parts])).digest()

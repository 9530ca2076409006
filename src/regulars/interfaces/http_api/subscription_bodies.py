"""Paid membership as callers see it, and calls whose money is asked for after they have committed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse

from regulars.interfaces.http_api import answers
from regulars.kernel import ids
from regulars.people.programs import services as programs
from regulars.people.staff.terms import ApiKey
from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.terms import PAYMENT_PREFIX, PREFIX, Gift, Payment, Plan, Quote, Seat, Subscription


def _mem(member_id: UUID | None) -> str | None:
    return ids.encode("mem", member_id) if member_id else None


def plan(one: Plan, currency: str) -> dict[str, Any]:
    """A plan."""
    return {
        "key": one.key,
        "family": one.family,
        "name": dict(one.names),
        "price_minor": one.price_minor,
        "currency": currency,
        "months": one.every.months,
        "days": one.every.days,
        "trial_days": one.trial_days,
        "trial_minor": one.trial_minor,
        "guests": one.guests,
        "giftable": one.giftable,
        "gift_claim_days": one.gift_claim_days or None,
        "notice_days": one.notice_days,
        "packs": list(one.gives.packs),
    }


def payment(one: Payment) -> dict[str, Any]:
    """A payment."""
    return {
        "id": ids.encode(PAYMENT_PREFIX, one.payment_id),
        "kind": one.kind.value,
        "state": one.state.value,
        "amount_minor": one.amount_minor,
        "refunded_minor": one.refunded_minor,
        "reason": one.reason,
        "created_at": one.created_at,
        "settled_at": one.settled_at,
        "withdrawn_at": one.withdrawn_at,
    }


def subscription(one: Subscription) -> dict[str, Any]:
    """A subscription."""
    return {
        "id": ids.encode(PREFIX, one.subscription_id),
        "member": _mem(one.member_id),
        "plan": one.plan,
        "name": dict(one.names),
        "version": one.version,
        "state": one.state.value,
        "next_plan": one.next_plan,
        "renews": one.renews,
        "period_from": one.period_from,
        "period_to": one.period_to,
        "covered_until": one.covered_until,
        "notice_on": one.notice_on,
        "paused_until": one.paused_until,
        "waits_since": one.waits_since,
        "ended_at": one.ended_at,
        "end_cause": one.end_cause,
        "credit_minor": one.credit_minor,
        "price_minor": one.price_minor,
        "currency": one.currency,
        "is_gift": one.gift_id is not None,
        "payment": payment(one.payment) if one.payment else None,
    }


def story(program_id: int, subscription_id: UUID) -> dict[str, Any]:
    """A subscription with everything that belongs to it."""
    told = subscriptions.story(program_id=program_id, subscription_id=subscription_id)
    return {
        **subscription(told.subscription),
        "periods": [
            {
                "n": p.n,
                "kind": p.kind.value,
                "plan": p.plan,
                "starts_on": p.starts_on,
                "ends_on": p.ends_on,
                "amount_minor": p.amount_minor,
                "carried_minor": p.carried_minor,
                "closed_on": p.closed_on,
                "closed_by": p.closed_by,
                "refunded_minor": p.refunded_minor,
                "credited_minor": p.credited_minor,
            }
            for p in told.periods
        ],
        "payments": [payment(p) for p in told.payments],
        "refunds": [
            {
                "payment": ids.encode(PAYMENT_PREFIX, r.payment_id),
                "amount_minor": r.amount_minor,
                "state": r.state.value,
                "reason": r.reason,
                "created_at": r.created_at,
            }
            for r in told.refunds
        ],
        "family": [seat(s) for s in told.seats],
        "story": [{"kind": c.kind, "at": c.at, "actor": c.actor, "facts": dict(c.facts)} for c in told.chapters],
    }


def seat(one: Seat) -> dict[str, Any]:
    """A guest."""
    return {"member": _mem(one.member_id), "state": one.state.value, "since": one.since}


def quote(one: Quote) -> dict[str, Any]:
    """What something would cost or give back."""
    return {
        "when": one.when.value,
        "on": one.on,
        "charge_minor": one.charge_minor,
        "refund_minor": one.refund_minor,
        "credit_minor": one.credit_minor,
        "rule": one.rule,
    }


def cancel_quote(one: Quote) -> dict[str, Any]:
    """What cancelling would come to."""
    late = one.unsettled
    return {
        **quote(one),
        "forfeited_minor": one.forfeited_minor,
        "forfeits": [{"what": f.what, "amount_minor": f.amount_minor, "why": f.why} for f in one.forfeits],
        "unsettled": {
            "amount_minor": late.amount_minor,
            "then": late.then,
            "refund_minor": late.refund_minor,
            "until": late.until,
        }
        if late
        else None,
        "digest": one.digest,
    }


def gift(one: Gift) -> dict[str, Any]:
    """A gift."""
    return {
        "code": one.code,
        "plan": one.plan,
        "periods": one.periods,
        "amount_minor": one.amount_minor,
        "state": one.state.value,
        "payer": _mem(one.payer_id),
        "redeemed_by": _mem(one.redeemed_by),
        "subscription": ids.encode(PREFIX, one.subscription_id) if one.subscription_id else None,
        "created_at": one.created_at,
        "expires_at": one.expires_at,
    }


def currency_of(program_id: int) -> str:
    """The program's currency."""
    return programs.by_id(program_id=program_id).currency


def id_of(text: str, program_id: int) -> UUID:
    """A subscription of this program by its public id.

    Raises: UnknownSubscription.
    """
    return subscriptions.by_text(program_id=program_id, text=text).subscription_id


def paid(
    request: HttpRequest, idempotency_key: str, work: Callable[[], Subscription], status: int = 200
) -> HttpResponse:
    """Do something with a subscription once; after it has committed, ask the provider for what it meant to move.

    The same key again answers with the subscription as it stands now.
    """
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def once() -> HttpResponse:
        return answers.json({"id": ids.encode(PREFIX, work().subscription_id)}, status=status)

    first = answers.once(request, idempotency_key, once)
    if first.status_code >= 400:
        return first
    subscription_id = ids.decode(PREFIX, orjson.loads(first.content)["id"])
    waiting = subscriptions.waiting(program_id=key.program_id, subscription_id=subscription_id)
    for kind, row_id in waiting:
        subscriptions.pursue_one(kind=kind, program_id=key.program_id, row_id=row_id)
    after = subscriptions.subscription(program_id=key.program_id, subscription_id=subscription_id)
    answer = answers.json(subscription(after), status=first.status_code)
    if "Idempotent-Replayed" in first.headers:
        answer["Idempotent-Replayed"] = "true"
    return answer

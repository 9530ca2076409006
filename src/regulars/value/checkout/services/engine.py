"""What checkout asks of the promotions engine; the one place that knows how it is called."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson

from regulars.value.promotions import services as promotions
from regulars.value.promotions.terms import PricedLine, Pricing, Question, Snapshot, Verdict

_LEVEL = 1  # of compression: questions are written once a sale and read once a month


def decide(question: Question, snapshot: Snapshot) -> Verdict:
    """What a basket saves, what points pay, what the rest earns."""
    if hasattr(promotions, "decide"):
        verdict: Verdict = promotions.decide(question=question, snapshot=snapshot)
        return verdict
    lines = question.basket.lines
    total = sum(x.amount_minor for x in lines)
    earning = promotions.evaluate(
        basket=question.basket, member=question.member, snapshot=snapshot, now=question.basket.occurred_at
    )
    pricing = Pricing(
        lines=tuple(PricedLine(x.n, x.id, x.amount_minor, 0, x.amount_minor) for x in lines),
        subtotal_minor=total,
        discount_minor=0,
        total_minor=total,
    )
    return Verdict(pricing=pricing, earning=earning, counters=earning.counters)


def limits_of(
    snapshot: Snapshot, *, store: str | None, day: date, coupons: tuple[str, ...], identifiers: tuple[str, ...]
) -> Mapping[str, int]:
    """The limits and budgets beyond the member that a decision may need: how much each allows, by key."""
    limits: Any = getattr(snapshot, "limits", None)
    if limits is None:
        return {}
    found: Mapping[str, int] = limits(store=store, day=day, coupons=coupons, identifiers=identifiers)
    return found


def question_body(question: Question) -> bytes:
    """A question as it is kept: to close what was tendered, to replay, to reprice."""
    return zlib.compress(orjson.dumps(promotions.question_to_json(question)), _LEVEL)


def question_of(body: bytes) -> Question:
    """What `question_body` wrote."""
    question: Question = promotions.question_from_json(orjson.loads(zlib.decompress(body)))
    return question

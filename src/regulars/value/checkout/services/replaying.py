"""Why an order got what it got: its decision made again from the question of its day, beside what is stored."""

from __future__ import annotations

from uuid import UUID

from regulars.kernel import clock, ids
from regulars.value.checkout.rules import answers
from regulars.value.checkout.rules.answers import Quoted, Standing
from regulars.value.checkout.services import engine
from regulars.value.checkout.terms import Difference, NotDecidedHere, Replay, SessionState
from regulars.value.orders.services.closing import prepare
from regulars.value.orders.services.decided import Stored, decided
from regulars.value.promotions import services as promotions
from regulars.value.promotions.terms import Verdict


def replay(*, program_id: int, order: str | UUID) -> Replay:
    """Decide again by the question and the version of an order, and compare with what is kept line by line.

    Nothing is read of today: what the member holds, has used or belongs to now changes nothing. What a close by a
    suspended member was refused in earnings is a difference, and is right.

    Args: order: its id, or its public id (`ord_…`).
    Raises: NoOrder; NotDecidedHere for an order that was told and not decided here; NoSuchVersion.
    """
    order_id = order if isinstance(order, UUID) else ids.decode("ord", order)
    stored = decided(program_id=program_id, order_id=order_id)
    if stored.question is None:
        raise NotDecidedHere
    question = engine.question_of(stored.question)
    snapshot = promotions.snapshot(program_id=program_id, version=stored.version, terms=stored.terms)
    verdict = engine.decide(question, snapshot)
    closed = prepare(verdict=verdict, snapshot=snapshot, account=None, now=clock.now())
    quoted = Quoted(
        key=stored.session or "",
        question=question,
        verdict=verdict,
        version=stored.version,
        terms=stored.terms,
        digest=verdict.digest,
        barred=(),
        earned=closed.earned,
        by_line=closed.by_line,
        balances={},
    )
    standing = Standing(
        state=SessionState.CLOSED, revision=0, expires_at=question.basket.occurred_at, order_id=order_id
    )
    return Replay(
        order_id=order_id,
        version=stored.version,
        answer=answers.answer(quoted, standing),
        differences=_differences(stored, verdict),
    )


def _differences(stored: Stored, verdict: Verdict) -> tuple[Difference, ...]:
    pricing = verdict.pricing
    # gifts are lines of the order behind those of the basket, and cost nothing
    sold = [line for line in stored.lines if line.n <= len(pricing.lines) or line.net_minor]
    found = [
        Difference(name, was, now)
        for name, was, now in (
            ("subtotal", stored.subtotal_minor, pricing.subtotal_minor),
            ("total", stored.total_minor, pricing.total_minor),
            ("lines", len(sold), len(pricing.lines)),
        )
        if was != now
    ]
    earned = verdict.earning.earned_by_line
    for was, line in zip(sold, pricing.lines, strict=False):
        shares = tuple([(s.promotion, s.coupon, s.minor) for s in line.shares])
        for name, kept, now in (
            ("net_minor", was.net_minor, line.net_minor),
            ("discount_minor", was.discount_minor, line.discount_minor),
            ("shares", was.shares, shares),
            ("tendered_minor", was.tendered_minor, line.tendered_minor),
            ("earned", _trimmed(was.earned), _trimmed(tuple(earned.get(line.n, ())))),
        ):
            if kept != now:
                found.append(Difference(f"lines.{line.id}.{name}", kept, now))
    return tuple(found)


def _trimmed(amounts: tuple[int, ...]) -> tuple[int, ...]:
    """Amounts by slot without the nothing at their end."""
    last = max((i for i, amount in enumerate(amounts, 1) if amount), default=0)
    return amounts[:last]

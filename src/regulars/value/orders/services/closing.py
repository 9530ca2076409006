"""Closing a basket that was decided here: `prepare` says what will be true afterwards, `close` makes it so at once."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import orjson

from regulars.value.orders.rules import answers
from regulars.value.orders.rules.extras import counted, extras_to_json
from regulars.value.orders.services import asking
from regulars.value.orders.services.placing import decision_json, lines_json, text, text_of
from regulars.value.orders.terms import (
    DEFAULT_SOURCE,
    Applied,
    AppliedHere,
    Counted,
    CouponUsed,
    Extras,
    Holding,
    OrderTold,
    Refused,
    SpentHere,
    StockTaken,
)
from regulars.value.orders.terms.closing import SESSION_SOURCE, Before, Closed, Closing
from regulars.value.promotions import services as promotions
from regulars.value.promotions.terms import Outcome

_CLOSE = (
    "orders_close(%s::uuid, %s::int, %s::bigint, %s::uuid, %s::text, %s::text, %s::bigint, %s::text,"
    " %s::text, %s::timestamptz, %s::timestamptz, %s::bigint, %s::bigint, %s::jsonb, %s::int, %s::jsonb, %s::bytea,"
    " %s::jsonb, %s::text, %s::jsonb, %s::smallint[], %s::bigint[], %s::timestamptz[], %s::text[], %s::timestamptz[],"
    " %s::timestamptz[], %s::text[], %s::bigint[], %s::jsonb, %s::jsonb, %s::jsonb, %s::bytea, %s::text, %s::bytea,"
    " %s::smallint, %s::bytea, %s::jsonb)"
)
_TOLD_TO_OTHERS = frozenset({"gift", "random_reward", "challenge", "audience", "tier", "notify", "webhook"})
_LEVEL = 1  # of compression: questions are written once a sale and read once a month


def prepare(*, closing: Closing) -> Closed:
    """What the member will have earned and hold once the basket is closed; true if the account has not moved."""
    keys = asking.unit_keys(closing.snapshot)
    decision = closing.verdict.earning
    return Closed(
        earned=answers.by_unit(asking.earned_of(decision.lots), keys),
        by_line={n: answers.by_unit(amounts, keys) for n, amounts in decision.earned_by_line.items()},
        balances=_balances(closing, keys) if closing.question.member else {},
    )


def _balances(closing: Closing, keys: Mapping[int, str]) -> dict[str, Holding]:
    account = closing.account
    active, held = list(account.active), list(account.held)
    for paid in closing.verdict.spend:
        column = held if paid.unit in closing.holds else active
        if paid.slot <= len(column):
            column[paid.slot - 1] -= paid.amount
    seen = (account.version, active, account.pending, held, account.debt, account.overdue)
    ctx = asking.Context(*[None] * 5, True, *[None] * 9, *seen, None)  # type: ignore[arg-type]
    return asking.holdings_after(decision=closing.verdict.earning, ctx=ctx, keys=keys, now=closing.recorded_at)


def close(
    *, program_id: int, closing: Closing, closed: Closed, before: Before, status: int = 201, body: bytes = b""
) -> None:
    """Write a decided basket as an order with everything it brings about, in one statement; or nothing.

    Args: closed: as `prepare` answered. before: what is called first, in the same statement. status, body: the answer,
    kept under the caller's idempotency key.
    Raises: Stale when the account has moved; LimitReached and the refusals of coupons, stock and points, when
    somebody else was faster; Busy.
    """
    asking.call(
        f"select {_CLOSE} from {before.sql} as before_", (*_arguments(program_id, closing, closed, status, body), *before.params)
    )


def _arguments(program_id: int, closing: Closing, closed: Closed, status: int, body: bytes) -> tuple[Any, ...]:
    basket, verdict = closing.question.basket, closing.verdict
    member = closing.question.member
    decision, pricing = verdict.earning, verdict.pricing
    lots = asking.lots_of(decision)
    raised = verdict.counters is not None and not closing.is_reserved
    if member is not None and lots.units is None and (raised or verdict.spend or pricing.applied):
        lots = asking.Lots([], [])  # whatever depends on the account moves its version
    if closing.is_reserved and lots.units == []:
        lots = asking.Lots()
    kept = None
    if member is not None:
        kept = decision_json(
            applied=[Applied(e.rule, e.unit, e.amount, e.wanted) for e in decision.earned],
            rejected=[Refused(*r) for r in decision.rejected],
            balances=closed.balances,
        )
    fact = {
        "order_id": closing.order_id,
        "member_id": member.member_id if member else None,
        "ref": closing.ref,
        "channel": basket.channel,
        "total_minor": pricing.total_minor,
        "occurred_at": basket.occurred_at,
    }
    repeat = closing.repeat
    return (
        member.member_id if member else None,
        program_id,
        closing.account.version,
        closing.order_id,
        SESSION_SOURCE,
        closing.ref,
        closing.store_id,
        basket.channel,
        basket.currency,
        basket.occurred_at,
        closing.recorded_at,
        pricing.total_minor,
        pricing.subtotal_minor,
        text([(t.type, t.amount_minor) for t in basket.tenders]) if basket.tenders else None,
        closing.snapshot.version,
        text_of(kept),
        verdict.digest,
        text(dict(closing.attributes)) if closing.attributes else None,
        closing.actor,
        text_of(_lines(closing)),
        *lots,
        asking.earned_of(decision.lots),
        text(dict(verdict.counters)) if raised and verdict.counters is not None else None,
        text_of(_effects(closing)),
        text(extras_to_json(_extras(closing))),
        zlib.compress(orjson.dumps(promotions.question_to_json(closing.question)), _LEVEL),
        repeat.key if repeat else None,
        repeat.request_hash if repeat else None,
        status,
        body if repeat else None,
        text(fact),
    )


def _lines(closing: Closing) -> bytes:
    """The lines with what each costs, saves and earned."""
    basket = closing.question.basket
    told = OrderTold(
        ref=closing.ref,
        source=DEFAULT_SOURCE,
        channel=basket.channel,
        currency=basket.currency,
        occurred_at=basket.occurred_at,
        lines=basket.lines,
        descriptions=closing.descriptions,
    )
    rows = answers.lines_of(told)
    priced = {line.n: line for line in closing.verdict.pricing.lines}
    for row in rows:
        line = priced[row["n"]]
        row["a"] = line.net_minor
        if line.discount_minor:
            row["o"] = line.discount_minor
        if line.shares:
            row["h"] = [list(share) for share in line.shares]
        if line.tendered_minor:
            row["p"] = line.tendered_minor
    return lines_json(rows, closing.verdict.earning)


def spend_key(*, ref: str, unit: str) -> str:
    """The journal key of the points that paid for an order."""
    return f"order/{SESSION_SOURCE}/{ref}/spend/{unit}"


def _effects(closing: Closing) -> bytes | None:
    effects: dict[str, Any] = {}
    verdict = closing.verdict
    if verdict.spend:
        effects["spend"] = [
            {
                "slot": s.slot,
                "amount": s.amount,
                "key": spend_key(ref=closing.ref, unit=s.unit),
                "hold": closing.holds.get(s.unit),
            }
            for s in verdict.spend
        ]
    if closing.coupons and not closing.is_reserved:
        effects["coupons"] = coupons_told(closing.coupons)
    if closing.stock and not closing.is_reserved:
        effects["stock"] = stock_told(closing.stock)
    if verdict.pricing.takes and not closing.is_reserved:
        effects["takes"] = takes_told(verdict.pricing.takes)
    outcomes = [o for o in verdict.pricing.outcomes if o.kind in _TOLD_TO_OTHERS]
    if outcomes:
        effects["news"] = [_news(closing, outcomes)]
    return orjson.dumps(effects) if effects else None


def _news(closing: Closing, outcomes: list[Outcome]) -> dict[str, Any]:
    member = closing.question.member
    body = {
        "order_id": closing.order_id,
        "member_id": member.member_id if member else None,
        "ref": closing.ref,
        "outcomes": [[o.promotion, o.kind, dict(o.body)] for o in outcomes],
        "occurred_at": closing.question.basket.occurred_at,
    }
    return {"kind": "OrderDecided", "body": body}


def coupons_told(coupons: tuple[Any, ...]) -> dict[str, Any]:
    """Coupons as stored functions take them: unique ones by id, shared ones by code."""
    return {
        "ids": [c.coupon_id for c in coupons if c.coupon_id is not None],
        "codes": [c.code for c in coupons if c.coupon_id is None],
    }


def stock_told(stock: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """Goods as stored functions take them."""
    return {"skus": [sku for sku, _ in stock], "quantities": [answers.plain(q) for _, q in stock]}


def takes_told(takes: tuple[Any, ...]) -> dict[str, Any]:
    """Limits and budgets as stored functions take them."""
    return {
        "keys": [t.key for t in takes],
        "amounts": [t.amount for t in takes],
        "limits": [t.limit for t in takes],
        "hot": [t.is_hot for t in takes],
        "budget": [t.is_budget for t in takes],
    }


def _extras(closing: Closing) -> Extras:
    verdict, member = closing.verdict, closing.question.member
    if closing.is_reserved:
        raised = tuple(Counted(key, amount) for key, amount in sorted(closing.counted.items()))
    else:
        raised = counted(member.counters, verdict.counters) if member else ()
    store = closing.question.basket.store
    return Extras(
        session=closing.session,
        promotions=tuple(
            AppliedHere(a.key, a.coupon, a.discount_minor, a.on_return) for a in verdict.pricing.applied
        ),
        coupons=tuple(CouponUsed(c.coupon_id, c.code, c.template, c.coupon_id is None) for c in closing.coupons),
        spent=tuple(
            SpentHere(s.unit, s.slot, s.amount, s.minor, 0, spend_key(ref=closing.ref, unit=s.unit))
            for s in verdict.spend
        ),
        takes=tuple((t.key, t.amount) for t in verdict.pricing.takes),
        counted=raised,
        outcomes=verdict.pricing.outcomes,
        stock=tuple(StockTaken(store, sku, quantity) for sku, quantity in closing.stock) if store else (),
    )

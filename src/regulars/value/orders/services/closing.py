"""Closing a basket that was decided here: `prepare` says what will be true, `close` makes it so at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import orjson

from regulars.value.orders.rules import answers, checking
from regulars.value.orders.rules.extras import extras_to_json
from regulars.value.orders.services import asking
from regulars.value.orders.services.placing import decision_json, lines_json, text, text_of
from regulars.value.orders.terms import (
    DEFAULT_SOURCE,
    Applied,
    AppliedHere,
    BenefitUsed,
    CouponUsed,
    Extras,
    Holding,
    OrderTold,
    Refused,
    SpentHere,
    StockTaken,
)
from regulars.value.orders.terms.closing import SESSION_SOURCE, Account, Before, BenefitTake, Closed, Closing, Issue
from regulars.value.promotions.terms import LineKind, Outcome, Snapshot, Verdict

_CLOSE = (
    "orders_close(%s::uuid, %s::int, %s::bigint, %s::uuid, %s::text, %s::text, %s::bigint, %s::text,"
    " %s::text, %s::timestamptz, %s::timestamptz, %s::bigint, %s::bigint, %s::jsonb, %s::int, %s::jsonb, %s::bytea,"
    " %s::jsonb, %s::text, %s::json, %s::smallint[], %s::bigint[], %s::timestamptz[], %s::text[], %s::timestamptz[],"
    " %s::timestamptz[], %s::text[], %s::bigint[], %s::jsonb, %s::jsonb, %s::jsonb, %s::bytea, %s::text, %s::bytea,"
    " %s::smallint, %s::bytea, %s::jsonb)"
)
_TOLD_TO_OTHERS = frozenset({"gift", "random_reward", "challenge", "audience", "tier", "notify", "webhook"})
_EARNING = ("active", "earn_only")  # whose account may be touched


def basket_faults(*, told: OrderTold, now: datetime, tolerance_minutes: int) -> list[tuple[str, str]]:
    """What is wrong with a basket, as with an order told: every fault with its path."""
    return checking.check_order(told) or checking.check_clock(told.occurred_at, now, tolerance_minutes)


def prepare(
    *,
    verdict: Verdict,
    snapshot: Snapshot,
    account: Account | None,
    now: datetime,
    holds: Collection[str] = (),
    is_kept: bool = True,
) -> Closed:
    """What a verdict earns by unit and line, and what the member holds once it is kept, if the account has not moved.

    Args: account: None for a guest. holds: units that pay out of what is held. is_kept: False: what she holds now.
    """
    keys = asking.unit_keys(snapshot)
    decision = verdict.earning
    balances: Mapping[str, Holding] = {}
    if account is not None:
        balances = _balances(verdict, account, keys, now, holds) if is_kept else _holdings(account, keys)
    return Closed(
        earned=answers.by_unit(asking.earned_of(decision.lots), keys),
        by_line={n: answers.by_unit(amounts, keys) for n, amounts in decision.earned_by_line.items()},
        balances=balances,
    )


def _holdings(account: Account, keys: Mapping[int, str]) -> dict[str, Holding]:
    columns = (account.active, account.pending, account.held, account.debt, account.overdue)
    found = {}
    for slot, unit in keys.items():
        active, pending, held, debt, overdue = [asking.at(column, slot) for column in columns]
        found[unit] = Holding(active - overdue, pending, held, debt)
    return found


def _balances(
    verdict: Verdict, account: Account, keys: Mapping[int, str], now: datetime, holds: Collection[str]
) -> dict[str, Holding]:
    active, held = list(account.active), list(account.held)
    for paid in verdict.spend:
        column = held if paid.unit in holds else active
        if paid.slot <= len(column):
            column[paid.slot - 1] -= paid.amount
    seen = (account.version, active, account.pending, held, account.debt, account.overdue)
    ctx = asking.Context._make([*[None] * 5, True, *[None] * 9, *seen, None])
    return asking.holdings_after(decision=verdict.earning, ctx=ctx, keys=keys, now=now)


def close(
    *, program_id: int, closing: Closing, closed: Closed, before: Before, status: int = 201, body: bytes = b""
) -> None:
    """Write a decided basket as an order with everything it brings about, in one statement; or nothing.

    Args: closed: as `prepare` answered. before: what is called first, in the same statement. status, body: the
    answer, kept under the caller's idempotency key.
    Raises: Stale when the account has moved; LimitReached and the refusals of coupons, stock and points, when
    somebody else was faster; Busy.
    """
    params = (*_arguments(program_id, closing, closed, status, body), *before.params)
    asking.call(f"select {_CLOSE} from {before.sql} as before_", params)


def _arguments(program_id: int, closing: Closing, closed: Closed, status: int, body: bytes) -> tuple[Any, ...]:
    basket, verdict = closing.question.basket, closing.verdict
    member = closing.question.member
    decision, pricing = verdict.earning, verdict.pricing
    counters = closing.counters if not closing.is_reserved else None
    lots = _lots(closing, counters)
    kept = None
    if member is not None:
        kept = decision_json(
            applied=[Applied(e.rule, e.unit, e.amount, e.wanted) for e in decision.earned],
            rejected=[Refused(*r) for r in decision.rejected],
            balances=closed.balances,
            terms=closing.snapshot.terms,
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
        text(dict(counters)) if counters is not None else None,
        text_of(_effects(closing)),
        text(extras_to_json(_extras(closing))),
        closing.question_body,
        repeat.key if repeat else None,
        repeat.request_hash if repeat else None,
        status,
        body if repeat else None,
        text(fact),
    )


def _lots(closing: Closing, counters: Mapping[str, int] | None) -> asking.Lots:
    """What is earned, as the ledger takes it; without lots, whether the account must not have moved."""
    lots, member = asking.lots_of(closing.verdict.earning), closing.question.member
    if lots.units:
        return lots
    if closing.is_reserved or member is None or member.status not in _EARNING:
        return asking.Lots()
    depends = counters is not None or closing.verdict.pricing.applied
    return asking.Lots([], []) if depends else asking.Lots()


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
    return lines_json(rows + _gifts(closing), closing.verdict.earning)


def _gifts(closing: Closing) -> list[dict[str, Any]]:
    """A line for each gift, behind what was bought; returns know it by its kind and its promotion."""
    named = {line.id for line in closing.question.basket.lines}
    rows: list[dict[str, Any]] = []
    for n, gift in enumerate(closing.gifts, len(named) + 1):
        name = f"gift-{n}"
        while name in named:
            name += "~"
        rows.append(
            {"n": n, "i": name, "s": gift.sku, "q": str(gift.quantity), "a": 0}
            | {"k": LineKind.REWARD.value, "j": {"promotion": gift.promotion}}
        )
    return rows


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
    if closing.coupons:
        effects["coupons"] = {**coupons_told(closing.coupons), "owner": closing.owner}
    if closing.issues:
        effects["issue"] = _issue_told(closing.issues)
    if closing.stock and not closing.is_reserved:
        effects["stock"] = {**stock_told(closing.stock), "store": closing.question.basket.store or ""}
    if closing.benefits and not closing.is_reserved:
        effects["benefits"] = benefits_told(closing.benefits, closing.question.basket.store)
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


def _issue_told(issues: tuple[Issue, ...]) -> dict[str, Any]:
    return {
        "ids": [i.coined.id for i in issues],
        "codes": [i.coined.code for i in issues],
        "templates": [i.coined.template for i in issues],
        "versions": [i.coined.version for i in issues],
        "starts": [i.coined.starts_at for i in issues],
        "ends": [i.coined.ends_at for i in issues],
        "keys": [i.key for i in issues],
        "holds": [i.most_held for i in issues],
        "promotions": [i.promotion for i in issues],
    }


def stock_told(stock: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """Goods as stored functions take them."""
    return {"skus": [sku for sku, _ in stock], "quantities": [answers.plain(q) for _, q in stock]}


def benefits_told(benefits: tuple[BenefitTake, ...], store: str | None) -> dict[str, Any]:
    """Uses of benefits as stored functions take them."""
    return {
        "keys": [b.benefit for b in benefits],
        "ids": [b.use_id for b in benefits],
        "uses": [b.key for b in benefits],
        "costs": [b.cost_minor for b in benefits],
        "store": store,
    }


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
    verdict, store = closing.verdict, closing.question.basket.store or ""
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
        counted=closing.counted,
        outcomes=verdict.pricing.outcomes,
        stock=tuple(StockTaken(store, sku, quantity) for sku, quantity in closing.stock),
        benefits=tuple(BenefitUsed(b.use_id, b.benefit, b.promotions) for b in closing.benefits),
    )

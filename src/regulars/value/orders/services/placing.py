"""Placing an order. Read `place` to see the whole way of a sale, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg
from django.db import transaction

from regulars.kernel import clock, ids
from regulars.kernel.errors import Busy, Invalid
from regulars.people.agreements import services as agreements
from regulars.people.members.terms import UnknownMember
from regulars.value.ledger.terms import KeyReused, MemberClosed, MemberMerged, MemberSuspended, Stale
from regulars.value.orders.rules import answers, checking
from regulars.value.orders.services import asking
from regulars.value.orders.services.asking import Context, Place
from regulars.value.orders.services.repeating import placed_before
from regulars.value.orders.terms import (
    Applied,
    Holding,
    LineReceipt,
    OrderState,
    OrderTold,
    Receipt,
    Refused,
    Repeat,
)
from regulars.value.promotions import services as promotions
from regulars.value.promotions.terms import Decision, Snapshot

_OPTIMISTIC_TRIES = 3
_MOST_MERGES = 4
_COMMIT = (
    "select orders_commit(%s::uuid, %s::int, %s::bigint, %s::uuid, %s::text, %s::text, %s::bigint, %s::text,"
    " %s::text, %s::timestamptz, %s::timestamptz, %s::bigint, %s::jsonb, %s::int, %s::jsonb, %s::bytea, %s::jsonb,"
    " %s::text, %s::json, %s::smallint[], %s::bigint[], %s::timestamptz[], %s::text[], %s::timestamptz[],"
    " %s::timestamptz[], %s::text[], %s::bigint[], %s::jsonb, %s::text, %s::bytea, %s::smallint, %s::bytea,"
    " %s::jsonb)"
)


class _Asked(NamedTuple):
    """One telling of an order, with what does not change from try to try."""

    program_id: int
    told: OrderTold
    actor: str
    repeat: Repeat | None
    place: Place
    member_id: UUID | None
    is_by_token: bool
    lines: list[dict[str, Any]]
    digest: bytes
    now: datetime
    rule_version: int | None


def place(
    *, program_id: int, told: OrderTold, actor: str, repeat: Repeat | None = None, rule_version: int | None = None
) -> Receipt:
    """Record a sale and give what it earns. All of it happens, or none; told again, it is the same answer.

    The member is found by reference, by identifier, or by the payment token of a tender; nobody found by the last two
    is a guest, who can claim the order later. A member who may not earn gets the order without earnings, and why.

    Args: repeat: the caller's idempotency key, kept with the answer in the same commit. rule_version: by which rules
    it earns, for a sale that was made under earlier ones; the ones in force unless said.
    Raises: Invalid with every fault; UnknownMember; OrderDiffers when the reference was told with other content;
    IdempotencyMismatch; NoSuchVersion when the program has no rules yet; Busy after a lock wait.
    """
    faults = checking.check_order(told)
    if faults:
        raise Invalid(errors=faults)
    member_id = asking.member_named(program_id=program_id, told=told)
    is_by_token = told.member is None and told.identifier is None and any(t.token for t in told.tenders)
    if is_by_token:
        member_id = asking.member_paying(program_id=program_id, told=told)
    lines = answers.lines_of(told)
    asked = _Asked(
        program_id=program_id,
        told=told,
        actor=actor,
        repeat=repeat,
        place=asking.place_of(program_id=program_id, channel=told.channel, store=told.store, currency=told.currency),
        member_id=member_id,
        is_by_token=is_by_token,
        lines=lines,
        digest=answers.order_digest(told, lines),
        now=clock.now(),
        rule_version=rule_version,
    )
    for _ in range(_OPTIMISTIC_TRIES):
        receipt = _try(asked)
        if receipt is not None:
            return receipt
    with transaction.atomic():
        receipt = _try(asked, is_locked=True)
    if receipt is None:
        raise Busy("Somebody else is changing the same thing. Nothing was changed; try again.")
    return receipt


def _try(asked: _Asked, is_locked: bool = False) -> Receipt | None:
    """One try; None when somebody else was faster and it has to be read and decided again."""
    key = asked.repeat.key if asked.repeat else None
    member_id = asked.member_id
    for _ in range(_MOST_MERGES):
        if is_locked and member_id is not None:
            asking.lock(program_id=asked.program_id, member_id=member_id)
        ctx = asking.context(
            program_id=asked.program_id,
            member_id=member_id,
            source=asked.told.source,
            ref=asked.told.ref,
            key=key,
            now=asked.now,
        )
        if ctx.merged_into is None:
            break
        member_id = ctx.merged_into
    if ctx.told is not None or ctx.kept_hash is not None:
        return placed_before(
            program_id=asked.program_id,
            ctx=ctx,
            digest=asked.digest,
            member_id=member_id,
            is_by_token=asked.is_by_token,
            repeat=asked.repeat,
        )
    if member_id is not None and not ctx.is_member:
        raise UnknownMember
    version = asked.rule_version or ctx.rule_version or 0
    terms = agreements.version_for(
        program_id=asked.program_id, version=ctx.rule_version or 0, member_id=member_id, joined_at=ctx.joined_at
    )
    snapshot = promotions.snapshot(program_id=asked.program_id, version=version, terms=terms)
    faults = checking.check_clock(asked.told.occurred_at, asked.now, snapshot.policies.future_tolerance_minutes)
    if faults:
        raise Invalid(errors=faults)
    return _commit(asked, member_id, ctx, snapshot)


def _commit(asked: _Asked, member_id: UUID | None, ctx: Context, snapshot: Snapshot) -> Receipt | None:
    told, now = asked.told, asked.now
    member = (
        asking.facts(member_id=member_id, ctx=ctx, snapshot=snapshot, bought_at=told.occurred_at)
        if member_id
        else None
    )
    decision = promotions.evaluate(
        basket=asking.basket_of(told, asked.place.zone), member=member, snapshot=snapshot, now=now
    )
    if any(e.wanted > checking.MOST_EARNED for e in decision.earned):
        raise Invalid(errors=[("lines", "earn more than an account can hold")])
    order_id = ids.new_id()
    receipt = _receipt(asked, order_id, member_id, ctx, snapshot, decision)
    status, body = 201, answers.receipt_body(receipt)
    try:
        asking.call(_COMMIT, _arguments(asked, receipt, ctx, decision, status))
    except (Stale, MemberMerged, KeyReused, MemberSuspended, MemberClosed):
        return None  # the account or the member moved on, or this very order was faster: read again
    except psycopg.errors.UniqueViolation as taken:
        if asking.told_meanwhile(taken):
            return None
        raise
    return _with_body(receipt, status, body)


def _with_body(receipt: Receipt, status: int, body: bytes) -> Receipt:
    object.__setattr__(receipt, "status", status)  # not yet seen by anybody
    object.__setattr__(receipt, "body", body)
    return receipt


def _receipt(
    asked: _Asked,
    order_id: UUID,
    member_id: UUID | None,
    ctx: Context,
    snapshot: Snapshot,
    decision: Decision,
) -> Receipt:
    """The answer, made before the commit: the account's version, checked there, makes the balances true."""
    told, keys = asked.told, asking.unit_keys(snapshot)
    by_line = decision.earned_by_line
    return Receipt(
        order_id=order_id,
        source=told.source,
        ref=told.ref,
        state=OrderState.PLACED,
        member_id=member_id,
        channel=told.channel,
        store=told.store,
        total_minor=sum(line.amount_minor for line in told.lines),
        currency=told.currency,
        occurred_at=told.occurred_at,
        rule_version=snapshot.version,
        terms_version=snapshot.terms,
        earned=answers.by_unit(asking.earned_of(decision.lots), keys),
        lines=tuple([LineReceipt(x.id, answers.by_unit(by_line.get(x.n), keys)) for x in told.lines]),
        applied=tuple([Applied(e.rule, e.unit, e.amount, e.wanted) for e in decision.earned]),
        rejected=tuple([Refused(*r) for r in decision.rejected]),
        balances=asking.holdings_after(decision=decision, ctx=ctx, keys=keys, now=asked.now) if member_id else {},
    )


def decision_json(
    *, applied: Sequence[Applied], rejected: Sequence[Refused], balances: Mapping[str, Holding], terms: int | None
) -> bytes:
    """What is kept of a decision beside the sums: which rules gave and refused, and the balances answered.

    Args: terms: the older version whose terms decided, where the member keeps them.
    """
    return orjson.dumps(
        {
            **({"terms": terms} if terms is not None else {}),
            "applied": [tuple(a) for a in applied],
            "rejected": [tuple(r) for r in rejected],
            "after": {unit: tuple(h) for unit, h in balances.items()},
        }
    )


def lines_json(lines: Sequence[dict[str, Any]], decision: Decision) -> bytes:
    """The lines with what each earned, by slot."""
    for row in lines:
        row.pop("e", None)
        earned = decision.earned_by_line.get(row["n"])
        if earned:
            row["e"] = earned
    return orjson.dumps(lines)


def _arguments(asked: _Asked, receipt: Receipt, ctx: Context, decision: Decision, status: int) -> tuple[Any, ...]:
    told, repeat = asked.told, asked.repeat
    fact = {
        "order_id": receipt.order_id,
        "member_id": receipt.member_id,
        "ref": told.ref,
        "channel": told.channel,
        "total_minor": receipt.total_minor,
        "occurred_at": told.occurred_at,
    }
    counters = decision.counters
    kept = None
    if receipt.member_id is not None:
        kept = decision_json(
            applied=receipt.applied,
            rejected=receipt.rejected,
            balances=receipt.balances,
            terms=receipt.terms_version,
        )
    return (
        receipt.member_id,
        asked.program_id,
        ctx.version,
        receipt.order_id,
        told.source,
        told.ref,
        asked.place.store_id,
        told.channel,
        told.currency,
        told.occurred_at,
        asked.now,
        receipt.total_minor,
        text([(t.type, t.amount_minor) for t in told.tenders]) if told.tenders else None,
        receipt.rule_version,
        text_of(kept),
        asked.digest,
        text(dict(told.attributes)) if told.attributes else None,
        asked.actor,
        text_of(lines_json(asked.lines, decision)),
        *asking.lots_of(decision),
        asking.earned_of(decision.lots),
        text(dict(counters)) if counters is not None else None,
        repeat.key if repeat else None,
        repeat.request_hash if repeat else None,
        status,
        b"" if repeat else None,  # the order itself is the answer: `repeating` makes it again
        text(fact),
    )


def text(value: Any) -> str:
    """A value as the JSON that a jsonb parameter takes."""
    return orjson.dumps(value).decode()


def text_of(told: bytes | None) -> str | None:
    """JSON bytes as a jsonb parameter takes them."""
    return told.decode() if told is not None else None

"""Returns: goods come back, and what they earned goes back in proportion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg
from django.db import transaction

from regulars.kernel import clock, idempotency, ids
from regulars.kernel.errors import Busy, Invalid
from regulars.value.ledger.terms import MemberMerged, Stale
from regulars.value.orders.models import LineRow, OrderRow, ReturnLineRow, ReturnRow
from regulars.value.orders.rules import answers, checking
from regulars.value.orders.rules.returning import match_credit, share, spread
from regulars.value.orders.services import asking
from regulars.value.orders.services.reading import everyone, keys_of, order_row
from regulars.value.orders.services.repeating import current_member
from regulars.value.orders.terms import (
    Bought,
    LineTaken,
    Match,
    NotReturnable,
    OrderMoved,
    Part,
    Repeat,
    ReturnDiffers,
    ReturnExceeds,
    ReturnReceipt,
    ReturnTold,
)
from regulars.value.promotions import services as promotions

_TRIES = 5
_TAKE_BACK = (
    "select orders_take_back(%s::uuid, %s::int, %s::uuid, %s::text, %s::text, %s::timestamptz, %s::timestamptz,"
    " %s::bytea, %s::text, %s::jsonb)::text"
)


class _Piece(NamedTuple):
    """A part of a told line on its way to the database; `is_strict`: its amount must fit into the line's."""

    n: int
    part: Part
    sku: str
    amount_minor: int | None
    is_strict: bool = False


def take_back(*, program_id: int, told: ReturnTold, actor: str, repeat: Repeat | None = None) -> ReturnReceipt:
    """Record a return; take back what the goods earned, by the share of each line that has come back so far.

    With an order, its lines are named; the refund of a line is its share unless an amount is said. Without one, goods
    are matched to the member's earlier purchases of the same goods, latest first; what matches nothing is kept,
    marked with the reason, and takes nothing back. Told again, it is the same answer.

    Raises: Invalid with every fault; NoOrder; UnknownMember; NotReturnable; ReturnExceeds; ReturnDiffers; Busy.
    """
    faults = checking.check_return(told)
    faults += checking.check_clock(told.occurred_at, clock.now(), _tolerance(program_id)) if not faults else []
    if faults:
        raise Invalid(errors=faults)
    digest = answers.return_digest(told)
    with transaction.atomic():
        kept = idempotency.claim(program_id, repeat.key, repeat.request_hash) if repeat else None
        for _ in range(_TRIES):
            try:
                receipt = _try(program_id, told, digest, actor)
            except (OrderMoved, MemberMerged, Stale):
                continue  # another return, a claim, or a merge of hers was faster: look again
            break
        else:
            raise Busy("Somebody else is changing the same thing. Nothing was changed; try again.")
        if kept is not None:
            return _answered(receipt, kept.status, kept.body)
        status, body = 201 if receipt.is_new else 200, answers.return_body(receipt)
        if repeat is not None and receipt.is_new:
            idempotency.keep(program_id, repeat.key, repeat.request_hash, status, body)
        return _answered(receipt, status, body)


def _tolerance(program_id: int) -> int:
    return promotions.snapshot(program_id=program_id).policies.future_tolerance_minutes


def _answered(receipt: ReturnReceipt, status: int, body: bytes) -> ReturnReceipt:
    object.__setattr__(receipt, "status", status)  # not yet seen by anybody
    object.__setattr__(receipt, "body", body)
    return receipt


def _try(program_id: int, told: ReturnTold, digest: bytes, actor: str) -> ReturnReceipt:
    before = ReturnRow.objects.filter(program_id=program_id, source=told.source, ref=told.ref).first()
    if before is not None:
        if bytes(before.digest) != digest:
            raise ReturnDiffers(f"Return {told.source}:{told.ref} was told before with other content.", ref=told.ref)
        return receipt_kept(before, is_new=False)
    if told.order is not None:
        member_id, pieces = _of_order(program_id, told)
    else:
        member_id, pieces = _of_goods(program_id, told)
    return_id = ids.new_id()
    try:
        asking.call(
            _TAKE_BACK,
            (
                member_id,
                program_id,
                return_id,
                told.source,
                told.ref,
                told.occurred_at,
                clock.now(),
                digest,
                actor,
                _json(pieces),
            ),
        )
    except psycopg.errors.UniqueViolation as taken:
        if taken.diag.constraint_name == "O2_a_return_counts_once":
            raise OrderMoved from taken
        raise
    return receipt_kept(ReturnRow.objects.get(id=return_id), is_new=True)


def _json(pieces: Sequence[_Piece]) -> str:
    rows: list[dict[str, Any]] = []
    part = 0
    for piece in pieces:
        part = part + 1 if rows and rows[-1]["n"] == piece.n else 1
        rows.append(
            {
                "n": piece.n,
                "part": part,
                "order_id": piece.part.order_id,
                "order_n": piece.part.n,
                "quantity": answers.plain(piece.part.quantity),
                "amount_minor": piece.amount_minor,
                "match": piece.part.match,
                "sku": piece.sku,
                "must_fit": piece.is_strict,
            }
        )
    return orjson.dumps(rows).decode()


def _of_order(program_id: int, told: ReturnTold) -> tuple[UUID | None, list[_Piece]]:
    order = order_row(program_id=program_id, ref=told.order or "", source=told.order_source)
    lines = {line.line_ref: line for line in LineRow.objects.filter(order_id=order.id)}
    faults = [
        (f"lines.{i}.id", f"{back.line!r} is not a line of this order")
        for i, back in enumerate(told.lines)
        if back.line not in lines
    ]
    if faults:
        raise Invalid(errors=faults)
    gone = {ref: (line.returned, line.returned_minor) for ref, line in lines.items()}
    pieces = []
    for n, back in enumerate(told.lines, 1):
        line = lines[back.line or ""]
        if line.kind == "adjustment":
            raise NotReturnable(f"Line {line.line_ref!r} is an adjustment and cannot come back.", line=line.line_ref)
        returned, refunded = gone[line.line_ref]
        quantity, amount = line.quantity - returned, max(0, line.amount_minor - refunded)
        if back.quantity > quantity:
            raise ReturnExceeds(
                f"Of line {line.line_ref!r} only {answers.plain(quantity)} can still come back.",
                line=line.line_ref,
                left=answers.plain(quantity),
            )
        if back.amount_minor is not None and back.amount_minor > amount:
            raise ReturnExceeds(
                f"Of line {line.line_ref!r} only {amount} can still be refunded.",
                line=line.line_ref,
                left_minor=amount,
            )
        returned += back.quantity
        due = max(0, share(total=line.amount_minor, part=returned, whole=line.quantity) - refunded)
        gone[line.line_ref] = (returned, refunded + (due if back.amount_minor is None else back.amount_minor))
        part = Part(Match.MATCHED, back.quantity, order.id, line.n)
        pieces.append(_Piece(n, part, line.sku, back.amount_minor, is_strict=True))
    if order.member_id is None:
        return None, pieces
    return current_member(program_id=program_id, member_id=order.member_id), pieces


def _of_goods(program_id: int, told: ReturnTold) -> tuple[UUID | None, list[_Piece]]:
    member_id = asking.member_named(program_id=program_id, told=told)
    if member_id is not None:
        member_id = current_member(program_id=program_id, member_id=member_id)
    bought = _bought(program_id, member_id, {back.sku or "" for back in told.lines}) if member_id else {}
    pieces = []
    for n, back in enumerate(told.lines, 1):
        sku, amount = back.sku or "", back.amount_minor or 0
        if member_id is None:
            pieces.append(_Piece(n, Part(Match.NO_MEMBER, back.quantity), sku, amount))
            continue
        parts = match_credit(quantity=back.quantity, at=told.occurred_at, bought=bought.get(sku, ()))
        amounts = spread(total=amount, over=[p.quantity for p in parts])
        pieces += [_Piece(n, part, sku, a) for part, a in zip(parts, amounts, strict=True)]
        bought[sku] = _without(bought.get(sku, ()), parts)
    return member_id, pieces


def _bought(program_id: int, member_id: UUID, skus: set[str]) -> dict[str, Sequence[Bought]]:
    orders = OrderRow.objects.filter(program_id=program_id, member_id__in=everyone(program_id, member_id))
    at = dict(orders.values_list("id", "occurred_at"))
    lines = LineRow.objects.filter(order_id__in=at, sku__in=skus, quantity__gt=0).exclude(kind="adjustment")
    found: dict[str, list[Bought]] = {}
    for order_id, n, sku, quantity, returned in lines.values_list("order_id", "n", "sku", "quantity", "returned"):
        found.setdefault(sku, []).append(Bought(order_id, n, at[order_id], quantity - returned))
    return {sku: tuple(rows) for sku, rows in found.items()}


def _without(bought: Sequence[Bought], parts: Sequence[Part]) -> tuple[Bought, ...]:
    gone = {(p.order_id, p.n): p.quantity for p in parts}
    return tuple(b._replace(left=b.left - gone.get((b.order_id, b.n), Decimal(0))) for b in bought)


def receipt_kept(row: ReturnRow, *, is_new: bool) -> ReturnReceipt:
    """The answer to a return, from what was kept; without its JSON."""
    parts = list(ReturnLineRow.objects.filter(parent_id=row.id).order_by("n", "part"))
    orders = {o.id: o for o in OrderRow.objects.filter(id__in={p.order_id for p in parts if p.order_id})}
    lines = LineRow.objects.filter(order_id__in=orders, n__in={p.order_n for p in parts if p.order_n})
    refs = {(order_id, n): ref for order_id, n, ref in lines.values_list("order_id", "n", "line_ref")}
    keys: Mapping[int, str] = {}
    for order in orders.values():
        keys = {**keys, **keys_of(order)}
    taken = tuple(
        LineTaken(
            n=p.n,
            match=Match(p.match),
            sku=p.sku,
            quantity=p.quantity,
            amount_minor=p.amount_minor,
            order_id=p.order_id,
            line=refs.get((p.order_id, p.order_n)) if p.order_id and p.order_n else None,
            clawed=answers.by_unit(p.reversed, keys),
        )
        for p in parts
    )
    answer: dict[str, Any] = row.answer
    return ReturnReceipt(
        return_id=row.id,
        source=row.source,
        ref=row.ref,
        member_id=row.member_id,
        order_id=next(iter(orders)) if len(orders) == 1 else None,
        occurred_at=row.occurred_at,
        refund_minor=row.refund_minor,
        clawed=answers.by_unit(answer["clawed"], keys),
        owed=answers.by_unit(answer["owed"], keys),
        forgiven=answers.by_unit(answer["forgiven"], keys),
        lines=taken,
        is_new=is_new,
    )

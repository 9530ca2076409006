"""Returns: goods come back, and what they earned goes back in proportion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import psycopg
from django.db import transaction
from django.db.models import F

from regulars.kernel import clock, idempotency, ids
from regulars.kernel.errors import Busy, Invalid
from regulars.value.ledger.terms import MemberMerged, Stale
from regulars.value.orders.models import LineRow, OrderRow, ReturnRow
from regulars.value.orders.rules import answers, checking
from regulars.value.orders.rules.returning import match_credit, share, spread
from regulars.value.orders.services import asking, counting, settling
from regulars.value.orders.services.reading import everyone, order_row
from regulars.value.orders.services.receipts import receipt_kept
from regulars.value.orders.services.repeating import current_member
from regulars.value.orders.terms import (
    PICKUP,
    PREFIX,
    UNDO_SOURCE,
    Back,
    Bought,
    Match,
    NoOrder,
    NotHandedOver,
    NothingLeft,
    NotOpen,
    NotReturnable,
    OrderMoved,
    OrderState,
    Part,
    Piece,
    Repeat,
    ReturnDiffers,
    ReturnExceeds,
    ReturnKind,
    ReturnReceipt,
    ReturnTold,
)
from regulars.value.promotions import services as promotions

_TRIES = 5
_TAKE_BACK = (
    "select orders_take_back(%s::uuid, %s::int, %s::uuid, %s::text, %s::text, %s::timestamptz, %s::timestamptz,"
    " %s::bytea, %s::text, %s::jsonb, %s::boolean)::text"
)


def take_back(*, program_id: int, told: ReturnTold, actor: str, repeat: Repeat | None = None) -> ReturnReceipt:
    """Record a return; take back what the goods earned, by the share of each line that has come back so far.

    With an order, its lines are named; the refund of a line is its share unless an amount is said. Without one, goods
    are matched to the member's earlier purchases of the same goods, latest first; what matches nothing is kept,
    marked with the reason, and takes nothing back. Of an order that was decided here, what points had paid goes back
    to their lots, coupons, limits and stock are free again, and promotions do what their policy says. Told again, it
    is the same answer.

    Raises: Invalid with every fault; NoOrder; UnknownMember; NotReturnable; ReturnExceeds; ReturnDiffers;
    BundleIncomplete; NotHandedOver; Busy.
    """
    return run(program_id=program_id, told=told, actor=actor, repeat=repeat, kind=ReturnKind.RETURN)


def cancel_lines(*, program_id: int, told: ReturnTold, actor: str, repeat: Repeat | None = None) -> ReturnReceipt:
    """Cancel a part of an order that waits to be picked up: what was not handed over, by the same arithmetic.

    Raises: NotOpen for an order that is not to be picked up; as `take_back`.
    """
    return run(program_id=program_id, told=told, actor=actor, repeat=repeat, kind=ReturnKind.CANCELLATION)


def undo_order(*, program_id: int, order: UUID, reason: str, actor: str) -> ReturnReceipt:
    """Take back all that is left of an order, as if it had never been, inside the caller's transaction.

    Whatever can be undone is: money, points, earnings, limits, stock, and coupons whatever their policy says of
    returns. The order is cancelled.

    Raises: NoOrder; NothingLeft when all of it has come back already.
    """
    row = OrderRow.objects.filter(program_id=program_id, id=order).select_for_update().first()
    if row is None:
        raise NoOrder
    lines = LineRow.objects.filter(order_id=row.id, quantity__gt=F("returned")).exclude(kind="adjustment")
    left = tuple(Back(line.quantity - line.returned, line=line.line_ref) for line in lines.order_by("n"))
    if not left:
        raise NothingLeft
    name = ids.encode(PREFIX, row.id)
    told = ReturnTold(ref=name, source=UNDO_SOURCE, occurred_at=clock.now(), lines=left, order=name)
    receipt = run(program_id=program_id, told=told, actor=actor, kind=ReturnKind.UNDO, reason=reason)
    OrderRow.objects.filter(id=row.id).update(state=OrderState.CANCELLED)
    return receipt


def run(
    *,
    program_id: int,
    told: ReturnTold,
    actor: str,
    kind: ReturnKind,
    repeat: Repeat | None = None,
    reason: str | None = None,
) -> ReturnReceipt:
    """Record what comes back by any of the calls that bring goods back. Raises: as `take_back` and `cancel_lines`."""
    faults = checking.check_return(told)
    faults += checking.check_clock(told.occurred_at, clock.now(), _tolerance(program_id)) if not faults else []
    if faults:
        raise Invalid(errors=faults)
    digest = answers.return_digest(told)
    with transaction.atomic():
        kept = idempotency.claim(program_id, repeat.key, repeat.request_hash) if repeat else None
        for _ in range(_TRIES):
            try:
                with transaction.atomic():
                    receipt = _try(program_id, told, digest, actor, kind, reason)
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


def _try(
    program_id: int, told: ReturnTold, digest: bytes, actor: str, kind: ReturnKind, reason: str | None
) -> ReturnReceipt:
    before = ReturnRow.objects.filter(program_id=program_id, source=told.source, ref=told.ref).first()
    if before is not None:
        if bytes(before.digest) != digest or before.kind != kind:
            raise ReturnDiffers(f"Return {told.source}:{told.ref} was told before with other content.", ref=told.ref)
        return receipt_kept(before, is_new=False)
    if told.order is not None:
        member_id, pieces = _of_order(program_id, told, kind)
    else:
        member_id, pieces = _of_goods(program_id, told)
    pieces, made = settling.plans(program_id=program_id, pieces=pieces)
    return_id, now = ids.new_id(), clock.now()
    restored, expired, missed = settling.restore_points(plans=made, told=told, member_id=member_id, actor=actor)
    _write(
        member_id,
        program_id,
        return_id,
        told.source,
        told.ref,
        told.occurred_at,
        now,
        digest,
        actor,
        _json(pieces),
        bool(made) or kind is not ReturnKind.RETURN,
    )
    if member_id is not None:
        counting.give_caps_back(program_id=program_id, return_id=return_id, member_id=member_id)
    is_undo = kind is ReturnKind.UNDO
    parts = [
        settling.settle(plan=p, return_id=return_id, member_id=member_id, at=now, actor=actor, is_undo=is_undo)
        for p in made
    ]
    if kind is ReturnKind.CANCELLATION:
        asking.call("select orders_mark_cancelled(%s::uuid)", (return_id,))
    if made or kind is not ReturnKind.RETURN:
        settled = settling.together(parts)
        settled = replace(settled, restored=restored, expired=expired, not_undone=(*settled.not_undone, *missed))
        answer = {"settled": answers.settled_json(settled)} | ({"reason": reason} if reason else {})
        asking.call(
            "select orders_return_done(%s::uuid, %s::text, %s::jsonb)",
            (return_id, kind.value, orjson.dumps(answer).decode()),
        )
    return receipt_kept(ReturnRow.objects.get(id=return_id), is_new=True)


def _write(*params: Any) -> None:
    try:
        asking.call(_TAKE_BACK, params)
    except psycopg.errors.UniqueViolation as taken:
        if taken.diag.constraint_name == "O2_a_return_counts_once":
            raise OrderMoved from taken
        raise


def _json(pieces: Sequence[Piece]) -> str:
    rows: list[dict[str, Any]] = []
    for piece in pieces:
        rows.append(
            {
                "n": piece.n,
                "part": piece.at,
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


def _of_order(program_id: int, told: ReturnTold, kind: ReturnKind) -> tuple[UUID | None, list[Piece]]:
    named = order_row(program_id=program_id, ref=told.order or "", source=told.order_source)
    order = OrderRow.objects.select_for_update().get(id=named.id)
    is_pickup = (order.attributes or {}).get("fulfilment") == PICKUP
    if kind is ReturnKind.CANCELLATION and not is_pickup:
        raise NotOpen
    lines = {line.line_ref: line for line in LineRow.objects.filter(order_id=order.id)}
    faults = [
        (f"lines.{i}.id", f"{back.line!r} is not a line of this order")
        for i, back in enumerate(told.lines)
        if back.line not in lines
    ]
    if faults:
        raise Invalid(errors=faults)
    gone: dict[str, tuple[Decimal, int]] = {}
    pieces = []
    for n, back in enumerate(told.lines, 1):
        line = lines[back.line or ""]
        before = gone.get(line.line_ref, (Decimal(0), 0))
        due = _due(line, back, *before)
        if is_pickup and kind is not ReturnKind.UNDO:
            _check_pickup(line, before[0] + back.quantity, kind)
        gone[line.line_ref] = (before[0] + back.quantity, before[1] + due)
        part = Part(Match.MATCHED, back.quantity, order.id, line.n)
        pieces.append(Piece(n, 1, part, line.sku, back.amount_minor, is_strict=True, restock=back.restock))
    if order.member_id is None:
        return None, pieces
    return current_member(program_id=program_id, member_id=order.member_id), pieces


def _due(line: LineRow, back: Back, quantity: Decimal, amount: int) -> int:
    """What is refunded for a line that comes back, after `quantity` of it for `amount` in the same return.

    Raises: NotReturnable; ReturnExceeds.
    """
    if line.kind == "adjustment":
        raise NotReturnable(f"Line {line.line_ref!r} is an adjustment and cannot come back.", line=line.line_ref)
    left, left_minor = line.quantity - line.returned - quantity, line.amount_minor - line.returned_minor - amount
    if back.quantity > left:
        raise ReturnExceeds(
            f"Of line {line.line_ref!r} only {answers.plain(left)} can still come back.",
            line=line.line_ref,
            left=answers.plain(left),
        )
    if back.amount_minor is not None and back.amount_minor > max(0, left_minor):
        raise ReturnExceeds(
            f"Of line {line.line_ref!r} only {max(0, left_minor)} can still be refunded.",
            line=line.line_ref,
            left_minor=max(0, left_minor),
        )
    if back.amount_minor is not None:
        return back.amount_minor
    part = line.returned + quantity + back.quantity
    return max(0, share(total=line.amount_minor, part=part, whole=line.quantity) - line.returned_minor - amount)


def _check_pickup(line: LineRow, quantity: Decimal, kind: ReturnKind) -> None:
    """Only what waits can be cancelled; only what was handed over can come back.

    Raises: ReturnExceeds; NotHandedOver.
    """
    waits = line.quantity - line.handed_over - line.cancelled
    if kind is ReturnKind.CANCELLATION and quantity > waits:
        raise ReturnExceeds(
            f"Of line {line.line_ref!r} only {answers.plain(waits)} wait to be picked up.",
            line=line.line_ref,
            left=answers.plain(waits),
        )
    out = line.handed_over - (line.returned - line.cancelled)
    if kind is not ReturnKind.CANCELLATION and quantity > out:
        raise NotHandedOver(
            f"Of line {line.line_ref!r} only {answers.plain(max(out, Decimal(0)))} are in the customer's hands.",
            line=line.line_ref,
            left=answers.plain(max(out, Decimal(0))),
        )


def _of_goods(program_id: int, told: ReturnTold) -> tuple[UUID | None, list[Piece]]:
    member_id = asking.member_named(program_id=program_id, told=told)
    if member_id is not None:
        member_id = current_member(program_id=program_id, member_id=member_id)
    bought = _bought(program_id, member_id, {back.sku or "" for back in told.lines}) if member_id else {}
    pieces = []
    for n, back in enumerate(told.lines, 1):
        sku, amount = back.sku or "", back.amount_minor or 0
        if member_id is None:
            pieces.append(Piece(n, 1, Part(Match.NO_MEMBER, back.quantity), sku, amount))
            continue
        parts = match_credit(quantity=back.quantity, at=told.occurred_at, bought=bought.get(sku, ()))
        amounts = spread(total=amount, over=[p.quantity for p in parts])
        pieces += [
            Piece(n, at, part, sku, a, restock=back.restock)
            for at, (part, a) in enumerate(zip(parts, amounts, strict=True), 1)
        ]
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

"""What a return settles of orders that were decided here: decided from their stored facts, then done, then told."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from regulars.kernel import ids
from regulars.people.programs import services as programs
from regulars.people.programs.terms import NoStore
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import ReversesTooMuch, Source
from regulars.value.orders.models import LineRow, OrderRow, QuestionRow
from regulars.value.orders.rules import answers, settling
from regulars.value.orders.rules.extras import extras_from_json, undone_from_json, undone_to_json
from regulars.value.orders.rules.remaining import lines_after, rest_of
from regulars.value.orders.rules.returning import share
from regulars.value.orders.services import asking
from regulars.value.orders.terms import (
    BundleIncomplete,
    CouponBack,
    CouponVoided,
    Extras,
    Held,
    NotUndone,
    Piece,
    ReturnTold,
    Settled,
    Settlement,
    SoldLine,
)
from regulars.value.promotions import services as promotions
from regulars.value.promotions.terms import OnReturn

_SETTLE = (
    "select orders_settle(%s::int, %s::uuid, %s::uuid, %s::uuid, %s::jsonb, %s::jsonb, %s::timestamptz,"
    " %s::text)::text"
)


class Plan(NamedTuple):
    """What a return does to one decided order. `pieces` are those of it, with the amount that each is worth."""

    order: OrderRow
    pieces: tuple[Piece, ...]
    settlement: Settlement


def plans(*, program_id: int, pieces: Sequence[Piece]) -> tuple[list[Piece], list[Plan]]:
    """The plans for the decided orders among those whose lines come back, which are locked, and all pieces again.

    Raises: BundleIncomplete with the lines that are missing; OrderMoved.
    """
    named = {p.part.order_id for p in pieces if p.part.order_id is not None}
    rows = OrderRow.objects.filter(program_id=program_id, id__in=named, extras__isnull=False)
    found = {row.id: row for row in rows.order_by("id").select_for_update()}
    done: dict[Piece, Piece] = {}
    made = []
    for row in found.values():
        mine = [p for p in pieces if p.part.order_id == row.id]
        plan = _plan(row, mine)
        done.update(zip(mine, plan.pieces, strict=True))
        made.append(plan)
    return [done.get(p, p) for p in pieces], made


def _plan(order: OrderRow, pieces: list[Piece]) -> Plan:
    rows = list(LineRow.objects.filter(order_id=order.id).order_by("n"))
    lines, dues = lines_after(lines=[_sold(row) for row in rows], pieces=pieces)
    extras = extras_from_json(order.extras or {})
    held = _held(order, rows, lines, extras)
    for promotion, rest in settling.broken(lines=lines, extras=extras, held=held):
        raise BundleIncomplete(
            f"Promotion {promotion!r} comes back whole or not at all: lines {', '.join(rest)} are missing.",
            promotion=promotion,
            lines=list(rest),
        )
    settlement = settling.settle(lines=lines, extras=extras, undone=undone_from_json(order.undone), held=held)
    done = tuple(p._replace(amount_minor=due) for p, due in zip(pieces, dues, strict=True))
    return Plan(order, done, settlement)


def _sold(row: LineRow) -> SoldLine:
    gift_of = (row.attributes or {}).get("promotion") if row.kind == "reward" else None
    return SoldLine.kept(
        n=row.n,
        id=row.line_ref,
        sku=row.sku,
        kind=row.kind,
        quantity=row.quantity,
        net_minor=row.amount_minor,
        tendered_minor=row.tendered_minor,
        shares=row.shares,
        returned=row.returned,
        returned_minor=row.returned_minor,
        restocked=row.restocked,
        gift_of=gift_of,
    )


def _held(order: OrderRow, rows: Sequence[LineRow], lines: Sequence[SoldLine], extras: Extras) -> Held:
    """What the rest deserves by the order's own version and question, and what its earnings have given back."""
    held = Held(clawed=_clawed(order, rows, lines))
    strict = [a.key for a in extras.promotions if a.on_return is not OnReturn.KEEP]
    if not strict or all(x.returned >= x.quantity for x in lines if x.kind not in ("adjustment", "reward")):
        return held
    row = QuestionRow.objects.filter(order_id=order.id).first()
    if row is None:  # nothing can be asked again: what is kept is deserved, what is all or nothing is lost
        kept = {a.key: settling.kept(lines, a.key) for a in extras.promotions if a.on_return is OnReturn.REPRICE}
        lost = {a.key for a in extras.promotions if a.on_return is OnReturn.ALL_OR_NOTHING}
        return held._replace(deserved=kept, lost=frozenset(lost))
    asked = promotions.question_from_json(orjson.loads(zlib.decompress(bytes(row.body))))
    acting = frozenset(a.key for a in extras.promotions) | {o.promotion for o in extras.outcomes}
    verdict = promotions.decide(
        question=rest_of(question=asked, lines=lines, only=acting),
        snapshot=asking.rules_of(order),
    )
    deserved: dict[str, int] = {}
    for one in verdict.pricing.applied:
        deserved[one.key] = deserved.get(one.key, 0) + one.discount_minor
    still = set(deserved) | {o.promotion for o in verdict.pricing.outcomes}
    return held._replace(deserved=deserved, lost=acting - still)


def _clawed(order: OrderRow, rows: Sequence[LineRow], lines: Sequence[SoldLine]) -> dict[str, tuple[int, int]]:
    """By rule: how much of its unit the order's lines have given back after the return, of how much."""
    snapshot = asking.rules_of(order)
    after = {x.n: x for x in lines}
    back: dict[int, int] = {}
    for row in rows:
        for slot, earned in enumerate(row.earned or (), 1):
            part = share(total=earned, part=after[row.n].returned, whole=row.quantity) if row.quantity > 0 else 0
            back[slot] = back.get(slot, 0) + part
    slots = {plan.key: plan.slot for plan in snapshot.units.values()}
    applied = (order.decision or {}).get("applied", ())
    known = [(key, slots[unit]) for key, unit, *_ in applied if unit in slots]
    return {key: (back.get(slot, 0), asking.at(order.earned or (), slot)) for key, slot in known}


def restore_points(
    *, plans: Sequence[Plan], told: ReturnTold, member_id: UUID | None, actor: str
) -> tuple[dict[str, int], dict[str, int], list[NotUndone]]:
    """Give points that had paid back to their very lots.

    Returns: by unit what came back, what of it expired at once, and what was not there to come back.
    """
    restored: dict[str, int] = {}
    expired: dict[str, int] = {}
    missed: list[NotUndone] = []
    for plan in plans:
        order = plan.order
        for spent, amount in plan.settlement.units:
            if not amount or member_id is None or order.member_id is None:
                continue
            before = asking.at(_active(member_id), spent.slot)
            done = _restore(plan, told, member_id, spent.seq, spent.key, amount, actor)
            gone = done - (asking.at(_active(member_id), spent.slot) - before)
            if done < amount:
                why = f"{amount - done} were given back by hand before"
                missed.append(NotUndone(f"points:{spent.unit}", why))
            restored[spent.unit] = restored.get(spent.unit, 0) + done
            if gone > 0:
                expired[spent.unit] = expired.get(spent.unit, 0) + gone
    return restored, expired, missed


def _restore(plan: Plan, told: ReturnTold, member_id: UUID, seq: int, key: str, amount: int, actor: str) -> int:
    order = plan.order
    try:
        _restored(order, told, member_id, seq, key, amount, actor)
    except ReversesTooMuch as less:
        amount = int(less.facts.get("left", 0))
        if amount:
            _restored(order, told, member_id, seq, key, amount, actor)
    return amount


def _restored(
    order: OrderRow, told: ReturnTold, member_id: UUID, seq: int, key: str, amount: int, actor: str
) -> None:
    ledger.restore(
        program_id=order.program_id,
        member_id=member_id,
        key=f"return/{told.source}/{told.ref}/{order.id}/{key}"[-300:],
        spend_seq=seq,
        amount=amount,
        actor=actor,
        source=Source(type="order", ref=f"{order.source}/{order.ref}"),
        occurred_at=told.occurred_at,
        of=order.member_id if order.member_id != member_id else None,
    )


def _active(member_id: UUID) -> Sequence[int]:
    row = asking.call("select active from ledger_context(%s::uuid)", (member_id,))
    return row[0] if row and row[0] else ()


def settle(
    *, plan: Plan, return_id: UUID, member_id: UUID | None, at: datetime, actor: str, is_undo: bool = False
) -> Settled:
    """Do what was planned for one order, beside its lines and points; the return and its lines are written.

    Args: is_undo: coupons go back whatever their policy, as if the order had never been.
    """
    what = plan.settlement
    dues = settling.spread_money(what.money_minor, [p.amount_minor or 0 for p in plan.pieces])
    told: dict[str, Any] = {
        "money": what.money_minor,
        "points": what.points_minor,
        "charged": what.charged_minor,
        "lines": [{"n": p.n, "part": p.at, "refund": due} for p, due in zip(plan.pieces, dues, strict=True)],
    }
    restocked = _restocked(plan.pieces)
    if restocked:
        told["restocked"] = restocked
    if what.counted:
        told["counted"] = {key: -amount for key, amount in what.counted}
    if what.coupons:
        told["coupons"] = [c.code for c in what.coupons]
        if is_undo:
            told["always"] = True
    if what.issued:
        told["issued"] = [str(i.coupon_id) for i in what.issued]
    if what.stock:
        told["stock"] = _stock(plan.order.program_id, what.stock)
    if what.benefits:
        told["benefits"] = [str(b.use_id) for b in what.benefits]
    if what.takes:
        told["takes"] = {"keys": [k for k, _ in what.takes], "amounts": [a for _, a in what.takes]}
    row = asking.call(
        _SETTLE,
        (
            plan.order.program_id,
            plan.order.id,
            return_id,
            member_id,
            orjson.dumps(told).decode(),
            orjson.dumps(undone_to_json(what.undone)).decode(),
            at,
            actor,
        ),
    )
    answer: Mapping[str, Any] = orjson.loads(row[0]) if row else {}
    return Settled(
        tendered_minor=what.points_minor,
        charged_minor=what.charged_minor,
        coupons=tuple(CouponBack(c["code"], c["restored"], c["why"] or "") for c in answer["coupons"]),
        issued=tuple(
            CouponVoided(ids.encode("cpn", UUID(i["coupon_id"])), i["code"], i["voided"], i["why"] or "")
            for i in answer["issued"]
        ),
        limits=what.takes + what.counted,
        restocked=what.stock,
        repriced=what.repriced,
        not_undone=what.not_undone + _kept(answer),
    )


def _kept(answer: Mapping[str, Any]) -> tuple[NotUndone, ...]:
    found = [NotUndone(f"coupon:{c['code']}", c["why"] or "kept") for c in answer["coupons"] if not c["restored"]]
    found += [NotUndone(f"issued:{i['code']}", i["why"] or "used") for i in answer["issued"] if not i["voided"]]
    return tuple(found)


def _restocked(pieces: Sequence[Piece]) -> dict[str, str]:
    found: dict[int, Decimal] = {}
    for piece in pieces:
        if piece.restock and piece.part.n is not None:
            found[piece.part.n] = found.get(piece.part.n, Decimal(0)) + piece.part.quantity
    return {str(n): answers.plain(quantity) for n, quantity in found.items()}


def _stock(program_id: int, stock: Sequence[tuple[str, Decimal]]) -> list[dict[str, Any]]:
    """By store, as catalog takes it; a store that is no more has no shelf."""
    by_store: dict[str, list[tuple[str, Decimal]]] = {}
    for key, quantity in stock:
        store, _, sku = key.partition("/")
        by_store.setdefault(store, []).append((sku, quantity))
    found = []
    for store, rows in sorted(by_store.items()):
        try:
            store_id = programs.store(program_id=program_id, key=store).id if store else None
        except NoStore:
            continue
        rows.sort()
        found.append(
            {"store": store_id, "skus": [s for s, _ in rows], "quantities": [answers.plain(q) for _, q in rows]}
        )
    return found


def together(parts: Sequence[Settled]) -> Settled:
    """The settlements of all orders of a return as one."""
    whole = Settled()
    for one in parts:
        whole = replace(
            whole,
            tendered_minor=whole.tendered_minor + one.tendered_minor,
            charged_minor=whole.charged_minor + one.charged_minor,
            coupons=whole.coupons + one.coupons,
            issued=whole.issued + one.issued,
            limits=whole.limits + one.limits,
            restocked=whole.restocked + one.restocked,
            repriced=whole.repriced + one.repriced,
            not_undone=whole.not_undone + one.not_undone,
        )
    return whole

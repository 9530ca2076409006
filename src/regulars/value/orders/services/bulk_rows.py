"""The rows of a batch on their way to and from the tables: COPY in, one look for purchases out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from django.db import connection

from regulars.value.orders.rules.answers import plain
from regulars.value.orders.rules.matching import Kept, Matched
from regulars.value.orders.services import asking
from regulars.value.promotions.terms import Decision

if TYPE_CHECKING:
    from regulars.value.orders.services.bulk import Back, Prepared, Sale

_ORDERS = (
    "copy orders_order (id, program_id, member_id, source, ref, store_id, channel, currency, occurred_at,"
    " recorded_at, total_minor, tenders, rule_version, seq, earned, decision, digest, attributes, packed) from stdin"
)
_LEDGER = (
    "copy ledger_batch (ord, member_id, key, kind, source_type, source_ref, rule_version, occurred_at, recorded_at,"
    " actor, digest, units, amounts, activates, events, deadlines, expires, funders) from stdin"
)
_BUYERS = """
      from unnest(%s::uuid[]) as k(member_id)
      join members_facts f on f.person_id = k.member_id
      join orders_order o on o.member_id = f.member_id"""
_PACKED = f"select k.member_id, o.id, o.occurred_at, o.packed::text {_BUYERS} where o.packed is not null"
# fenced, so that lines are found by their order and never all read
_ROWS = f"""
    select k.member_id, l.order_id, l.n, o.occurred_at, l.line_ref, l.sku, l.quantity - l.returned {_BUYERS}
     cross join lateral (select x.* from orders_line_row x where x.order_id = o.id offset 0) l
     where o.packed is null and l.kind <> 'adjustment' and l.quantity > 0"""
_OF_ORDERS = """
    select o.source, o.ref, l.order_id, l.n, o.occurred_at, l.line_ref, l.sku, l.quantity - l.returned
      from unnest(%s::text[], %s::text[]) as k(source, ref)
      join orders_order o on o.program_id = %s and o.source = k.source and o.ref = k.ref
      join orders_line l on l.order_id = o.id
     where l.kind <> 'adjustment' and l.quantity > 0"""


def copy_orders(cursor: Any, batch: Prepared, sales: Sequence[Sale], seqs: Mapping[int, int]) -> None:
    """Write sales, each with its lines packed and the number of the journal that it earned by."""
    if not sales:
        return
    with cursor.copy(_ORDERS) as copy:
        for sale in sales:
            told = sale.told
            tenders = [(t.type, t.amount_minor) for t in told.tenders]
            copy.write_row(
                (
                    sale.id, batch.program_id, sale.member_id, told.source, told.ref, sale.store_id, told.channel,
                    told.currency, told.occurred_at, batch.recorded_at,
                    sum([line.amount_minor for line in told.lines]),
                    orjson.dumps(tenders).decode() if tenders else None, batch.version, seqs.get(sale.ord),
                    asking.earned_of(sale.decision.lots), sale.kept,
                    sale.digest, orjson.dumps(told.attributes).decode() if told.attributes else None,
                    sale.packed,
                )
            )  # fmt: skip


def decision_json(decision: Decision) -> str:
    """A decision as it is kept with the order."""
    return orjson.dumps(
        {
            "applied": [[e.rule, e.unit, e.amount, e.wanted] for e in decision.earned],
            "rejected": [list(r) for r in decision.rejected],
        }
    ).decode()


def fill_ledger_batch(cursor: Any, batch: Prepared, sales: Iterable[Sale]) -> None:
    """Put what sales earn where `ledger_earn_many` looks."""
    cursor.execute("select ledger_batch_open()")
    with cursor.copy(_LEDGER) as copy:
        for sale in sales:
            told = sale.told
            ref = f"{told.source}/{told.ref}"
            copy.write_row(
                (
                    sale.ord, sale.member_id, f"order/{ref}", "earn", "order", ref, batch.version, told.occurred_at,
                    batch.recorded_at, batch.actor, sale.digest, *asking.lots_of(sale.decision),
                )
            )  # fmt: skip


def return_row(back: Back, matched: Matched) -> dict[str, Any]:
    """A return as `orders_take_back_many` takes it."""
    part_of: dict[int, int] = {}
    lines = []
    for n, sku, part, amount in matched.parts:
        part_of[n] = part_of.get(n, 0) + 1
        lines.append(
            {
                "n": n, "part": part_of[n], "order_id": part.order_id, "order_n": part.n, "sku": sku,
                "quantity": plain(part.quantity), "amount_minor": amount, "match": part.match,
            }
        )  # fmt: skip
    return {
        "ord": back.ord, "id": back.id, "member_id": back.member_id, "source": back.told.source, "ref": back.told.ref,
        "occurred_at": back.told.occurred_at, "digest": back.digest.hex(), "lines": lines,
    }  # fmt: skip


def bought_by(wanted: Mapping[UUID, set[str]]) -> dict[tuple[UUID, str], list[Kept]]:
    """What members bought of the goods that come back, packed or not."""
    found: dict[tuple[UUID, str], list[Kept]] = {}
    if not wanted:
        return found
    with connection.cursor() as cursor:
        cursor.execute(_PACKED, [list(wanted)])
        for member, order_id, at, packed in cursor.fetchall():
            skus = wanted[member]
            for line in orjson.loads(packed):  # a tenth of what PostgreSQL needs to make rows of them
                if line["s"] in skus and line.get("k") != "adjustment" and (quantity := Decimal(line["q"])) > 0:
                    kept = Kept(order_id, line["n"], at, line["i"], line["s"], quantity)
                    found.setdefault((member, kept.sku), []).append(kept)
        cursor.execute(_ROWS, [list(wanted)])
        for member, *row in cursor.fetchall():
            kept = Kept(*row)
            if kept.sku in wanted[member]:
                found.setdefault((member, kept.sku), []).append(kept)
    return found


def lines_of_orders(program_id: int, orders: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[Kept]]:
    """The returnable lines of orders by (source, ref), in one query; unknown orders are left out."""
    found: dict[tuple[str, str], list[Kept]] = {}
    if orders:
        sources, refs = zip(*orders, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(_OF_ORDERS, [list(sources), list(refs), program_id])
            for source, ref, *kept in cursor.fetchall():
                found.setdefault((source, ref), []).append(Kept(*kept))
    return found

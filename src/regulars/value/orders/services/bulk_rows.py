"""The rows of a batch on their way to and from the tables: COPY in, one look for purchases out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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

_LINES = (
    "copy orders_line_row (order_id, n, program_id, member_id, line_ref, sku, quantity, uom, amount_minor, tax_rate,"
    " tax_included, kind, category, brand, description, attributes, earned) from stdin"
)
_ORDERS = (
    "copy orders_order (id, program_id, member_id, source, ref, store_id, channel, currency, occurred_at,"
    " recorded_at, total_minor, tenders, rule_version, seq, earned, decision, digest, attributes) from stdin"
)
_LEDGER = (
    "copy ledger_batch (ord, member_id, key, kind, source_type, source_ref, rule_version, occurred_at, recorded_at,"
    " actor, digest, units, amounts, activates, events, deadlines, expires, funders) from stdin"
)
_BOUGHT = """
    select k.member_id, l.order_id, l.n, o.occurred_at, l.line_ref, l.sku, l.quantity - l.returned
      from (select x.id as member_id, x.skus from jsonb_to_recordset(%s::jsonb) as x(id uuid, skus text[])) k
      join members_facts f on f.person_id = k.member_id
      join orders_order o on o.member_id = f.member_id
      join orders_line l on l.order_id = o.id
     where l.sku = any (k.skus) and l.kind <> 'adjustment' and l.quantity > 0"""
_OF_ORDERS = """
    select o.source, o.ref, l.order_id, l.n, o.occurred_at, l.line_ref, l.sku, l.quantity - l.returned
      from unnest(%s::text[], %s::text[]) as k(source, ref)
      join orders_order o on o.program_id = %s and o.source = k.source and o.ref = k.ref
      join orders_line l on l.order_id = o.id
     where l.kind <> 'adjustment' and l.quantity > 0"""
_NULL = "\\N"
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def text(value: Any) -> str:
    r"""A value as COPY reads it; None is `\N`.

    >>> text(None), text("a\tb")
    ('\\N', 'a\\tb')
    """
    if value is None:
        return _NULL
    told = value if type(value) is str else str(value)
    return told if told.isprintable() and "\\" not in told else told.translate(_ESCAPED)


def copy_lines(cursor: Any, program_id: int, sales: Iterable[Sale]) -> None:
    """Write the lines of sales."""
    with cursor.copy(_LINES) as copy:
        for sale in sales:
            middle, earned = f"\t{program_id}\t{sale.member_id or _NULL}\t", sale.decision.earned_by_line
            copy.write("".join([_line(f"{sale.id}\t", middle, row, earned.get(row["n"])) for row in sale.rows]))


def _line(head: str, middle: str, row: Mapping[str, Any], earned: Sequence[int] | None) -> str:
    get = row.get
    told = _NULL if earned is None else "{" + ",".join(map(str, earned)) + "}"
    extra = text(orjson.dumps(row["j"]).decode()) if "j" in row else _NULL
    return (
        f"{head}{row['n']}{middle}{text(row['i'])}\t{text(row['s'])}\t{row['q']}\t{text(get('u', ''))}\t{row['a']}\t"
        f"{get('t', _NULL)}\t{get('x', True)}\t{get('k', 'goods')}\t{text(get('c'))}\t{text(get('b'))}\t"
        f"{text(get('d'))}\t{extra}\t{told}\n"
    )


def copy_orders(cursor: Any, batch: Prepared, sales: Sequence[Sale], seqs: Mapping[int, int]) -> None:
    """Write sales, each with the number of the journal that it earned by."""
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
                    asking.earned_of(sale.decision.lots), decision_json(sale.decision) if sale.member_id else None,
                    sale.digest, orjson.dumps(told.attributes).decode() if told.attributes else None,
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
    """What members bought of the goods that come back, in one query."""
    found: dict[tuple[UUID, str], list[Kept]] = {}
    if wanted:
        asked = orjson.dumps([{"id": member, "skus": sorted(skus)} for member, skus in wanted.items()]).decode()
        with connection.cursor() as cursor:
            cursor.execute(_BOUGHT, [asked])
            for member, *kept in cursor.fetchall():
                line = Kept(*kept)
                found.setdefault((member, line.sku), []).append(line)
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

"""Staged rows as the events that orders understands: a batch at a time, in the order of their time."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from regulars.interfaces.imports.rules.convert import ADJUSTMENT, BAD, CREDIT, REFUND
from regulars.interfaces.imports.services.stage import Stage
from regulars.interfaces.imports.terms import Mapping
from regulars.value.orders.services.bulk import Event
from regulars.value.orders.terms import Back, OrderTold, ReturnTold
from regulars.value.promotions.terms import Line

_EVENTS = """
    select e.ord, e.ref, e.is_return, e.occurred_at, e.first_line, e.lines, e.store, e.channel, e.of_order,
           e.attributes, e.reject, e.member is not null, m.member_id
      from {event} e left join {member} m on m.ref = e.member
     where e.ord > %s order by e.ord limit %s"""
_LINES = f"""
    select e.ord, l.sku, l.quantity, l.amount_minor, l.kind, l.description, l.category, l.brand, l.uom
      from {{event}} e
      join {{line}} l on l.ref = e.ref and (l.kind in ({CREDIT}, {REFUND})) = e.is_return and l.kind <> {BAD}
     where e.ord > %s and e.ord <= %s and e.reject is null order by e.ord, l.line"""
_LATER = "select ord, n from {later} where ord > %s and ord <= %s"
_REJECTED = f"""
    select l.line, e.ord from {{event}} e
      join {{line}} l on l.ref = e.ref and (l.kind in ({CREDIT}, {REFUND})) = e.is_return and l.kind <> {BAD}
     where e.ord = any (%s) order by l.line"""
_NONE: tuple[Any, ...] = ()


class Head(NamedTuple):
    """One order or credit note of the file."""

    ord: int
    ref: str
    is_return: bool
    occurred_at: datetime
    first_line: int
    lines: int
    store: str | None
    channel: str | None
    of_order: str | None
    attributes: str | None
    reject: str | None
    has_member: bool
    member_id: UUID | None


class Batch(NamedTuple):
    """Some events in order; `refused` maps the ord of those that stay out to the reason."""

    first: int
    last: int
    events: list[Event]
    refused: dict[int, str]


def read(*, stage: Stage, mapping: Mapping, currency: str, after: int, most: int, most_lines: int) -> Batch | None:
    """The next events after a place, at most so many with so many lines (but one at least); None at the end."""
    heads = [Head(*row) for row in stage.execute(_EVENTS, (after, most))]
    if not heads:
        return None
    lines, taken = 0, 0
    for head in heads:
        lines += head.lines
        if taken and lines > most_lines:
            break
        taken += 1
    heads = heads[:taken]
    last = heads[-1].ord
    rows: dict[int, list[tuple[Any, ...]]] = {}
    for row in stage.execute(_LINES, (after, last)):
        rows.setdefault(row[0], []).append(row)
    later = _later(stage, after, last) if any(h.is_return and not h.of_order for h in heads) else {}
    events, refused = [], {}
    for head in heads:
        reason = head.reject or ("unknown_member" if head.has_member and head.member_id is None else None)
        if reason:
            refused[head.ord] = reason
        elif head.is_return:
            told: OrderTold | ReturnTold = _return(head, rows[head.ord], mapping)
            events.append(Event(head.ord, told, head.member_id, later.get(head.ord, frozenset())))
        else:
            events.append(Event(head.ord, _order(head, rows[head.ord], mapping, currency), head.member_id))
    return Batch(heads[0].ord, last, events, refused)


def rejected_lines(stage: Stage, refused: MappingOf[int, str]) -> list[tuple[int, str]]:
    """The lines of events that stay out, with the reason."""
    if not refused:
        return []
    return [(line, refused[ord_]) for line, ord_ in stage.execute(_REJECTED, (list(refused),))]


def _later(stage: Stage, after: int, last: int) -> dict[int, frozenset[int]]:
    """Credit lines whose goods the member buys anywhere in this file: if not before, then later."""
    found: dict[int, set[int]] = {}
    for ord_, n in stage.execute(_LATER, (after, last)):
        found.setdefault(ord_, set()).add(n)
    return {ord_: frozenset(ns) for ord_, ns in found.items()}


def _order(head: Head, rows: list[tuple[Any, ...]], mapping: Mapping, currency: str) -> OrderTold:
    lines = tuple(
        [
            Line(str(n), n, row[1], row[2], row[3], row[8] or "", None, True,
                 "adjustment" if row[4] == ADJUSTMENT else "goods", row[6], row[7])
            for n, row in enumerate(rows, 1)
        ]
    )  # fmt: skip
    descriptions = tuple([row[5] for row in rows])
    return OrderTold(
        ref=head.ref,
        channel=head.channel or "import",
        currency=currency,
        occurred_at=head.occurred_at,
        lines=lines,
        source=mapping.source,
        store=head.store,
        descriptions=descriptions if any(descriptions) else _NONE,
        attributes=orjson.loads(head.attributes) if head.attributes else None,
    )


def _return(head: Head, rows: list[tuple[Any, ...]], mapping: Mapping) -> ReturnTold:
    backs = tuple([Back(row[2], None, row[1], row[3]) for row in rows if row[2] > Decimal(0)])
    return ReturnTold(
        ref=head.ref, occurred_at=head.occurred_at, lines=backs, source=mapping.source, order=head.of_order
    )

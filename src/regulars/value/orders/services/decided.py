"""What is stored of an order that was decided here: to make its decision again and see that it is the same."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from regulars.value.orders.models import LineRow, OrderRow, QuestionRow
from regulars.value.orders.terms import NoOrder


class StoredLine(NamedTuple):
    """A line as its order keeps it: what it cost after discounts, by which shares, what points paid and it earned."""

    n: int
    net_minor: int
    discount_minor: int
    shares: tuple[tuple[str, str | None, int], ...]
    tendered_minor: int
    earned: tuple[int, ...]


class Stored(NamedTuple):
    """A decided order as it is kept. `question` is None for an order that was told, not decided."""

    order_id: UUID
    session: str | None
    version: int
    terms: int | None
    digest: bytes
    total_minor: int
    subtotal_minor: int | None
    lines: tuple[StoredLine, ...]
    question: bytes | None
    claimed: bool


def decided(*, program_id: int, order_id: UUID) -> Stored:
    """The stored facts of an order's decision.

    Raises: NoOrder.
    """
    row = OrderRow.objects.filter(program_id=program_id, id=order_id).first()
    if row is None:
        raise NoOrder
    question = QuestionRow.objects.filter(order_id=order_id).values_list("body", flat=True).first()
    columns = ("n", "amount_minor", "discount_minor", "shares", "tendered_minor", "earned")
    lines = LineRow.objects.filter(order_id=order_id).order_by("n").values_list(*columns)
    return Stored(
        order_id=row.id,
        session=(row.extras or {}).get("session"),
        version=row.rule_version,
        terms=row.terms_version,
        digest=bytes(row.digest),
        total_minor=row.total_minor,
        subtotal_minor=row.subtotal_minor,
        lines=tuple(
            [
                StoredLine(
                    n, net, discount, tuple([(p, c, m) for p, c, m in shares or ()]), tendered, tuple(earned or ())
                )
                for n, net, discount, shares, tendered, earned in lines
            ]
        ),
        question=bytes(question) if question is not None else None,
        claimed=row.claimed_at is not None,
    )

"""A decided order after a return: its lines with what came back, and the question that the rest of it asks."""

from __future__ import annotations

from collections.abc import Sequence

from regulars.value.orders.rules.returning import share
from regulars.value.orders.terms import OrderMoved, Piece, SoldLine
from regulars.value.promotions.terms import Line, Question


def lines_after(*, lines: Sequence[SoldLine], pieces: Sequence[Piece]) -> tuple[list[SoldLine], list[int]]:
    """The lines as they are once the pieces are back, and what each piece is worth.

    A piece is worth the share of the line's net that has come back by then, less what was given before, unless an
    amount was agreed: then that, as far as the line reaches.

    Raises: OrderMoved when a line has not so much any more.
    """
    after = {line.n: line for line in lines}
    dues = []
    for piece in pieces:
        line = after[piece.part.n or 0]
        returned = line.returned + piece.part.quantity
        if returned > line.quantity:
            raise OrderMoved
        left = max(0, line.net_minor - line.returned_minor)
        due = max(0, share(total=line.net_minor, part=returned, whole=line.quantity) - line.returned_minor)
        if piece.amount_minor is not None:
            due = min(piece.amount_minor, left)
        dues.append(due)
        after[line.n] = line._replace(
            returned=returned,
            returned_minor=line.returned_minor + due,
            restocked=line.restocked + (piece.part.quantity if piece.restock else 0),
        )
    return list(after.values()), dues


def rest_of(*, question: Question, lines: Sequence[SoldLine], only: frozenset[str]) -> Question:
    """The question of a sale, asked for what has not come back: same member, moment, coupons and limits.

    Only the promotions that acted are looked at: what the rest might have had instead is no part of a return.
    """
    back = {line.n: line for line in lines}
    rest = []
    for line in question.basket.lines:
        sold = back.get(line.n)
        if sold is None or not sold.returned:
            rest.append(line)
        elif sold.returned < sold.quantity:
            rest.append(_less(line, sold))
    return question._replace(basket=question.basket._replace(lines=tuple(rest)), only=only, spend=())


def _less(line: Line, sold: SoldLine) -> Line:
    member = line.member_minor
    if member is not None:
        member -= share(total=member, part=sold.returned, whole=sold.quantity)
    return line._replace(
        quantity=line.quantity - sold.returned,
        amount_minor=line.amount_minor - share(total=line.amount_minor, part=sold.returned, whole=sold.quantity),
        member_minor=member,
    )

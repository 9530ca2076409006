"""Exchanges: goods come back and others are sold, in one transaction, and only the balance is paid."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from django.db import transaction

from regulars.kernel import ids
from regulars.kernel.errors import Invalid
from regulars.value.orders.services.placing import place
from regulars.value.orders.services.reading import order_row
from regulars.value.orders.services.returning import run
from regulars.value.orders.terms import OrderTold, Receipt, ReturnKind, ReturnReceipt, ReturnTold

MEMBER_PREFIX = "mem"


class Exchanged(NamedTuple):
    """Both halves of an exchange. `balance_minor` is still to be paid; below zero it is refunded."""

    returned: ReturnReceipt
    sold: Receipt
    balance_minor: int


def exchange(*, program_id: int, back: ReturnTold, sale: OrderTold, actor: str) -> Exchanged:
    """Take goods of an order back and sell others: both happen, or neither.

    The sale is the member's whose goods come back, unless it names its own. Told again, both halves answer as at
    first.

    Args: back: names its order. sale: a sale as a till tells it, in the order's currency.
    Raises: as `take_back` and `place`; Invalid for another currency.
    """
    with transaction.atomic():
        order = order_row(program_id=program_id, ref=back.order or "", source=back.order_source)
        if sale.currency != order.currency:
            raise Invalid(errors=[("sale.currency", f"must be {order.currency}, as the goods that come back")])
        returned = run(program_id=program_id, told=back, actor=actor, kind=ReturnKind.EXCHANGE)
        if sale.member is None and sale.identifier is None and returned.member_id is not None:
            sale = replace(sale, member=ids.encode(MEMBER_PREFIX, returned.member_id))
        sold = place(program_id=program_id, told=sale, actor=actor)
        return Exchanged(returned, sold, sold.total_minor - returned.refund_minor)

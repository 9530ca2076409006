"""The verbs of orders. The only code that reads or writes their tables."""

from regulars.value.orders.rules.answers import lines_of, order_digest, receipt_body, return_body
from regulars.value.orders.rules.extras import counted, extras_from_json, extras_to_json
from regulars.value.orders.rules.reading import read_order, read_return
from regulars.value.orders.rules.returning import match_credit
from regulars.value.orders.services.claiming import claim
from regulars.value.orders.services.exchanging import Exchanged, exchange
from regulars.value.orders.services.explaining import applied_of
from regulars.value.orders.services.handing import hand_over
from regulars.value.orders.services.placing import place
from regulars.value.orders.services.proving import discrepancies
from regulars.value.orders.services.reading import get, of_member, recent, returns_of_member
from regulars.value.orders.services.returning import cancel_lines, take_back, undo_order
from regulars.value.orders.services.spent import note_spent
from regulars.value.orders.services.timelines import timeline
from regulars.value.orders.services.undone import brought, brought_by_orders_of

__all__ = [
    "Exchanged",
    "applied_of",
    "brought",
    "brought_by_orders_of",
    "cancel_lines",
    "claim",
    "counted",
    "discrepancies",
    "exchange",
    "extras_from_json",
    "extras_to_json",
    "get",
    "hand_over",
    "lines_of",
    "match_credit",
    "note_spent",
    "of_member",
    "order_digest",
    "place",
    "read_order",
    "read_return",
    "receipt_body",
    "recent",
    "return_body",
    "returns_of_member",
    "take_back",
    "timeline",
    "undo_order",
]

"""An order that was told before: the same answer, or the refusal that it differs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from regulars.kernel.errors import Broken
from regulars.kernel.idempotency import IdempotencyMismatch
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.value.orders.models import LineRow, OrderRow
from regulars.value.orders.rules import answers
from regulars.value.orders.services import asking
from regulars.value.orders.terms import (
    Applied,
    Holding,
    LineReceipt,
    OrderDiffers,
    OrderState,
    Receipt,
    Refused,
    Repeat,
)


def placed_before(
    *,
    program_id: int,
    ctx: asking.Context,
    digest: bytes,
    member_id: UUID | None,
    is_by_token: bool,
    repeat: Repeat | None,
) -> Receipt:
    """The first answer to this order, again.

    Raises: IdempotencyMismatch when the key was used for another request; OrderDiffers when the order was told with
    other content, or for another member.
    """
    if ctx.kept_hash is not None and (repeat is None or bytes(ctx.kept_hash) != repeat.request_hash):
        raise IdempotencyMismatch
    told = ctx.told
    if told is None:
        raise Broken("an order and the answer to it are kept together")
    row = OrderRow.objects.get(id=told)
    if bytes(row.digest) != digest or not _is_same_member(row, member_id, is_by_token):
        raise OrderDiffers(f"Order {row.source}:{row.ref} was told before with other content.", ref=row.ref)
    receipt = receipt_kept(row)
    body = bytes(ctx.kept_body) if ctx.kept_body else answers.receipt_body(receipt)
    object.__setattr__(receipt, "status", ctx.kept_status or 200)
    object.__setattr__(receipt, "body", body)
    return receipt


def _is_same_member(row: OrderRow, member_id: UUID | None, is_by_token: bool) -> bool:
    if row.member_id == member_id or (member_id is None and row.claimed_at is not None):
        return True
    if row.member_id is None:
        return is_by_token  # the token became known after the sale
    if member_id is None:
        return is_by_token  # or is known no longer
    return current_member(program_id=row.program_id, member_id=row.member_id) == member_id


def current_member(*, program_id: int, member_id: UUID) -> UUID:
    """The member that an id means now: itself, or whom it was merged into."""
    return members.fact(program_id=program_id, member_id=member_id).merged_into or member_id


def receipt_kept(row: OrderRow) -> Receipt:
    """The answer to an order as it was first given, from what was kept; without its JSON."""
    keys = asking.unit_keys(asking.rules_of(row))
    lines = LineRow.objects.filter(order_id=row.id).order_by("n").values_list("line_ref", "earned")
    decision: dict[str, Any] = row.decision or {}
    after = decision.get("after", {})  # in no order of its own: jsonb sorts
    return Receipt(
        order_id=row.id,
        source=row.source,
        ref=row.ref,
        state=OrderState.PLACED,
        member_id=row.member_id,
        channel=row.channel,
        store=store_key(row),
        total_minor=row.total_minor,
        currency=row.currency,
        occurred_at=row.occurred_at,
        rule_version=row.rule_version,
        terms_version=row.terms_version,
        earned=answers.by_unit(row.earned, keys),
        lines=tuple(LineReceipt(ref, answers.by_unit(earned, keys)) for ref, earned in lines),
        applied=tuple(Applied(*a) for a in decision.get("applied", ())),
        rejected=tuple(Refused(*r) for r in decision.get("rejected", ())),
        balances={unit: Holding(*after[unit]) for unit in keys.values() if unit in after},
        is_new=False,
    )


def store_key(row: OrderRow) -> str | None:
    """The key of the store that sold, if one was said."""
    if row.store_id is None:
        return None
    return programs.store_by_id(program_id=row.program_id, store_id=row.store_id).key

"""Whether a coupon can be used by this member, here and now, and if not, why. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from regulars.value.coupons.terms import Held, State, Template

UNKNOWN = "This code cannot be used here."
DETAILS: Mapping[str, str] = {
    "unknown_code": UNKNOWN,
    "already_used": "This coupon has been used already.",
    "expired": "This coupon has ended.",
    "not_yet": "This coupon cannot be used yet.",
    "not_yours": "This coupon belongs to somebody else.",
    "wrong_store": "This coupon is not for this store.",
    "wrong_channel": "This coupon is not for this channel.",
    "limit_reached": "No more of this coupon may be used.",
    "reserved_elsewhere": "Another basket has reserved this coupon, or it is offered to somebody.",
    "voided": "This coupon was withdrawn.",
    "not_entitled": "This coupon is for other members.",
}


class Known(NamedTuple):
    """What is known of a code: a row of coupons_context, in its order."""

    coupon_id: UUID
    code: str
    is_shared: bool
    template: str
    version: int
    state: str
    member_id: UUID | None
    offered_to: UUID | None
    starts_at: datetime
    ends_at: datetime | None
    until: datetime | None
    most: int | None
    used: int
    taken: int
    total_used: int
    mine: bool


class Where(NamedTuple):
    """Who asks, where and when. `stores`: the store and every region above it, by key."""

    member_id: UUID | None
    stores: frozenset[str]
    channel: str | None
    at: datetime
    tier: str | None = None
    audiences: frozenset[str] = frozenset()


def unknown(code: str) -> Held:
    """What is said of a code that does not exist."""
    return Held(code=code, template="", refused="unknown_code", detail=UNKNOWN)


def judge(row: Known, template: Template | None, where: Where) -> Held:
    """What was found, with the first reason against using it."""
    reason = _reason(row, template, where)
    return Held(
        code=row.code,
        template=row.template,
        coupon_id=None if row.is_shared else row.coupon_id,
        refused=reason,
        detail=_detail(reason, row, template),
        row_id=row.coupon_id,
        version=row.version,
        is_shared=row.is_shared,
    )


def judge_all(
    codes: Sequence[str], rows: Mapping[str, Known], templates: Mapping[str, Template | None], where: Where
) -> tuple[Held, ...]:
    """What was found by each code of one basket, in their order. Codes of one template share what its limits leave.

    Args: rows: by code. templates: by the code of their row.
    """
    found: list[Held] = []
    brought: Counter[str] = Counter()
    for code in codes:
        row = rows.get(code)
        if row is None:
            found.append(unknown(code))
            continue
        before = brought[row.template]
        if before:
            row = row._replace(taken=row.taken + before, total_used=row.total_used + before)
        found.append(judge(row, templates.get(code), where))
        if not found[-1].refused and not row.mine:
            brought[row.template] += 1
    return tuple(found)


def _reason(row: Known, template: Template | None, where: Where) -> str:
    return ("" if row.mine else _by_state(row, where) or _by_limit(row, template, where)) or (
        _by_place(template, where) if template is not None else ""
    )


def _by_state(row: Known, where: Where) -> str:
    if row.state == State.VOIDED:
        return "voided"
    if row.state == State.REDEEMED:
        return "already_used"
    if row.state == State.EXPIRED or (row.ends_at is not None and row.ends_at <= where.at):
        return "expired"
    if row.starts_at > where.at:
        return "not_yet"
    if row.state == State.RESERVED and row.until is not None and row.until > where.at:
        return "reserved_elsewhere"
    if row.member_id is not None and row.member_id != where.member_id:
        return "not_yours"
    return "reserved_elsewhere" if row.offered_to is not None else ""


def _by_limit(row: Known, template: Template | None, where: Where) -> str:
    if row.most is not None and row.used >= row.most:
        return "limit_reached"
    if template is None:
        return ""
    limits = template.limits
    if limits.redeem is not None and where.member_id is not None and row.taken >= limits.redeem:
        return "limit_reached"
    return "limit_reached" if limits.total is not None and row.total_used >= limits.total else ""


def _by_place(template: Template, where: Where) -> str:
    if template.stores and where.stores.isdisjoint(template.stores):
        return "wrong_store"
    if template.channels and where.channel not in template.channels:
        return "wrong_channel"
    return "" if may_hold(template, where.member_id, where.tier, where.audiences) else "not_entitled"


def may_hold(template: Template, member_id: UUID | None, tier: str | None, audiences: frozenset[str]) -> bool:
    """Whether this member (None: a guest) is among those for whom the template is."""
    who = template.holders
    if who.is_for_members and member_id is None:
        return False
    if who.tiers and tier not in who.tiers:
        return False
    return not who.audiences or not audiences.isdisjoint(who.audiences)


def _detail(reason: str, row: Known, template: Template | None) -> str:
    text = DETAILS.get(reason, "")
    if reason == "expired" and row.ends_at is not None:
        return f"This coupon ended at {row.ends_at.isoformat()}."
    if reason == "not_yet":
        return f"This coupon begins at {row.starts_at.isoformat()}."
    if reason == "wrong_store" and template is not None:
        return f"This coupon is for {', '.join(template.stores[:5])}."
    if reason == "wrong_channel" and template is not None:
        return f"This coupon is for the channels {', '.join(template.channels)}."
    return text

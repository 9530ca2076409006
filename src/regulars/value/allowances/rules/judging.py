"""Who pays what an order says that an allowance paid. The order itself always stands: the goods are gone."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from regulars.value.allowances.terms import Allowance, AllowanceState, Bound, Burn, Judged, Rule


class Seen(NamedTuple):
    """What the house sees when an order arrives. `at` is corrected; `balance` is what she could spend now."""

    device: str
    store: str
    member_id: UUID | None
    at: datetime
    is_revoked: bool
    balance: int


def judge(*, burn: Burn, allowance: Allowance | None, seen: Seen) -> Judged:
    """How much of a burn the hold pays, how much the balance, and how much nothing pays, with the rules by which.

    The parts sum to the burn. Only what was used in time and by the right till may take from the balance, and only up
    to the allowance: more than she allowed is never taken from her without asking.
    """
    foreign = _not_hers(allowance, seen)
    if allowance is None or foreign is not None:
        return Judged(unpaid=burn.amount, rules=(foreign or Rule.UNKNOWN_ALLOWANCE,))
    if allowance.state is AllowanceState.CANCELLED and allowance.left == 0:
        return Judged(unpaid=burn.amount, rules=(Rule.CANCELLED,))
    within = min(burn.amount, allowance.amount - allowance.used)
    from_hold = min(within, allowance.left)
    from_balance, rules = 0, []
    if from_hold < within:
        rules.append(Rule.LATE)
        from_balance = min(within - from_hold, max(seen.balance, 0))
    if within < burn.amount:
        rules.append(Rule.OVERSPENT)
    unpaid = burn.amount - from_hold - from_balance
    return Judged(from_hold=from_hold, from_balance=from_balance, unpaid=unpaid, rules=tuple(rules))


def _not_hers(allowance: Allowance | None, seen: Seen) -> Rule | None:
    """Why an allowance may not pay at all; None when it may."""
    if seen.is_revoked:
        return Rule.DEVICE_REVOKED
    if allowance is None:
        return Rule.UNKNOWN_ALLOWANCE
    if allowance.bound_to != (seen.device if allowance.bound is Bound.DEVICE else seen.store):
        return Rule.OTHER_DEVICE
    if allowance.member_id != seen.member_id:
        return Rule.OTHER_MEMBER
    if not allowance.issued_at.replace(microsecond=0) <= seen.at < allowance.expires_at:
        return Rule.EXPIRED
    return None

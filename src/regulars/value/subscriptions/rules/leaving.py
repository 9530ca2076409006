"""What leaving forfeits and why, and a name for all that was quoted. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import orjson

from regulars.value.subscriptions.terms import Forfeit, Quote, RefundRule, When


def forfeited(
    *, rule: RefundRule, case: str, left_minor: int, refund_minor: int, credit_minor: int
) -> tuple[Forfeit, ...]:
    """What ending at once forfeits: of the days left what does not go back, and a credit, for it pays only days.

    Args: case: by which case of the rule the refund was found. left_minor: what the days left are worth.
    Why: `no_refunds` (the plan gives none), `after_days` (its time is over), `used`, `deduct`, `prorated` (benefits
    were used); of a credit `at_once`.
    """
    found = []
    if left_minor > refund_minor:
        why = "after_days" if case == "within_days" else case
        why = why if rule.within_days else "no_refunds"
        found.append(Forfeit(what="days", amount_minor=left_minor - refund_minor, why=why))
    if credit_minor:
        found.append(Forfeit(what="credit", amount_minor=credit_minor, why="at_once"))
    return tuple(found)


def named(quote: Quote) -> Quote:
    """A quote with its digest: of what follows, not of the hour at which it was asked for.

    That "at once" means another day tomorrow is no other answer; another amount or another last day is one.
    """
    on = quote.on if quote.when is When.PERIOD_END else None
    told = [quote.when, on, quote.refund_minor, quote.forfeits, quote.unsettled]
    return replace(quote, digest=hashlib.sha256(orjson.dumps(told)).hexdigest()[:16])

"""A decision in the shape of a session's answer, so that one template shows both; and the names of promotions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from regulars.governance.publishing import services as versions
from regulars.interfaces.console import words
from regulars.interfaces.console.desk import Desk
from regulars.kernel.errors import Refusal
from regulars.value.promotions.terms import Question, Verdict

Body = Mapping[str, Any]


def shape(question: Question, verdict: Verdict) -> dict[str, Any]:
    """The part of a session's answer that a decision alone can give."""
    pricing, basket = verdict.pricing, question.basket
    earned: dict[str, int] = {}
    for one in verdict.earning.earned:
        earned[one.unit] = earned.get(one.unit, 0) + one.amount
    return {
        "currency": basket.currency,
        "subtotal": pricing.subtotal_minor,
        "discount_total": pricing.discount_minor,
        "total": pricing.total_minor,
        "due": verdict.due_minor,
        "lines": [
            {
                "sku": line.sku,
                "quantity": format(line.quantity.normalize(), "f"),
                "amount_minor": priced.amount_minor,
                "discount_minor": priced.discount_minor,
                "net_minor": priced.net_minor,
                "tendered_minor": priced.tendered_minor,
                "shares": [s._asdict() for s in priced.shares],
                "earned": {},
            }
            for line, priced in zip(basket.lines, pricing.lines, strict=True)
        ],
        "earn": earned,
        "spend": [s._asdict() for s in verdict.spend],
        "applied": [
            *({**a._asdict(), "kind": "promotion"} for a in pricing.applied),
            *({**e._asdict(), "key": e.rule, "kind": "earn_rule"} for e in verdict.earning.earned),
        ],
        "rejected": [
            *({**u._asdict(), "unlock": u.unlock._asdict() if u.unlock else None} for u in pricing.unapplied),
            *({"key": r.rule, "code": r.code, "detail": r.detail, "unlock": None} for r in verdict.earning.rejected),
        ],
        "effects": [o._asdict() for o in pricing.outcomes],
        "search": {"exact": pricing.search.is_exact, "gap_minor": pricing.search.gap_minor},
    }


def names(desk: Desk, version: int | None = None, more: Iterable[Body] = ()) -> dict[str, str]:
    """What promotions, coupons and earn rules of a version are called, by key.

    Args: more: bodies beside it that are not published.
    """
    try:
        document = versions.version(program_id=desk.program.id, number=version).document
    except Refusal:
        document = {}
    found: dict[str, str] = {}
    for template in document.get("coupon_templates") or []:
        key = str(template.get("key"))
        found[f"coupon:{key}"] = words.named(template.get("name"), key, desk.language)
    for section in ("earn_rules", "promotions"):
        for body in document.get(section) or []:
            key = str(body.get("key"))
            found[key] = words.named(body.get("name"), key, desk.language)
    for body in more:
        found[str(body.get("key"))] = words.named(body.get("name"), str(body.get("key")), desk.language)
    return found

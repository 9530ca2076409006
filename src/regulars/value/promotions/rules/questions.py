"""A question as JSON and back, exactly: what closes a tender, and replays an order years later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from regulars.value.promotions.terms import Basket, CouponHeld, Line, MemberFacts, Question, Spend, Tender

_SELDOM = ("benefits", "plans")
_USUAL = Line(id="", n=0, sku="", quantity=Decimal(0), amount_minor=0)
_PLAIN, _FIELDS = _USUAL._asdict(), Line._fields


def question_to_json(question: Question) -> dict[str, Any]:
    """Ready for orjson; no payment token is in it."""
    basket, member = question.basket, question.member
    return {
        "basket": {
            **basket._asdict(),
            "lines": [_line_to_json(line) for line in basket.lines],
            "tenders": [[t.type, t.amount_minor] for t in basket.tenders],
        },
        "member": _member_to_json(member) if member is not None else None,
        "coupons": [list(c) for c in question.coupons],
        "left": dict(question.left),
        "spend": [list(s) for s in question.spend],
        "seed": question.seed.hex(),
        "only": sorted(question.only) if question.only is not None else None,
        "identifiers": list(question.identifiers),
    }


def _line_to_json(line: Line) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: value
        for name, value, usual in zip(_FIELDS, line, _USUAL, strict=True)
        if value is not usual and value != usual
    }
    row["quantity"] = str(line.quantity)
    if line.tax_rate is not None:
        row["tax_rate"] = str(line.tax_rate)
    return row


def _member_to_json(member: MemberFacts) -> dict[str, Any]:
    row = member._asdict()
    row["audiences"], row["consents"] = sorted(member.audiences), sorted(member.consents)
    for name in _SELDOM:  # written only where something asks
        if row[name]:
            row[name] = sorted(row[name])
        else:
            del row[name]
    return row


def question_from_json(kept: Mapping[str, Any]) -> Question:
    """What `question_to_json` wrote, after orjson."""
    basket = kept["basket"]
    return Question(
        basket=Basket(
            **{
                **basket,
                "occurred_at": datetime.fromisoformat(basket["occurred_at"]),
                "lines": tuple([_line_from_json(row) for row in basket["lines"]]),
                "tenders": tuple([Tender(*t) for t in basket["tenders"]]),
            }
        ),
        member=_member_from_json(kept["member"]) if kept["member"] is not None else None,
        coupons=tuple([CouponHeld(c[0], c[1], UUID(c[2]) if c[2] else None, *c[3:]) for c in kept["coupons"]]),
        left=kept["left"],
        spend=tuple([Spend(*s) for s in kept["spend"]]),
        seed=bytes.fromhex(kept["seed"]),
        only=frozenset(kept["only"]) if kept["only"] is not None else None,
        identifiers=tuple(kept["identifiers"]),
    )


def _line_from_json(row: Mapping[str, Any]) -> Line:
    rate = row.get("tax_rate")
    return Line(
        **{
            **_PLAIN,
            **row,
            "quantity": Decimal(row["quantity"]),
            "tax_rate": Decimal(rate) if rate is not None else None,
            "categories": tuple(row.get("categories", ())),
        }
    )


def _member_from_json(row: Mapping[str, Any]) -> MemberFacts:
    return MemberFacts(
        **{
            **row,
            "member_id": UUID(row["member_id"]),
            "joined_at": datetime.fromisoformat(row["joined_at"]),
            "audiences": frozenset(row["audiences"]),
            "consents": frozenset(row["consents"]),
            **{name: frozenset(row.get(name, ())) for name in _SELDOM},
        }
    )

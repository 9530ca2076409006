"""A draft tried: on a basket that one writes down, and on the orders of last week."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string

from regulars.governance.publishing.services import trying
from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.faults import all_in_words
from regulars.interfaces.console.promoting import answers as naming
from regulars.interfaces.console.reading import member as reading
from regulars.interfaces.console.refusals import said
from regulars.interfaces.console.views.drafting import read_json
from regulars.kernel import money
from regulars.kernel.errors import Invalid, Refusal
from regulars.value.checkout.terms import LineTold, SessionTold

MOST_LINES = 200


@page("program:read")
def on_basket(desk: Desk) -> HttpResponse:
    """What a written basket saves with the promotion in the editor, and without it; as a piece of the page."""
    context: dict[str, Any] = {"program": desk.program, "units": reading.unit_names(desk)}
    try:
        told = read_json(desk)
        tried = trying.on_basket(
            program_id=desk.program.id, body=told["body"], told=_told(told, desk.program.currency, desk.program.zone)
        )
        context |= {
            "tried": tried,
            "names": naming.names(desk, more=[told["body"]]),
            "answer": naming.shape(tried.question, tried.after),
        }
        context["delta"] = tried.before.pricing.total_minor - tried.after.pricing.total_minor
    except Refusal as no:
        context |= {"refusal": said(no), "faults": all_in_words(getattr(no, "errors", []))}
    return JsonResponse({"html": render_to_string("console/basket_answer.html", context, request=desk.request)})


def _told(told: Mapping[str, Any], currency: str, zone: str) -> SessionTold:
    """The basket of the form. Raises: Invalid with every fault."""
    faults: list[tuple[str, str]] = []
    rows = told.get("lines")
    rows = rows if isinstance(rows, list) else []
    lines = [
        _line(row, n, currency, faults)
        for n, row in enumerate(rows[:MOST_LINES])
        if isinstance(row, Mapping) and (_text(row, "sku") or _text(row, "amount"))
    ]
    if not lines:
        faults.append(("lines", "say at least one line with its amount"))
    occurred_at = _moment(_text(told, "at"), zone, faults)
    if faults:
        raise Invalid(errors=faults)
    codes = _text(told, "coupons").replace(",", " ").split()
    return SessionTold(
        channel=_text(told, "channel"),
        currency=currency,
        store=_text(told, "store") or None,
        member=_text(told, "member") or None,
        occurred_at=occurred_at,
        coupons=tuple(codes[:20]),
        lines=tuple(lines),
    )


def _line(row: Mapping[str, Any], n: int, currency: str, faults: list[tuple[str, str]]) -> LineTold:
    amount = _decimal(_text(row, "amount"), f"lines.{n}.amount", faults) if _text(row, "amount") else None
    quantity = _decimal(_text(row, "quantity") or "1", f"lines.{n}.quantity", faults)
    minor = amount.scaleb(money.exponent(currency)) if amount is not None else None
    if minor is not None and (minor != minor.to_integral_value() or abs(minor) > 10**15):
        faults.append((f"lines.{n}.amount", "has too many digits for this currency"))
        minor = None
    return LineTold(
        id=str(n + 1),
        sku=_text(row, "sku") or f"item-{n + 1}",
        quantity=quantity if quantity is not None and 0 < quantity < 10**9 else Decimal(1),
        amount_minor=None if minor is None else int(minor),
        category=_text(row, "category") or None,
        brand=_text(row, "brand") or None,
    )


def _decimal(text: str, path: str, faults: list[tuple[str, str]]) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        faults.append((path, "must be a number"))
        return None
    return found


def _moment(text: str, zone: str, faults: list[tuple[str, str]]) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        faults.append(("at", "must be a moment as 2026-05-01T09:30"))
        return None


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value.strip()[:500].replace("\x00", "") if isinstance(value, str) else ""

"""Goods: found by sku, with prices and stock; categories; who may buy what; what differs between places."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.refusals import said
from regulars.kernel.errors import Invalid, NotFound
from regulars.people.programs import services as programs
from regulars.value.catalog import services as catalog
from regulars.value.catalog.terms import Place

PER_PAGE = 50


@page("program:read")
def products(desk: Desk) -> HttpResponse:
    """Products by sku, a page at a time; a known sku leads to its product, another to where it would stand."""
    asked = _asked(desk, "sku")
    after = _asked(desk, "after")
    if asked:
        try:
            found = catalog.get(program_id=desk.program.id, sku=asked)
            return HttpResponseRedirect(reverse("console_product", args=[found.sku]))
        except NotFound:
            after = asked
    shown = catalog.products(program_id=desk.program.id, after=after, limit=PER_PAGE + 1)
    context = {
        "items": shown[:PER_PAGE],
        "asked": asked,
        **_pages(after, shown[PER_PAGE - 1].sku if len(shown) > PER_PAGE else None),
    }
    return desk.page("products", context, title=_("Products"))


@page("program:read")
def product(desk: Desk, sku: str) -> HttpResponse:
    """One product: what it is, its prices by place and time, and what lies in each store."""
    found = catalog.get(program_id=desk.program.id, sku=sku)
    context = {"product": found, "stock": catalog.stock_of(program_id=desk.program.id, sku=sku)}
    return desk.page("product", context, title=found.name)


@page("program:read")
def categories(desk: Desk) -> HttpResponse:
    """The categories by key, each with what is above it."""
    after = _asked(desk, "after")
    found = catalog.categories(program_id=desk.program.id, after=after, limit=PER_PAGE + 1)
    last = found[PER_PAGE - 1].key if len(found) > PER_PAGE else None
    return desk.page("categories", {"items": found[:PER_PAGE], **_pages(after, last)}, title=_("Categories"))


@page("program:read")
def rights(desk: Desk) -> HttpResponse:
    """Who may buy what: presale, early access, members' and limited goods."""
    after = _asked(desk, "after")
    found = catalog.purchase_rights(program_id=desk.program.id, after=after, limit=PER_PAGE + 1)
    last = found[PER_PAGE - 1].right.key if len(found) > PER_PAGE else None
    shown = found[:PER_PAGE]
    unknown = catalog.unknown_skus(program_id=desk.program.id, skus=[sku for one in shown for sku in one.skus])
    items = [(one, [sku for sku in one.skus if sku in unknown]) for one in shown]
    return desk.page("purchase_rights", {"items": items, **_pages(after, last)}, title=_("Purchase rights"))


@page("program:read")
def stock(desk: Desk) -> HttpResponse:
    """What lies in one store, by sku."""
    stores = programs.stores(program_id=desk.program.id, limit=500, active=True).items
    store, after = _asked(desk, "store"), _asked(desk, "after")
    found = catalog.stock(program_id=desk.program.id, store=store or None, after=after, limit=PER_PAGE + 1)
    last = found[PER_PAGE - 1].sku if len(found) > PER_PAGE else None
    context = {
        "items": found[:PER_PAGE],
        "stores": [one for one in stores if one.kind == "store"],
        "store": store,
        **_pages(after, last, store=store),
    }
    return desk.page("stock", context, title=_("Stock"))


@page("program:read")
def parity(desk: Desk) -> HttpResponse:
    """Products whose price, member price or being in stock differs between places; as a page, or as a file."""
    asked = desk.request.GET.get("places", "")[:1_000]
    after = _asked(desk, "after")
    places = _places(asked) if asked.strip() else catalog.usual_places(program_id=desk.program.id)
    names = [f"{p.channel}@{p.store}" if p.store else p.channel for p in places]
    context: dict[str, Any] = {"names": names, "asked": asked or ", ".join(names)}
    if not asked and len(places) < 2:
        return desk.page("parity", {**context, "lone": True}, title=_("Parity"))
    try:
        found = catalog.parity(program_id=desk.program.id, places=places, after=after, limit=PER_PAGE)
    except Invalid as no:
        return desk.page("parity", {**context, "refusal": said(no)}, title=_("Parity"), status=no.status)
    if desk.request.GET.get("as") == "csv":
        answer = StreamingHttpResponse(_csv(desk.program.id, places, names), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{desk.program.key}-parity.csv"'
        return answer
    money = [_currency(desk, p) for p in places]
    rows = [{**one._asdict(), "cells": list(zip(one.cells, money, strict=True))} for one in found.items]
    context |= {"items": rows, **_pages(after, found.after, places=asked)}
    return desk.page("parity", context, title=_("Parity"))


def _places(text: str) -> tuple[Place, ...]:
    parts = [part.strip().partition("@") for part in text.split(",") if part.strip()]
    return tuple(Place(channel, store or None) for channel, _at, store in parts)


def _currency(desk: Desk, place: Place) -> str:
    if place.store is None:
        return desk.program.currency
    return programs.store(program_id=desk.program.id, key=place.store).currency


class _Echo:
    """Hands each written line on."""

    def write(self, text: str) -> str:
        """The line itself."""
        return text


def _csv(program_id: int, places: tuple[Place, ...], names: list[str]) -> Iterator[str]:
    out = csv.writer(_Echo())
    columns = [f"{name} {what}" for name in names for what in ("price_minor", "member_minor", "stock", "sellable")]
    yield out.writerow(["sku", "name", "price_differs", "member_differs", "stock_differs", *columns])
    for one in catalog.all_disparities(program_id=program_id, places=places):
        cells = [value for cell in one.cells for value in cell]
        # a name that begins like a formula must not become one in a spreadsheet
        name = f"'{one.name}" if one.name[:1] in "=+-@" else one.name
        sku = f"'{one.sku}" if one.sku[:1] in "=+-@" else one.sku
        yield out.writerow([sku, name, one.price_differs, one.member_differs, one.stock_differs, *cells])


def _asked(desk: Desk, name: str) -> str:
    return desk.request.GET.get(name, "").strip().replace("\x00", "")[:200]


def _pages(after: str, last: str | None, **more: str) -> dict[str, str | None]:
    kept = "".join(f"&{name}={quote(value)}" for name, value in more.items() if value)
    return {
        "newest": f"?{kept.removeprefix('&')}" if after else None,
        "older": f"?after={quote(last)}{kept}" if last is not None else None,
    }

"""The overview: who is there, what was bought, what points did, and whether anything waits."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.template.defaultfilters import date as as_date
from django.utils import translation
from django.utils.translation import gettext as _

from regulars.interfaces.console import figures, words
from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.imports import services as imports
from regulars.kernel import clock, money, outbox
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Unit, UnitKind

RANGES = {"30": 30, "90": 90, "365": 365, "all": None}
Chart = dict[str, Any]


@page()
def overview(desk: Desk) -> HttpResponse:
    """The first page. Each part shows only to those who may see it."""
    context: dict[str, Any] = {
        "waits": ledger.adjustments(program_id=desk.program.id, limit=5) if desk.may("ledger:read") else [],
        "jobs": imports.jobs(program_id=desk.program.id, limit=4) if desk.may("imports:run") else (),
        "health": outbox.health(program_id=desk.program.id) if desk.may("outbox:manage") else None,
    }
    if context["health"]:
        context["waiting"] = sum(context["health"].waiting.values())
        context["dead"] = sum(context["health"].dead.values())
    if desk.may("reports:read"):
        context |= _figures(desk)
    return desk.page("overview", context, title=_("Overview"))


def _figures(desk: Desk) -> dict[str, Any]:
    counted = figures.counted(desk.program)
    units = [u for u in ledger.units(program_id=desk.program.id) if u.retired_at is None]
    spendable = [u for u in units if u.kind is UnitKind.SPENDABLE] or units
    unit = next((u for u in spendable if u.key == desk.request.GET.get("unit")), spendable[0] if spendable else None)
    span = _span(desk)
    chosen: dict[str, Any] = {
        "counted": counted,
        "span": span,
        "choice": _choice(desk),
        "ranges": [("30", _("30 days")), ("90", _("90 days")), ("365", _("12 months")), ("all", _("All"))],
        "steps": [("day", _("Day")), ("week", _("Week")), ("month", _("Month"))],
        "units": [(u.key, words.named(u.names, u.key, desk.language)) for u in spendable],
        "unit": unit,
    }
    if counted is None:
        return chosen
    labels = [label_of(start, span.step) for start in span.starts()]
    chosen["cards"] = _cards(desk, span, unit, counted)
    chosen["charts"] = [*(_points(desk, span, unit, labels) if unit else []), *_business(desk, span, labels)]
    return chosen


def _choice(desk: Desk) -> dict[str, str]:
    asked = desk.request.GET
    chosen = asked.get("range", "90")
    step = asked.get("by", "")
    return {
        "range": chosen if chosen in RANGES else "90",
        "by": step if step in figures.STEPS else "",
        "unit": asked.get("unit", ""),
    }


def _span(desk: Desk) -> figures.Range:
    choice = _choice(desk)
    last = clock.local_day(clock.now(), desk.program.zone)
    days = RANGES[choice["range"]]
    first = last - timedelta(days=days - 1) if days else figures.extent(desk.program.id)[0] or last
    wanted = choice["by"] or (
        "day" if (last - first).days <= 45 else "week" if (last - first).days <= 200 else "month"
    )
    return figures.Range(first=first, last=last, step=figures.fitting(first, last, wanted))


def label_of(day: date, step: str) -> str:
    """A step of a chart in few letters."""
    is_chinese = (translation.get_language() or "").startswith("zh")
    if step == "month":
        return as_date(day, "Y年n月" if is_chinese else "M Y")
    return as_date(day, "n月j日" if is_chinese else "j M")


def _cards(desk: Desk, span: figures.Range, unit: Unit | None, counted: figures.Counted) -> list[dict[str, Any]]:
    program = desk.program.id
    joined = figures.total(program, "joined", span.first, span.last)
    share = round(100 * counted.active / counted.members) if counted.members else 0
    orders, more_orders = _with_change(desk, span, "orders")
    sales, more_sales = _with_change(desk, span, "sales")
    cards = [
        {"name": _("Members"), "value": counted.members, "below": _("%(n)s new in this time") % {"n": f"{joined:,}"}},
        {
            "name": _("Active members"),
            "value": counted.active,
            "below": _("%(n)s %% bought in the last 90 days") % {"n": share},
        },
        {"name": _("Orders"), "value": orders, "change": more_orders},
        {"name": _("Sales"), "minor": sales, "change": more_sales},
    ]
    if unit:
        outstanding = figures.before(program, f"net:{unit.slot}", span.last + timedelta(days=1))
        name = words.named(unit.names, unit.key, desk.language)
        cards.append(_worth(outstanding, unit) | {"name": _("Outstanding %(unit)s") % {"unit": name}})
    return cards


def _with_change(desk: Desk, span: figures.Range, name: str) -> tuple[int, int | None]:
    """A figure's sum, and by how many percent it has grown; None where we know no whole time before."""
    days = timedelta(days=(span.last - span.first).days + 1)
    now = figures.total(desk.program.id, name, span.first, span.last)
    known_from = figures.extent(desk.program.id)[0]
    if known_from is None or known_from > span.first - days:
        return now, None
    earlier = figures.total(desk.program.id, name, span.first - days, span.first - timedelta(days=1))
    return now, round(100 * (now - earlier) / earlier) if earlier else None


def _worth(outstanding: int, unit: Unit) -> dict[str, Any]:
    card: dict[str, Any] = {"value": outstanding}
    if unit.value_micro:
        card["worth_minor"] = outstanding * unit.value_micro // 1_000_000
    return card


def _points(desk: Desk, span: figures.Range, unit: Unit, labels: list[str]) -> list[Chart]:
    names = tuple(f"{what}:{unit.slot}" for what in ("issued", "spent", "expired", "taken", "net"))
    found = figures.series(desk.program.id, span, names)
    issued, spent, expired, taken, net = (found[name] for name in names)
    name = words.named(unit.names, unit.key, desk.language)
    start = figures.before(desk.program.id, names[4], span.first)
    return [
        {
            "id": "points",
            "title": _("%(unit)s issued, redeemed and gone") % {"unit": name},
            "stacked": True,
            "labels": labels,
            "sets": [
                {"label": _("Issued"), "values": issued, "color": 1},
                {"label": _("Redeemed"), "values": [-n for n in spent], "color": 2},
                {"label": _("Expired"), "values": [-n for n in expired], "color": 3},
                {"label": _("Taken back"), "values": [-n for n in taken], "color": 5},
            ],
        },
        {
            "id": "outstanding",
            "title": _("%(unit)s outstanding") % {"unit": name},
            "labels": labels,
            "sets": [{"label": _("Outstanding"), "values": figures.running(start, net), "color": 4, "line": True}],
        },
    ]


def _business(desk: Desk, span: figures.Range, labels: list[str]) -> list[Chart]:
    found = figures.series(desk.program.id, span, ("orders", "sales", "joined"))
    parts = 10 ** money.exponent(desk.program.currency)
    return [
        {
            "id": "sales",
            "title": _("Sales (%(currency)s)") % {"currency": desk.program.currency},
            "labels": labels,
            "sets": [{"label": _("Sales"), "values": [n / parts for n in found["sales"]], "color": 1}],
        },
        {
            "id": "people",
            "title": _("New members and orders"),
            "labels": labels,
            "sets": [
                {"label": _("New members"), "values": found["joined"], "color": 4},
                {"label": _("Orders"), "values": found["orders"], "color": 3, "line": True},
            ],
        },
    ]

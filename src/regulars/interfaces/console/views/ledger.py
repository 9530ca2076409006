"""The books: statements that balance, corrections that wait for a second person, and the proofs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from regulars.governance.assurance import services as assurance
from regulars.governance.assurance.terms import RunState
from regulars.interfaces.console import jobs, words
from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.forms import WhyForm
from regulars.interfaces.console.reading import member as reading
from regulars.interfaces.console.refusals import said
from regulars.interfaces.console.views.overview import label_of
from regulars.kernel import clock
from regulars.kernel.errors import Invalid, Refusal
from regulars.people.members import services as members
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Line

LONGEST_DAYS = 400
PER_PAGE = 50
MOST_CHART_DAYS = 92


@dataclass(frozen=True, kw_only=True)
class AccountLine:
    """What came to an account and went from it in a time, of one unit."""

    account: str
    party: str | None
    debit: int
    credit: int

    @property
    def change(self) -> int:
        """What came minus what went."""
        return self.credit - self.debit


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One unit's statement; both totals are one number, or the books are wrong."""

    unit: str
    name: str
    rows: tuple[AccountLine, ...]
    debit: int
    credit: int
    lines: tuple[Line, ...]


def sheets(lines: list[Line], names: dict[str, str]) -> list[Sheet]:
    """Statement lines by unit and account; every amount stands once at the left and once at the right."""
    by_unit: dict[str, dict[tuple[str, str | None], list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for line in lines:
        by_unit[line.unit][line.debit.value, line.party if line.debit.value in _OUTER else None][0] += line.amount
        by_unit[line.unit][line.credit.value, line.party if line.credit.value in _OUTER else None][1] += line.amount
    order = list(words.ACCOUNT)
    return [
        Sheet(
            unit=unit,
            name=names.get(unit, unit),
            rows=tuple(
                AccountLine(account=account, party=party, debit=debit, credit=credit)
                for (account, party), (debit, credit) in sorted(
                    rows.items(), key=lambda row: (order.index(row[0][0]), row[0][1] or "")
                )
            ),
            debit=sum(debit for debit, _credit in rows.values()),
            credit=sum(credit for _debit, credit in rows.values()),
            lines=tuple(line for line in lines if line.unit == unit),
        )
        for unit, rows in by_unit.items()
    ]


_OUTER = ("payable", "funder")


@page("ledger:read")
def statements(desk: Desk) -> HttpResponse:
    """What moved between which accounts in a time, this month unless asked."""
    today = clock.local_day(clock.now(), desk.program.zone)
    fault = None
    try:
        first, last = _period(desk, today)
    except Invalid as no:
        fault, first, last = said(no), today.replace(day=1), today
    names = reading.unit_names(desk)
    found = ledger.statements(program_id=desk.program.id, zone=desk.program.zone, first=first, last=last)
    month = today.replace(day=1)
    context: dict[str, Any] = {
        "first": first,
        "last": last,
        "fault": fault,
        "sheets": sheets(found, names),
        "charts": _charts(desk, first, last, names, found),
        "months": [_month(month, back) for back in range(3)],
    }
    return desk.page("ledger", context, title=_("Statements"), status=422 if fault else 200)


def _month(month: date, back: int) -> tuple[date, date]:
    for _n in range(back):
        month = (month - timedelta(days=1)).replace(day=1)
    return month, (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _period(desk: Desk, today: date) -> tuple[date, date]:
    asked = desk.request.GET
    try:
        first = date.fromisoformat(asked["from"]) if asked.get("from") else today.replace(day=1)
        last = date.fromisoformat(asked["to"]) if asked.get("to") else max(today, first)
    except ValueError as no:
        raise Invalid(errors=[("from", str(_("is no day")))]) from no
    if not first <= last < first + timedelta(days=LONGEST_DAYS):
        raise Invalid(errors=[("to", str(_("must be from the first day to 400 days later")))])
    return first, last


def _charts(desk: Desk, first: date, last: date, names: dict[str, str], found: list[Line]) -> list[dict[str, Any]]:
    if (last - first).days > MOST_CHART_DAYS:
        return []
    out = []
    for unit in dict.fromkeys(line.unit for line in found):
        try:
            days = ledger.totals_by_day(
                program_id=desk.program.id, zone=desk.program.zone, unit=unit, first=first, last=last
            )
        except Refusal:
            continue  # a retired unit keeps its statement, and draws no chart
        out.append(
            {
                "id": f"u-{unit}",
                "title": _("%(unit)s by day") % {"unit": names.get(unit, unit)},
                "stacked": True,
                "labels": [label_of(d.day, "day") for d in days],
                "sets": [
                    {"label": _("Issued"), "values": [d.issued for d in days], "color": 1},
                    {"label": _("Redeemed"), "values": [-d.spent for d in days], "color": 2},
                    {"label": _("Expired"), "values": [-d.expired for d in days], "color": 3},
                    {"label": _("Taken back"), "values": [-d.clawed for d in days], "color": 5},
                ],
            }
        )
    return out


@page("ledger:read")
def approvals(desk: Desk) -> HttpResponse:
    """Corrections that wait for a second person, or all of them."""
    shows_all = desk.request.GET.get("all") == "1"
    before = desk.request.GET.get("before", "")
    found = ledger.adjustments(
        program_id=desk.program.id,
        waiting=not shows_all,
        before=int(before) if before.isdecimal() and len(before) < 19 else None,
        limit=PER_PAGE + 1,
    )
    items = found[:PER_PAGE]
    people = members.facts(program_id=desk.program.id, member_ids={a.member_id for a in items})
    own = "?all=1" if shows_all else "?"
    context = {
        "items": [(one, people.get(one.member_id)) for one in items],
        "all": shows_all,
        "units": reading.unit_names(desk),
        "newest": own if before else None,
        "older": f"{own}&before={items[-1].id}" if len(found) > PER_PAGE else None,
    }
    return desk.page("approvals", context, title=_("Waiting for approval"))


@page("points:approve")
def decide(desk: Desk, adjustment_id: int) -> HttpResponse:
    """Approve or reject somebody else's correction, with a reason."""
    if desk.request.method != "POST":
        return HttpResponseRedirect(reverse("console_approvals"))
    form, approves = WhyForm(desk.request.POST), "approve" in desk.request.POST
    if not form.is_valid():
        desk.warn(_("Nothing was changed: a reason is needed."))
        return HttpResponseRedirect(reverse("console_approvals"))
    try:
        with transaction.atomic():
            decision = ledger.approve if approves else ledger.reject
            decision(program_id=desk.program.id, adjustment_id=adjustment_id, actor=desk.actor)
            desk.record(
                action="points.approve" if approves else "points.reject",
                object=f"adjustment:{adjustment_id}",
                reason=form.cleaned_data["why"],
            )
    except Refusal as no:
        desk.warn(f"{said(no)} {_('Nothing was changed.')}")
    else:
        desk.tell(_("Approved and booked.") if approves else _("Rejected."))
    return HttpResponseRedirect(reverse("console_approvals"))


@page("ledger:read")
def proofs(desk: Desk) -> HttpResponse:
    """The last runs of the proofs; a button starts one in the worker."""
    if desk.request.method == "POST":
        with transaction.atomic():
            run = assurance.begin(program_id=desk.program.id, actor=desk.actor)
            desk.record(action="ledger.verify", object=f"proof:{run.id}")
            jobs.prove.defer(run_id=run.id)
        desk.tell(_("The proofs run now; this page shows their result."))
        return HttpResponseRedirect(reverse("console_proofs"))
    runs = assurance.runs(program_id=desk.program.id, limit=10)
    newest = runs[0] if runs else None
    context = {
        "runs": runs,
        "newest": newest,
        "findings": newest.findings[:200] if newest else (),
        "is_running": newest is not None and newest.state is RunState.RUNNING,
    }
    is_part = desk.request.headers.get("X-Requested-With") == "fetch"
    return desk.page("proofs_part" if is_part else "proofs", context, title=_("Proofs"))

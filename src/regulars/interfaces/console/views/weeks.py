"""A draft tried on the orders of last week: begun here, done by the worker, shown as it goes on."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from regulars.governance.publishing.services import previews
from regulars.governance.publishing.terms import Preview, PreviewState
from regulars.interfaces.console import jobs
from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.promoting import answers
from regulars.interfaces.console.reading import member as reading
from regulars.kernel import ids, money
from regulars.value.promotions.services import drafts
from regulars.value.promotions.terms.drafts import DRAFT_PREFIX, Draft


@page("program:read")
def on_week(desk: Desk, ref: str) -> HttpResponse:
    """Begin it by POST; else the piece of the page that says how far it is, or what came out."""
    draft = drafts.draft(program_id=desk.program.id, draft_id=ids.decode(DRAFT_PREFIX, ref))
    if desk.request.method == "POST":
        with transaction.atomic():
            begun = previews.begin(program_id=desk.program.id, draft_id=draft.draft_id, actor=desk.actor)
            desk.record(action="promotions.preview", object=ref, key=draft.key)
        jobs.preview_week.defer(preview_id=str(begun.preview_id))
        return HttpResponseRedirect(reverse("console_draft", args=[ref]) + "?view=try")
    found = previews.latest(program_id=desk.program.id, draft_id=draft.draft_id)
    return desk.page("week", context(desk, draft, found), title=_("Last week"))


def context(desk: Desk, draft: Draft, found: Preview | None) -> dict[str, Any]:
    """What the piece needs: the preview, its chart, the names of those it touches."""
    is_part = desk.request.headers.get("X-Requested-With") == "fetch"
    told: dict[str, Any] = {"draft": draft, "week": found, "is_part": is_part}
    if found is None:
        return told
    told["percent"] = 100 * found.done // found.total if found.total else 0
    told["is_running"] = found.state is PreviewState.RUNNING
    told["is_stale"] = found.revision != draft.revision
    if found.state is not PreviewState.FINISHED:
        return told
    report = found.report
    told |= {
        "report": report,
        "share": 100 * report["got"] // report["baskets"] if report["baskets"] else 0,
        "names": answers.names(desk),
        "units": reading.unit_names(desk),
        "chart": _chart(desk, report),
    }
    return told


def _chart(desk: Desk, report: Any) -> dict[str, Any]:
    digits = money.exponent(desk.program.currency)
    scale = 10**digits
    return {
        "labels": [day["day"][5:] for day in report["days"]],
        "sets": [
            {
                "label": pgettext("promotion", "It takes off"),
                "values": [day["discount_minor"] / scale for day in report["days"]],
                "color": 1,
            },
            {
                "label": _("Costs more than today"),
                "values": [day["cost_minor"] / scale for day in report["days"]],
                "color": 2,
                "line": True,
            },
        ],
    }

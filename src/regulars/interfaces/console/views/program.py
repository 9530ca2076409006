"""The program as a document: its numbered versions, what each says, and what a new document would change."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from regulars.governance.publishing import services as publishing
from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.refusals import said
from regulars.kernel.errors import Refusal

PER_PAGE = 50
MOST_LETTERS = 1_000_000


@page("program:read")
def versions(desk: Desk) -> HttpResponse:
    """Every published version, newest first."""
    before = desk.request.GET.get("before", "")
    found = publishing.versions(
        program_id=desk.program.id,
        before=int(before) if before.isdecimal() and len(before) < 10 else None,
        limit=PER_PAGE + 1,
    )
    items = found[:PER_PAGE]
    context = {
        "items": items,
        "newest": "?" if before else None,
        "older": f"?before={items[-1].number}" if len(found) > PER_PAGE else None,
    }
    return desk.page("versions", context, title=_("Versions"))


@page("program:read")
def version(desk: Desk, number: int) -> HttpResponse:
    """One version with its document."""
    found = publishing.version(program_id=desk.program.id, number=number)
    text = publishing.export(program_id=desk.program.id, version=number)
    if desk.request.GET.get("as") == "yaml":
        answer = HttpResponse(text, content_type="application/yaml; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{desk.program.key}-{number}.yaml"'
        return answer
    context = {"version": found, "text": text}
    return desk.page("version", context, title=_("Version %(n)s") % {"n": number})


@page("program:apply")
def change(desk: Desk) -> HttpResponse:
    """A new document: first what it would change, then applied whole, unless somebody applied another meanwhile."""
    posted = desk.request.POST if desk.request.method == "POST" else None
    text = posted.get("text", "")[:MOST_LETTERS] if posted else publishing.export(program_id=desk.program.id)
    base = posted.get("base", "") if posted else str(desk.program.current_version)
    why = posted.get("why", "").strip()[:200] if posted else ""
    context: dict[str, Any] = {"text": text.replace("\r\n", "\n"), "base": base, "why": why}
    if posted is None:
        return desk.page("change", context, title=_("Change the program"))
    try:
        context["plan"] = publishing.plan(document=context["text"], program_id=desk.program.id)
        if "do" in posted and why:
            return _apply(desk, context["text"], base, why)
        context["lacks_reason"] = "do" in posted
    except Refusal as no:
        context["refusal"] = said(no)
        context["faults"] = getattr(no, "errors", [])
    return desk.page("change", context, title=_("Change the program"), status=422 if "refusal" in context else 200)


def _apply(desk: Desk, text: str, base: str, why: str) -> HttpResponse:
    done = publishing.apply(
        document=text,
        actor=desk.actor,
        note=why,
        program_id=desk.program.id,
        expected_version=int(base) if base.isdecimal() else None,
    )
    desk.record(action="program.apply", object=f"program:{desk.program.key}", reason=why, version=done.number)
    desk.tell(_("Version %(n)s is in force.") % {"n": done.number})
    return HttpResponseRedirect(reverse("console_version", args=[done.number]))

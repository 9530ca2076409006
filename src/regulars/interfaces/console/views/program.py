"""The program as a document: its numbered versions, how they differ, and what a new document would change."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from regulars.governance.publishing import services as publishing
from regulars.governance.publishing.services import costing, drafting, scheduling
from regulars.interfaces.console import jobs, program_words
from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.refusals import said
from regulars.kernel.errors import Invalid, Refusal

PER_PAGE = 50
MOST_OTHERS = 200
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
        "drift": publishing.drift(program_id=desk.program.id) if not before else (),
        "newest": "?" if before else None,
        "older": f"?before={items[-1].number}" if len(found) > PER_PAGE else None,
    }
    return desk.page("versions", context, title=_("Versions"))


@page("program:read")
def version(desk: Desk, number: int) -> HttpResponse:
    """One version with its document, how it differs from any other, and the way back to it."""
    found = publishing.version(program_id=desk.program.id, number=number)
    text = publishing.export(program_id=desk.program.id, version=number)
    if desk.request.GET.get("as") == "yaml":
        answer = HttpResponse(text, content_type="application/yaml; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{desk.program.key}-{number}.yaml"'
        return answer
    listed = publishing.versions(program_id=desk.program.id, limit=MOST_OTHERS)
    asked = desk.request.GET.get("with", "")
    other = int(asked) if asked.isdecimal() and len(asked) < 10 else number - 1
    changes = publishing.compare(program_id=desk.program.id, number=number, with_number=other) if other else ()
    context: dict[str, Any] = {
        "version": found,
        "text": text,
        "others": [v.number for v in listed if v.number != number],
        "with_number": other,
        "diff": program_words.diff(changes),
    }
    if desk.request.method == "POST":
        desk.require("program:apply")
        back = _back(desk, number, context)
        if back is not None:
            return back
    return desk.page(
        "version", context, title=_("Version %(n)s") % {"n": number}, status=409 if "refusal" in context else 200
    )


def _back(desk: Desk, number: int, context: dict[str, Any]) -> HttpResponse | None:
    why = desk.request.POST.get("why", "").strip()[:200]
    document = context["version"].document
    try:
        context["plan"] = program_words.plan(publishing.plan(document=document, program_id=desk.program.id))
        if "do" not in desk.request.POST:
            return None
        if not why:
            context["lacks_reason"] = True
            return None
        with transaction.atomic():
            done = scheduling.roll_back(
                program_id=desk.program.id,
                number=number,
                actor=desk.actor,
                reason=why,
                may_harm=desk.may("program:approve"),
            )
            desk.record(
                action="program.restore", object=f"program:{desk.program.key}", reason=why, version=done.number
            )
    except Refusal as no:
        context["refusal"] = said(no)
        return None
    desk.tell(_("Version %(n)s is in force.") % {"n": done.number})
    return HttpResponseRedirect(reverse("console_version", args=[done.number]))


@page("program:apply")
def change(desk: Desk) -> HttpResponse:
    """A new document: what it would change; then applied, scheduled, kept as a draft, or its cost counted."""
    posted = desk.request.POST if desk.request.method == "POST" else None
    text = posted.get("text", "")[:MOST_LETTERS] if posted else publishing.export(program_id=desk.program.id)
    base = posted.get("base", "") if posted else str(desk.program.current_version)
    context: dict[str, Any] = {"text": text.replace("\r\n", "\n"), "base": base}
    title = _("Change the program")
    if posted is None:
        return desk.page("change", context, title=title)
    context |= {"why": posted.get("why", "").strip()[:200], "at": posted.get("at", "")[:40]}
    try:
        plan = publishing.plan(document=context["text"], program_id=desk.program.id)
        context["plan"] = program_words.plan(plan)
        context["may_apply"] = desk.may("program:approve") or not context["plan"]["needs_approval"]
        do = posted.get("do", "")
        if do == "cost":
            return _count(desk, context["text"])
        if do and context["why"]:
            return _do(desk, "apply" if do == "1" else do, context)
        context["lacks_reason"] = bool(do)
    except Refusal as no:
        context["refusal"] = said(no)
        context["faults"] = getattr(no, "errors", [])
    return desk.page("change", context, title=title, status=422 if "refusal" in context else 200)


def _do(desk: Desk, do: str, context: dict[str, Any]) -> HttpResponse:
    text, why, base = context["text"], context["why"], context["base"]
    number = int(base) if base.isdecimal() and len(base) < 10 else None
    with transaction.atomic():
        if do == "draft":
            draft = drafting.begin(
                program_id=desk.program.id, title=why, text=text, actor=desk.actor, base_version=number
            )
            desk.record(action="program.draft", object=draft.public_id, reason=why)
            desk.tell(_("The draft is kept. It is not published yet."))
            return HttpResponseRedirect(reverse("console_document", args=[draft.public_id]))
        if do == "schedule":
            later = scheduling.schedule(
                program_id=desk.program.id,
                document=text,
                at=moment(desk, context["at"]),
                actor=desk.actor,
                note=why,
                expected_version=number,
                may_harm=desk.may("program:approve"),
            )
            desk.record(action="program.schedule", object=later.public_id, reason=why)
            desk.tell(_("It is scheduled."))
            return HttpResponseRedirect(reverse("console_schedules"))
        done = publishing.apply(
            document=text,
            actor=desk.actor,
            note=why,
            program_id=desk.program.id,
            expected_version=number,
            may_harm=desk.may("program:approve"),
        )
        desk.record(action="program.apply", object=f"program:{desk.program.key}", reason=why, version=done.number)
    desk.tell(_("Version %(n)s is in force.") % {"n": done.number})
    return HttpResponseRedirect(reverse("console_version", args=[done.number]))


def moment(desk: Desk, text: str) -> datetime:
    """An instant from a field of a form, on the program's wall clock.

    Raises: Invalid.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as no:
        raise Invalid(errors=[("at", _("must be a day and a time"))]) from no
    return found.replace(tzinfo=ZoneInfo(desk.program.zone)) if found.tzinfo is None else found


def _count(desk: Desk, text: str) -> HttpResponse:
    with transaction.atomic():
        begun = costing.begin(program_id=desk.program.id, document=text, actor=desk.actor)
        desk.record(action="program.estimate", object=begun.public_id)
    jobs.estimate.defer(estimate_id=str(begun.estimate_id))
    return HttpResponseRedirect(reverse("console_estimate", args=[begun.public_id]))

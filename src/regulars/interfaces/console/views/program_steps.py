"""Around the versions: drift, what is scheduled, what members were told, drafts of documents, what a change costs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from regulars.governance.publishing import services as publishing
from regulars.governance.publishing.services import costing, drafting, scheduling
from regulars.governance.publishing.terms import (
    DOCUMENT_DRAFT_PREFIX,
    ESTIMATE_PREFIX,
    SCHEDULE_PREFIX,
    DocumentDraft,
    PreviewState,
)
from regulars.interfaces.console import program_words
from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.refusals import said
from regulars.interfaces.console.views.program import MOST_LETTERS, moment
from regulars.kernel import clock, ids
from regulars.kernel.errors import NotFound, Refusal
from regulars.people.agreements import services as agreements
from regulars.value.benefits import services as benefits

MOST = 100
YEAR = timedelta(days=365)
ACTS = {
    "save": "program:apply",
    "submit": "program:apply",
    "approve": "program:approve",
    "publish": "program:apply",
    "discard": "program:apply",
}


@page("program:read")
def drift(desk: Desk) -> HttpResponse:
    """How the database differs from the version in force; taken in or put back with a reason."""
    context: dict[str, Any] = {}
    if desk.request.method == "POST":
        desk.require("program:apply")
        why, do = desk.request.POST.get("why", "").strip()[:200], desk.request.POST.get("do")
        context["lacks_reason"] = not why
        if why and do in ("take", "put_back"):
            mine = {"program_id": desk.program.id, "actor": desk.actor, "reason": why}
            try:
                with transaction.atomic():
                    if do == "take":
                        done = scheduling.take_drift(**mine, may_harm=desk.may("program:approve"))
                    else:
                        done = scheduling.put_back(**mine)
                    desk.record(
                        action=f"program.{do}", object=f"program:{desk.program.key}", reason=why, version=done.number
                    )
            except Refusal as no:
                context["refusal"] = said(no)
            else:
                desk.tell(_("Version %(n)s is in force.") % {"n": done.number})
                return HttpResponseRedirect(reverse("console_version", args=[done.number]))
    context["diff"] = program_words.diff(publishing.drift(program_id=desk.program.id))
    return desk.page("drift", context, title=_("Drift"), status=409 if "refusal" in context else 200)


@page("program:read")
def schedules(desk: Desk) -> HttpResponse:
    """Documents that wait for their instant, and those that had theirs; withdrawn by POST."""
    if desk.request.method == "POST":
        desk.require("program:apply")
        ref = desk.request.POST.get("schedule", "")
        try:
            with transaction.atomic():
                scheduling.withdraw(
                    program_id=desk.program.id, schedule_id=ids.decode(SCHEDULE_PREFIX, ref), actor=desk.actor
                )
                desk.record(action="program.withdraw", object=ref)
        except Refusal as no:
            desk.warn(str(said(no)))
        else:
            desk.tell(_("It was withdrawn."))
        return HttpResponseRedirect(reverse("console_schedules"))
    found = scheduling.schedules(program_id=desk.program.id, limit=MOST)
    items = [(s, *program_words.SCHEDULES[s.state.value]) for s in found]
    return desk.page("schedules", {"items": items}, title=_("Scheduled documents"))


@page("program:read")
def told(desk: Desk) -> HttpResponse:
    """What members were told of changes that take something from them, and how many confirmed; what benefits cost."""
    found = agreements.tellings(program_id=desk.program.id, limit=MOST)
    counted = agreements.counted(program_id=desk.program.id, telling_ids=[t.telling_id for t in found])
    items = [(t, program_words.told(t.changes), counted[t.telling_id]) for t in found]
    year = clock.now() - YEAR
    rows = benefits.costs(program_id=desk.program.id, since=year) if desk.may("benefits:read") else ()
    return desk.page("agreements", {"items": items, "costs": rows}, title=_("Told and confirmed"))


@page("program:read")
def documents(desk: Desk) -> HttpResponse:
    """Drafts of whole documents, begun last first."""
    found = drafting.drafts(program_id=desk.program.id, limit=MOST)
    items = [(d, *program_words.DOCUMENTS[d.state.value]) for d in found]
    return desk.page("documents", {"items": items}, title=_("Drafts of documents"))


@page("program:read")
def document(desk: Desk, ref: str) -> HttpResponse:
    """One draft: its text, what it would change, and the next step with a reason."""
    draft = _draft(desk, ref)
    context: dict[str, Any] = {"text": draft.text}
    if desk.request.method == "POST":
        posted = desk.request.POST
        do, why = posted.get("do", ""), posted.get("why", "").strip()[:200]
        if do not in ACTS:
            raise NotFound
        desk.require(ACTS[do])
        context["text"] = posted.get("text", "")[:MOST_LETTERS].replace("\r\n", "\n")
        context["lacks_reason"] = not why and do != "save"
        if not context["lacks_reason"]:
            try:
                with transaction.atomic():
                    draft = _act(desk, draft, do, why, context["text"])
                    desk.record(action=f"program.{do}", object=ref, reason=why)
            except Refusal as no:
                context |= {"refusal": said(no), "faults": getattr(no, "errors", [])}
            else:
                desk.tell(_("Done."))
                return HttpResponseRedirect(reverse("console_document", args=[ref]))
    return _shown(desk, draft, context)


def _act(desk: Desk, draft: DocumentDraft, do: str, why: str, text: str) -> DocumentDraft:
    seen = desk.request.POST.get("revision", "")
    revision = int(seen) if seen.isdecimal() and len(seen) < 10 else None
    of: dict[str, Any] = {"program_id": desk.program.id, "draft_id": draft.draft_id, "actor": desk.actor}
    of |= {"reason": why, "revision": revision}
    if do == "save":
        return drafting.change(**of, text=text)
    if do == "submit":
        return drafting.submit(**of)
    if do == "approve":
        return drafting.approve(**of)
    if do == "publish":
        at = desk.request.POST.get("at", "")[:40]
        return drafting.publish(**of, at=moment(desk, at) if at else None)[0]
    return drafting.discard(**of)


def _shown(desk: Desk, draft: DocumentDraft, context: dict[str, Any]) -> HttpResponse:
    if draft.is_open and "refusal" not in context:
        try:
            found = drafting.plan(program_id=desk.program.id, draft_id=draft.draft_id)
            context["plan"] = program_words.plan(found)
        except Refusal as no:
            context |= {"refusal": said(no), "faults": getattr(no, "errors", [])}
    word, face = program_words.DOCUMENTS[draft.state.value]
    context |= {
        "draft": draft,
        "word": word,
        "face": face,
        "is_mine": desk.actor in draft.writers,
        "steps": [(s, program_words.STEPS.get(s.what, s.what)) for s in reversed(draft.steps)],
    }
    refused = "refusal" in context and desk.request.method == "POST"
    return desk.page("document", context, title=draft.title, status=409 if refused else 200)


def _draft(desk: Desk, ref: str) -> DocumentDraft:
    return drafting.draft(program_id=desk.program.id, draft_id=ids.decode(DOCUMENT_DRAFT_PREFIX, ref))


@page("program:read")
def estimate(desk: Desk, ref: str) -> HttpResponse:
    """How far the counting of a change's cost is, or what came out."""
    found = costing.find(program_id=desk.program.id, estimate_id=ids.decode(ESTIMATE_PREFIX, ref))
    context = {
        "estimate": found,
        "report": found.report,
        "is_running": found.state is PreviewState.RUNNING,
        "percent": 100 * found.done // found.total if found.total else 0,
    }
    part = "part" in desk.request.GET
    return desk.page("estimate_part" if part else "estimate", context, title=_("Cost by last year's orders"))

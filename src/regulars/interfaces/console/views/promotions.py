"""Promotions: which run, are planned, have ended or used up their budget; one whole; paused and resumed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from regulars.governance.publishing.services import drafts as publishing
from regulars.interfaces.console import words
from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.refusals import said
from regulars.kernel import clock
from regulars.kernel.errors import Refusal
from regulars.value.promotions.services import drafts
from regulars.value.promotions.services.spending import STANDINGS, spent, standing, window
from regulars.value.promotions.terms.drafts import Draft, DraftState
from regulars.value.promotions.terms.usage import Spent

PER_PAGE = 50
Body = dict[str, Any]


@page("program:read")
def listed(desk: Desk) -> HttpResponse:
    """Every published promotion with where it stands, and the drafts on their way."""
    asked = desk.request.GET.get("state", "")
    at, usage = clock.now(), spent(program_id=desk.program.id)
    every = [_row(desk, body, at, usage) for body in publishing.promotions_of(program_id=desk.program.id)]
    every.sort(key=lambda one: (STANDINGS.index(one["standing"]), -(one["body"].get("priority") or 0), one["key"]))
    counts = {state: sum(one["standing"] == state for one in every) for state in STANDINGS}
    chosen = [one for one in every if not asked or one["standing"] == asked]
    number = _number(desk.request.GET.get("page", ""))
    first = number * PER_PAGE
    query = f"&state={asked}" if asked in STANDINGS else ""
    open_drafts = drafts.drafts(program_id=desk.program.id, limit=PER_PAGE)
    context = {
        "items": chosen[first : first + PER_PAGE],
        "total": len(every),
        "counts": [(state, counts[state]) for state in STANDINGS if counts[state]],
        "asked": asked,
        "drafts": [(d, words.named(d.body.get("name"), d.key, desk.language)) for d in open_drafts],
        "newest": "?" + query.lstrip("&") if number else None,
        "older": f"?page={number + 1}{query}" if len(chosen) > first + PER_PAGE else None,
    }
    return desk.page("promotions", context, title=_("Promotions"))


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else 0


def _row(desk: Desk, body: Body, at: datetime, usage: dict[str, list[Spent]]) -> dict[str, Any]:
    key = str(body.get("key"))
    limits = usage.get(key, [])
    budget = next(((s.used, s.limit) for s in limits if s.is_budget), (0, 0))
    begins, ends = window(body, desk.program.zone)
    return {
        "key": key,
        "name": words.named(body.get("name"), key, desk.language),
        "body": body,
        "standing": standing(body, at=at, zone=desk.program.zone, budget=budget),
        "begins": begins,
        "ends": ends,
        "limits": limits,
        "effects": [str(e.get("kind")) for e in body.get("effects") or [] if isinstance(e, dict)],
    }


@page("program:read")
def shown(desk: Desk, key: str) -> HttpResponse:
    """One published promotion: where it stands, what is used of it, its document, its drafts."""
    body = publishing.promotion(program_id=desk.program.id, key=key)
    return _shown(desk, body)


def _shown(desk: Desk, body: Body, refusal: str = "", lacks_reason: bool = False) -> HttpResponse:
    key = str(body.get("key"))
    row = _row(desk, body, clock.now(), spent(program_id=desk.program.id))
    context = {
        **row,
        "text": publishing.as_yaml(body),
        "drafts": drafts.drafts(program_id=desk.program.id, key=key, states=DraftState, limit=20),
        "refusal": refusal,
        "lacks_reason": lacks_reason,
    }
    status = 409 if refusal else 200
    return desk.page("promotion", context, title=row["name"], status=status)


@page("program:apply")
def steered(desk: Desk, key: str) -> HttpResponse:
    """Pause a promotion, let it run again, or begin a draft of another form of it. All but that need a reason."""
    body = publishing.promotion(program_id=desk.program.id, key=key)
    posted = desk.request.POST
    if desk.request.method != "POST":
        return HttpResponseRedirect(reverse("console_promotion", args=[key]))
    if "change" in posted:
        return HttpResponseRedirect(_draft_of(desk, body))
    why = posted.get("why", "").strip()[:200]
    if not why:
        return _shown(desk, body, lacks_reason=True)
    resume = "resume" in posted
    try:
        with transaction.atomic():
            done = publishing.pause(program_id=desk.program.id, key=key, actor=desk.actor, reason=why, resume=resume)
            action = "promotions.resume" if resume else "promotions.pause"
            desk.record(action=action, object=f"promotion:{key}", reason=why, version=done.number)
    except Refusal as no:
        return _shown(desk, body, refusal=said(no))
    desk.tell(_("Version %(n)s is in force.") % {"n": done.number})
    return HttpResponseRedirect(reverse("console_promotion", args=[key]))


def _draft_of(desk: Desk, body: Body) -> str:
    """The address of the open draft of a promotion, begun now if there is none."""
    found: list[Draft] = drafts.drafts(program_id=desk.program.id, key=str(body["key"]), limit=1)
    draft = found[0] if found else publishing.begin(program_id=desk.program.id, body=body, actor=desk.actor)
    return reverse("console_draft", args=[draft.public_id])

"""The editor of promotions: a draft as fields and YAML, checked while it changes; tested, approved, published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from regulars.governance.publishing.services import drafts as publishing
from regulars.governance.publishing.services import previews
from regulars.interfaces.console import words
from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.faults import all_in_words
from regulars.interfaces.console.promoting.options import options
from regulars.interfaces.console.promoting.vocabulary import vocabulary
from regulars.interfaces.console.refusals import said
from regulars.interfaces.console.views import weeks
from regulars.kernel import ids
from regulars.kernel.errors import Invalid, NotFound, Refusal
from regulars.value.promotions.services import conditions, drafts
from regulars.value.promotions.terms.drafts import DRAFT_PREFIX, Draft, DraftState

MOST_BYTES = 600_000
MOST_CONFLICTS = 12
NEW: dict[str, Any] = {"key": "", "effects": []}


@page("program:read")
def listed(desk: Desk) -> HttpResponse:
    """Every draft, begun last first, the ended ones too."""
    before = desk.request.GET.get("before", "")
    place = _uuid(before) if before else None
    found = drafts.drafts(program_id=desk.program.id, states=DraftState, before=place, limit=51)
    items = found[:50]
    context = {
        "items": [(d, words.named(d.body.get("name"), d.key, desk.language)) for d in items],
        "newest": "?" if before else None,
        "older": f"?before={items[-1].draft_id}" if len(found) > 50 else None,
    }
    return desk.page("drafts", context, title=_("Drafts"))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as no:
        raise NotFound from no


@page("program:apply")
def new(desk: Desk) -> HttpResponse:
    """An empty draft; nothing is kept before it is saved."""
    if desk.request.method != "POST":
        return _editor(desk, None, NEW)
    body = NEW
    try:
        body = _posted_body(desk)
        with transaction.atomic():
            draft = publishing.begin(
                program_id=desk.program.id, body=body, actor=desk.actor, reason=_why(desk) or _("begun")
            )
            desk.record(action="promotions.draft", object=draft.public_id, reason=_why(desk), key=draft.key)
    except Refusal as no:
        return _editor(desk, None, body, refusal=said(no))
    desk.tell(_("The draft is kept. It is not published yet."))
    return HttpResponseRedirect(reverse("console_draft", args=[draft.public_id]))


@page("program:read")
def shown(desk: Desk, ref: str) -> HttpResponse:
    """A draft in the editor. Saving it brings it back to `draft`: what changed must be tested and approved again."""
    draft = _draft(desk, ref)
    if desk.request.method != "POST":
        return _editor(desk, draft, draft.body)
    desk.require("program:apply")
    body: Mapping[str, Any] = draft.body
    try:
        body = _posted_body(desk)
        with transaction.atomic():
            draft = drafts.change(
                program_id=desk.program.id,
                draft_id=draft.draft_id,
                body=body,
                actor=desk.actor,
                reason=_why(desk),
                revision=_whole(desk.request.POST.get("revision", "")),
            )
            desk.record(action="promotions.write", object=ref, reason=_why(desk), key=draft.key)
    except Refusal as no:
        return _editor(desk, draft, body, refusal=said(no))
    desk.tell(_("Saved."))
    return HttpResponseRedirect(reverse("console_draft", args=[ref]))


@page("program:read")
def acted(desk: Desk, ref: str, name: str) -> HttpResponse:
    """Test, approve, publish or discard a draft, with a reason; a refusal is shown, and nothing was changed then."""
    if name not in ACTS:
        raise NotFound
    permission, done = ACTS[name]
    desk.require(permission)
    draft = _draft(desk, ref)
    if desk.request.method != "POST":
        return HttpResponseRedirect(reverse("console_draft", args=[ref]))
    why = _why(desk)
    if not why:
        return _editor(desk, draft, draft.body, lacks_reason=name)
    try:
        with transaction.atomic():
            after = _act(desk, draft, name, why)
            facts = {"version": after.version} if after.version else {}
            desk.record(action=f"promotions.{name}", object=ref, reason=why, key=draft.key, **facts)
    except Refusal as no:
        return _editor(desk, _draft(desk, ref), draft.body, refusal=said(no))
    desk.tell(done % {"n": after.version or ""})
    return HttpResponseRedirect(reverse("console_draft", args=[ref]))


def _act(desk: Desk, draft: Draft, name: str, why: str) -> Draft:
    seen = _whole(desk.request.POST.get("revision", ""))
    said_of: dict[str, Any] = {
        "program_id": desk.program.id,
        "draft_id": draft.draft_id,
        "actor": desk.actor,
        "reason": why,
        "revision": seen,
    }
    if name == "test":
        return publishing.try_out(**said_of)
    if name == "approve":
        return drafts.approve(**said_of)
    if name == "publish":
        return publishing.publish(**said_of)[0]
    return drafts.discard(**said_of)


# what each act needs, and what is said when it is done
ACTS: dict[str, tuple[str, Any]] = {
    "test": ("program:apply", words.DRAFT_DONE["test"]),
    "approve": ("program:approve", words.DRAFT_DONE["approve"]),
    "publish": ("program:apply", words.DRAFT_DONE["publish"]),
    "discard": ("program:apply", words.DRAFT_DONE["discard"]),
}


@page("program:read")
def looked(desk: Desk) -> HttpResponse:
    """What the house thinks of a body as it stands: its faults, its YAML, what it meets. Keeps nothing."""
    told = read_json(desk)
    text = told.get("yaml")
    try:
        body = publishing.from_yaml(text) if isinstance(text, str) else told["body"]
    except Refusal as no:
        return JsonResponse({"unreadable": said(no), "faults": [], "yaml": text, "html": ""})
    found = all_in_words(publishing.faults(program_id=desk.program.id, body=body))
    meets = publishing.conflicts(program_id=desk.program.id, body=body)
    context = {
        "faults": found,
        "conflicts": [(c, words.named(c.name, c.key, desk.language)) for c in meets[:MOST_CONFLICTS]],
        "more": max(0, len(meets) - MOST_CONFLICTS),
    }
    html = render_to_string("console/draft_verdict.html", context, request=desk.request)
    return JsonResponse({"faults": found, "yaml": publishing.as_yaml(body), "body": body, "html": html})


@page("program:read")
def condition_checked(desk: Desk) -> HttpResponse:
    """What is wrong with a condition while it is written: `{"text": …, "of": "when" | "lines"}`."""
    told = read_json(desk)
    text, of = told.get("text"), told.get("of")
    if not isinstance(text, str) or of not in ("when", "lines"):
        raise Invalid(errors=[("text", "is missing")])
    return JsonResponse({"faults": all_in_words(conditions.faults(text=text[:4_000], of=of))})


def read_json(desk: Desk) -> dict[str, Any]:
    """What the editor's script sent, with its `body`.

    Raises: Invalid.
    """
    raw = desk.request.body
    try:
        told = orjson.loads(raw) if len(raw) <= MOST_BYTES else None
    except orjson.JSONDecodeError:
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("body", {}), dict):
        raise Invalid(errors=[("body", "must be a JSON object")])
    return {"body": {}, **told}


def _posted_body(desk: Desk) -> dict[str, Any]:
    text = desk.request.POST.get("body", "")
    try:
        body = orjson.loads(text) if len(text) <= MOST_BYTES else None
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise Invalid(errors=[("body", "must be a JSON object")])
    return body


def _why(desk: Desk) -> str:
    return desk.request.POST.get("why", "").strip()[:200]


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _draft(desk: Desk, ref: str) -> Draft:
    return drafts.draft(program_id=desk.program.id, draft_id=ids.decode(DRAFT_PREFIX, ref))


def _editor(
    desk: Desk, draft: Draft | None, body: Mapping[str, Any], refusal: str = "", lacks_reason: str = ""
) -> HttpResponse:
    week = previews.latest(program_id=desk.program.id, draft_id=draft.draft_id) if draft else None
    is_mine = draft is not None and desk.actor in draft.writers
    context = {
        **(weeks.context(desk, draft, week) if draft else {}),
        "draft": draft,
        "body": body,
        "vocabulary": vocabulary(facts=conditions.facts(), options=options(desk)),
        "refusal": refusal,
        "lacks_reason": lacks_reason,
        "is_mine": is_mine,
        "may_write": desk.may("program:apply") and (draft is None or draft.is_open),
        "steps": reversed(draft.steps) if draft else [],
        "currency": desk.program.currency,
        "way": [(state, words.DRAFT_STATE[state]) for state in ("draft", "testing", "approved", "published")],
    }
    title = words.named(body.get("name"), draft.key, desk.language) if draft else _("New promotion")
    return desk.page("draft", context, title=title, status=409 if refusal else 200)

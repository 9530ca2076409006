"""Operation: the outbox with its dead letters, and the audit trail."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.forms import WhyForm
from regulars.kernel import outbox
from regulars.people.staff import services as staff

PER_PAGE = 50
MOST_AT_ONCE = 500


@page("outbox:manage")
def outbox_health(desk: Desk) -> HttpResponse:
    """What waits, what is dead and why; a page of dead letters to look at."""
    after = desk.request.GET.get("after", "")
    found = outbox.dead_letters(
        program_id=desk.program.id,
        after=int(after) if after.isdecimal() and len(after) < 19 else 0,
        limit=PER_PAGE + 1,
    )
    health = outbox.health(program_id=desk.program.id)
    kinds = sorted({*health.waiting, *health.dead})
    context: dict[str, Any] = {
        "kinds": [(kind, health.waiting.get(kind, 0), health.dead.get(kind, 0)) for kind in kinds],
        "waiting": sum(health.waiting.values()),
        "dead": sum(health.dead.values()),
        "oldest": health.oldest_seconds,
        "letters": found[:PER_PAGE],
        "newest": "?" if after else None,
        "older": f"?after={found[PER_PAGE - 1].id}" if len(found) > PER_PAGE else None,
    }
    return desk.page("outbox", context, title=_("Outbox"))


@page("outbox:manage")
def replay(desk: Desk) -> HttpResponse:
    """Give chosen dead letters of this program, or all on the page, another round of tries."""
    back = HttpResponseRedirect(reverse("console_outbox"))
    if desk.request.method != "POST":
        return back
    form = WhyForm(desk.request.POST)
    asked = {int(n) for n in desk.request.POST.getlist("letter")[:MOST_AT_ONCE] if n.isdecimal() and len(n) < 19}
    if not form.is_valid() or not asked:
        desk.warn(_("Nothing was changed: choose letters and give a reason."))
        return back
    mine = _of_program(desk, asked)
    with transaction.atomic():
        revived = outbox.replay(mine, actor=desk.actor)
        desk.record(action="outbox.replay", object="outbox", reason=form.cleaned_data["why"], letters=mine)
    desk.tell(ngettext("%(n)s letter is tried again.", "%(n)s letters are tried again.", revived) % {"n": revived})
    return back


def _of_program(desk: Desk, asked: set[int]) -> list[int]:
    """Those of the letters that are dead and belong to this program: an id in a form proves nothing."""
    mine = []
    for one in sorted(asked):
        found = outbox.dead_letters(program_id=desk.program.id, after=one - 1, limit=1)
        if found and found[0].id == one:
            mine.append(one)
    return mine


@page("audit:read")
def audit(desk: Desk) -> HttpResponse:
    """Who did what, newest first; of one person or one thing where asked."""
    asked = desk.request.GET
    cursor = asked.get("after", "")
    kept = {name: asked.get(name, "").strip()[:200] for name in ("actor", "object", "action")}
    found = staff.entries(
        program_id=desk.program.id,
        cursor=int(cursor) if cursor.isdecimal() and len(cursor) < 19 else None,
        limit=PER_PAGE,
        **{name: value or None for name, value in kept.items()},
    )
    query = asked.copy()
    query.pop("after", None)
    newest = f"?{query.urlencode()}"
    query["after"] = str(found.next_cursor)
    context = {
        "items": found.items,
        "kept": kept,
        "newest": newest if cursor else None,
        "older": f"?{query.urlencode()}" if found.next_cursor else None,
    }
    return desk.page("audit", context, title=_("Audit trail"))

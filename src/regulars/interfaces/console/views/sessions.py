"""Baskets at tills and shops, found and shown with every reason; and why an order got what it got."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.promoting import answers
from regulars.interfaces.console.reading import member as reading
from regulars.kernel import ids
from regulars.kernel.errors import NotFound
from regulars.people.members import services as members
from regulars.value.checkout import services as checkout
from regulars.value.checkout.terms import NoSession, SessionState
from regulars.value.orders import services as orders
from regulars.value.orders.terms import PREFIX

PER_PAGE = 50


@page("orders:read")
def listed(desk: Desk) -> HttpResponse:
    """The baskets changed last, a page at a time; a key leads to its basket, a member's number to hers."""
    asked = desk.request.GET
    wanted = asked.get("q", "").strip()[:200]
    state = asked.get("state", "")
    member_id, missed = None, False
    if wanted:
        try:
            found = checkout.get(program_id=desk.program.id, key=wanted)
            return HttpResponseRedirect(reverse("console_session", args=[found.key]))
        except NoSession:
            pass
        try:
            member_id = members.resolve(program_id=desk.program.id, ref=wanted)
        except NotFound:
            missed = True
    shown_page = checkout.recent(
        program_id=desk.program.id,
        state=SessionState(state) if state in list(SessionState) else None,
        member_id=member_id,
        cursor=tuple(asked.getlist("after")) or None,
        limit=PER_PAGE,
    )
    items = () if missed else shown_page.items
    people = members.facts(program_id=desk.program.id, member_ids={o.member_id for o in items if o.member_id})
    kept = {name: value for name, value in (("q", wanted), ("state", state)) if value}
    context = {
        "items": [(one, people.get(one.member_id) if one.member_id else None) for one in items],
        "asked": wanted,
        "missed": missed,
        "state": state,
        "states": list(SessionState),
        "newest": f"?{urlencode(kept)}" if asked.get("after") else None,
        "older": _older(kept, shown_page.cursor) if not missed else None,
    }
    return desk.page("sessions", context, title=_("Baskets"), status=404 if missed else 200)


def _older(kept: dict[str, str], cursor: Any) -> str | None:
    return "?" + "&".join([urlencode(kept), *(f"after={quote(str(part))}" for part in cursor)]) if cursor else None


@page("orders:read")
def shown(desk: Desk, key: str) -> HttpResponse:
    """One basket: where it stands, what it was quoted, and every promotion with its reason."""
    session = checkout.get(program_id=desk.program.id, key=key)
    context = {
        "session": session,
        "answer": session.body,
        "facts": _facts(desk, session.member_id),
        "names": answers.names(desk, session.version),
        "units": reading.unit_names(desk),
    }
    return desk.page("session", context, title=_("Basket %(key)s") % {"key": session.key})


def _facts(desk: Desk, member_id: Any) -> Any:
    return members.facts(program_id=desk.program.id, member_ids=[member_id]).get(member_id) if member_id else None


@page("orders:read")
def why(desk: Desk, ref: str) -> HttpResponse:
    """Why an order got this: its decision made again from what was asked then, beside what is stored."""
    order = orders.get(program_id=desk.program.id, ref=ref)
    summary = order.summary
    replay = checkout.replay(program_id=desk.program.id, order=ids.encode(PREFIX, summary.order_id))
    context = {
        "order": order,
        "summary": summary,
        "replay": replay,
        "answer": replay.answer,
        "facts": _facts(desk, summary.member_id),
        "names": answers.names(desk, replay.version),
        "units": reading.unit_names(desk),
    }
    return desk.page("why", context, title=_("Why %(ref)s got this") % {"ref": summary.ref})

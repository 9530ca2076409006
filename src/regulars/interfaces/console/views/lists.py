"""Audiences: how many are on each, and who."""

from __future__ import annotations

from urllib.parse import quote

from django.http import HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from regulars.interfaces.console.desk import Desk, page
from regulars.people.audiences import services as audiences
from regulars.people.members import services as members

PER_PAGE = 50


@page("members:read")
def listed(desk: Desk) -> HttpResponse:
    """The audiences by key, with the counted number of members."""
    after = desk.request.GET.get("after", "").replace("\x00", "")[:64]
    found = audiences.audiences(program_id=desk.program.id, after=after, limit=PER_PAGE + 1)
    context = {
        "items": [(one, _name(dict(one.names)) or one.key) for one in found[:PER_PAGE]],
        "newest": "?" if after else None,
        "older": f"?after={quote(found[PER_PAGE - 1].key)}" if len(found) > PER_PAGE else None,
    }
    return desk.page("audiences", context, title=_("Audiences"))


@page("members:read")
def shown(desk: Desk, key: str) -> HttpResponse:
    """One audience: who is on it, since when, and what put her there."""
    one = audiences.get(program_id=desk.program.id, key=key)
    after = desk.request.GET.get("after", "")[:64]
    found = audiences.page(program_id=desk.program.id, key=key, cursor=(after,) if after else None, limit=PER_PAGE)
    people = members.facts(program_id=desk.program.id, member_ids=[m.member_id for m in found.items])
    context = {
        "audience": one,
        "name": _name(dict(one.names)) or one.key,
        "items": [(m, people.get(m.member_id)) for m in found.items],
        "newest": "?" if after else None,
        "older": f"?after={quote(found.cursor[0])}" if found.cursor else None,
    }
    return desk.page("audience", context, title=context["name"])


def _name(names: dict[str, str]) -> str:
    language = get_language() or "en"
    exact = next((name for key, name in names.items() if key.lower() == language.lower()), "")
    return exact or names.get("en", "") or next(iter(names.values()), "")

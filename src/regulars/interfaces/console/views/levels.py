"""Levels: the ladders with who stands where; and one member's way on them, with locks by hand."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from regulars.interfaces.console import words
from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.reading import member as reading
from regulars.interfaces.console.refusals import said
from regulars.kernel import clock
from regulars.kernel.errors import Invalid, Refusal
from regulars.people.members import services as members
from regulars.value.tiers import services as tiers
from regulars.value.tiers.terms import Ladder, Move

SHOWN = 50
WINDOW = {
    "lifetime": gettext_lazy("everything counts, for ever"),
    "rolling": gettext_lazy("the last months count"),
    "calendar_year": gettext_lazy("the calendar year counts"),
    "anniversary": gettext_lazy("the year of membership counts"),
}
DOWNGRADE = {
    "to_earned": gettext_lazy("to the level that she still keeps"),
    "one_level": gettext_lazy("one level"),
    "to_base": gettext_lazy("to the lowest level"),
    "never": gettext_lazy("never"),
}
BY = {"granted": gettext_lazy("given"), "locked": gettext_lazy("locked by hand"), "earned": gettext_lazy("earned")}
WHY = {
    "reached": gettext_lazy("reached"),
    "not kept": gettext_lazy("not kept"),
    "taken back": gettext_lazy("taken back by a return"),
    "told late": gettext_lazy("told late"),
    "rules": gettext_lazy("new rules"),
    "granted": gettext_lazy("given"),
    "grant ended": gettext_lazy("what was given has ended"),
    "locked": gettext_lazy("locked by hand"),
    "unlocked": gettext_lazy("lock ended"),
}


@page("program:read")
def listed(desk: Desk) -> HttpResponse:
    """Every ladder with its rules in words and how many members stand on each level."""
    counts = tiers.counts(program_id=desk.program.id)
    units = reading.unit_names(desk)
    found = [_ladder(desk, x, counts, units) for x in tiers.ladders(program_id=desk.program.id)]
    return desk.page("levels", {"ladders": found}, title=_("Levels"))


def _ladder(desk: Desk, x: Ladder, counts: dict[tuple[str, str], int], units: dict[str, Any]) -> dict[str, Any]:
    most = max([counts.get((x.key, v.key), 0) for v in x.levels], default=0)
    levels = [
        {
            "name": words.named(v.names, v.key, desk.language),
            "level": v,
            "enter": [(units.get(u, u), at) for u, at in v.enter.items()],
            "keep": [(units.get(u, u), at) for u, at in v.keep.items()] if v.keep != v.enter else [],
            "members": counts.get((x.key, v.key), 0),
            "percent": 100 * counts.get((x.key, v.key), 0) // most if most else 0,
            "milestones": [(words.named(m.names, m.key, desk.language), m.at) for m in v.milestones],
        }
        for v in reversed(x.levels)
    ]
    return {
        "ladder": x,
        "name": words.named(x.names, x.key, desk.language),
        "levels": levels,
        "window": WINDOW[x.window.value],
        "downgrade": DOWNGRADE[x.downgrade.value],
    }


@page(serves="members:read")
def of_member(desk: Desk, ref: str) -> HttpResponse:
    """One member's standing, what keeps it, what lies ahead, what she was given, and how she got there."""
    member_id = reading.member_of(desk, ref)
    refusal = ""
    if desk.request.method == "POST":
        refusal = _act(desk, ref, member_id)
        if not refusal:
            return HttpResponseRedirect(reverse("console_member_levels", args=[ref]))
    found = tiers.ladders(program_id=desk.program.id)
    names = {v.key: words.named(v.names, v.key, desk.language) for x in found for v in x.levels}
    given = tiers.given(program_id=desk.program.id, member_id=member_id)
    moves = tiers.moves(program_id=desk.program.id, member_id=member_id, limit=SHOWN)
    context = {
        "ref": ref,
        "facts": members.fact(program_id=desk.program.id, member_id=member_id),
        "levels": [
            {
                **one,
                "by": BY[one["at"].by.value],
                "lock": next((g for g in given if g.is_lock and g.ladder == one["at"].ladder), None),
                "ladder": next(x for x in found if x.key == one["at"].ladder),
            }
            for one in reading.levels(desk, member_id)
        ],
        "given": [(g, names.get(g.level, g.level)) for g in given],
        "names": names,
        "units": reading.unit_names(desk),
        "moves": [_line(m, names) for _, m in moves],
        "writes": desk.serves("members:write"),
        "refusal": refusal,
        "told": desk.request.POST if refusal else {},
    }
    return desk.page("member_levels", context, title=_("Levels"), status=422 if refusal else 200)


def _line(move: Move, names: dict[str, str]) -> dict[str, Any]:
    return {
        "move": move,
        "from": names.get(move.from_level, move.from_level),
        "to": names.get(move.to_level, move.to_level),
        "why": WHY.get(move.why, move.why),
    }


def _act(desk: Desk, ref: str, member_id: UUID) -> str:
    """Lock or end a lock; answers why not, when not."""
    if not desk.serves("members:write"):
        desk.require("members:write")
    told = desk.request.POST
    ladder, reason = told.get("ladder", ""), told.get("reason", "").strip()[:200]
    try:
        if not reason:
            raise Invalid(errors=[("reason", str(_("is needed")))])
        with transaction.atomic():
            if told.get("act") == "unlock":
                tiers.unlock(program_id=desk.program.id, member_id=member_id, ladder=ladder, actor=desk.actor)
                desk.record(action="tiers.unlock", object=ref, reason=reason)
                desk.tell(_("The lock has ended."))
                return ""
            until = date.fromisoformat(told["until"]) if told.get("until") else None
            tiers.lock(
                program_id=desk.program.id,
                member_id=member_id,
                ladder=ladder,
                level=told.get("level", ""),
                until=clock.day_ends(until, desk.program.zone) if until else None,
                reason=reason,
                actor=desk.actor,
            )
            desk.record(action="tiers.lock", object=ref, reason=reason)
            desk.tell(_("She is locked on this level."))
    except Refusal as no:
        return f"{said(no)} {_('Nothing was changed.')}"
    except ValueError:
        return str(_("That is not a day. Nothing was changed."))
    return ""

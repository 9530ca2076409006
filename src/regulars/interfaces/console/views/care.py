"""Care: a member's adviser, notes, follow-ups and preferences on one page; and the adviser's own desk."""

from __future__ import annotations

from collections.abc import Callable
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
from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid, NotFound, Refusal
from regulars.people.care import services as care
from regulars.people.care.terms import ADVISER_PREFIX, FOLLOW_UP_PREFIX, NOTE_PREFIX, FollowUpState, PreferenceType
from regulars.people.members import services as members
from regulars.people.members.terms import PREFIX
from regulars.people.programs import services as programs
from regulars.people.staff import services as staff

NOTES = 30
STATES: dict[str, Any] = {
    "open": gettext_lazy("Open"),
    "done": gettext_lazy("Done"),
    "dropped": gettext_lazy("Dropped"),
}
SOURCES: dict[str, Any] = {
    "hand": gettext_lazy("by hand"),
    "turn": gettext_lazy("in turn"),
    "merge": gettext_lazy("with a merge"),
}


@page(serves="care:read")
def shown(desk: Desk, ref: str) -> HttpResponse:
    """What care knows of a member; words masked."""
    return _shown(desk, ref, reading.member_of(desk, ref), reveal_to=None)


@page(serves="members:reveal")
def revealed(desk: Desk, ref: str) -> HttpResponse:
    """The same with the words of notes and follow-ups for this one look, for a reason that is written down."""
    member_id = reading.member_of(desk, ref)
    if not desk.serves("care:read"):
        desk.require("care:read")
    reason = desk.request.POST.get("reason", "").strip()[:200]
    if desk.request.method != "POST":
        return HttpResponseRedirect(reverse("console_care", args=[ref]))
    if not reason:
        raise Invalid(errors=[("reason", str(_("is needed")))])
    answer = _shown(desk, ref, member_id, reveal_to=desk.actor, reason=reason)
    answer["Cache-Control"] = "no-store"
    return answer


def _shown(desk: Desk, ref: str, member_id: UUID, *, reveal_to: str | None, reason: str = "") -> HttpResponse:
    program = desk.program.id
    who = {"program_id": program, "member_id": member_id}
    now = care.current(**who)
    context = {
        "ref": ref,
        "facts": members.fact(**who),
        "now": [(one, SOURCES.get(one.source, one.source)) for one in now],
        "before": [one for one in care.assignments(**who, limit=20) if one.until is not None],
        "advisers": [(ids.encode(ADVISER_PREFIX, a.id), a) for a in care.advisers(program_id=program)],
        "kinds": sorted({a.kind for a in care.advisers(program_id=program)}),
        "notes": [
            (ids.encode(NOTE_PREFIX, one.id), one)
            for one in care.notes(**who, reveal_to=reveal_to, reason=reason, limit=NOTES)
        ],
        "follow_ups": [
            (ids.encode(FOLLOW_UP_PREFIX, one.id), one, STATES[one.state])
            for one in care.follow_ups(**who, reveal_to=reveal_to, limit=NOTES)
        ],
        "people": sorted({(a.user_id, a.name) for a in care.advisers(program_id=program)}, key=lambda p: p[1]),
        "preferences": _preferences(desk, member_id),
        "today": clock.local_day(clock.now(), desk.program.zone),
        "is_revealed": reveal_to is not None,
        "writes": desk.serves("care:write"),
    }
    return desk.page("care", context, title=_("Care"))


def _preferences(desk: Desk, member_id: UUID) -> list[dict[str, Any]]:
    said_ = {one.preference.key: one for one in care.likings(program_id=desk.program.id, member_id=member_id)}
    out = []
    for asked in care.preferences(program_id=desk.program.id):
        value = said_[asked.key].value if asked.key in said_ else None
        chosen = value if isinstance(value, list) else [value]
        out.append(
            {
                "key": asked.key,
                "name": words.named(asked.names, asked.key, desk.language),
                "type": asked.type.value,
                "value": value,
                "till": asked.till,
                "choices": [
                    (c.key, words.named(c.names, c.key, desk.language), c.key in chosen) for c in asked.choices
                ],
            }
        )
    return out


@page(serves="care:write")
def acted(desk: Desk, ref: str, name: str) -> HttpResponse:
    """Do one thing for a member and go back; say why not, when not. The services write the audit trail."""
    member_id = reading.member_of(desk, ref)
    act = ACTS.get(name)
    if act is None:
        raise NotFound
    back = HttpResponseRedirect(reverse("console_care", args=[ref]))
    if desk.request.method != "POST":
        return back
    try:
        with transaction.atomic():
            told = act(desk, member_id)
    except NotFound:
        raise
    except Refusal as no:
        desk.warn(said(no))
        return back
    desk.tell(str(told))
    return back


def _assign(desk: Desk, member_id: UUID) -> Any:
    told = desk.request.POST
    chosen = told.get("adviser", "")
    adviser = ids.decode(ADVISER_PREFIX, chosen) if chosen else None
    kind = told.get("kind", "")
    if adviser is not None:
        kind = care.adviser(program_id=desk.program.id, adviser_id=adviser).kind
    care.assign(program_id=desk.program.id, member_id=member_id, kind=kind, adviser_id=adviser, actor=desk.actor)
    return _("She is in care now.")


def _end(desk: Desk, member_id: UUID) -> Any:
    kind = desk.request.POST.get("kind", "")
    care.end(program_id=desk.program.id, member_id=member_id, kind=kind, actor=desk.actor)
    return _("Nobody looks after her in this now.")


def _note(desk: Desk, member_id: UUID) -> Any:
    text = desk.request.POST.get("text", "")
    care.write_note(program_id=desk.program.id, member_id=member_id, text=text, actor=desk.actor)
    return _("Noted.")


def _erase(desk: Desk, member_id: UUID) -> Any:
    note_id = ids.decode(NOTE_PREFIX, desk.request.POST.get("note", ""))
    own = care.note(program_id=desk.program.id, note_id=note_id)
    if own.member_id not in [member_id, *members.merged_from(program_id=desk.program.id, member_id=member_id)]:
        raise NotFound
    care.erase_note(program_id=desk.program.id, note_id=note_id, actor=desk.actor)
    return _("The words are erased for ever.")


def _ask(desk: Desk, member_id: UUID) -> Any:
    told = desk.request.POST
    try:
        due = date.fromisoformat(told.get("due_on", ""))
    except ValueError:
        raise Invalid(errors=[("due_on", str(_("is no day")))]) from None
    who = told.get("assignee", "")
    care.make_follow_up(
        program_id=desk.program.id,
        member_id=member_id,
        text=told.get("text", ""),
        due_on=due,
        assignee=int(who) if who.isdecimal() and len(who) < 10 else None,
        actor=desk.actor,
    )
    return _("It is on the list.")


def _close(desk: Desk, member_id: UUID) -> Any:
    told = desk.request.POST
    follow_up_id = ids.decode(FOLLOW_UP_PREFIX, told.get("follow_up", ""))
    own = care.follow_up(program_id=desk.program.id, follow_up_id=follow_up_id)
    if own.member_id not in [member_id, *members.merged_from(program_id=desk.program.id, member_id=member_id)]:
        raise NotFound
    state = FollowUpState.DROPPED if "drop" in told else FollowUpState.DONE
    care.close_follow_up(
        program_id=desk.program.id,
        follow_up_id=follow_up_id,
        state=state,
        actor=desk.actor,
        outcome=told.get("outcome", ""),
    )
    return STATES[state]


def _like(desk: Desk, member_id: UUID) -> Any:
    told = desk.request.POST
    values: dict[str, Any] = {}
    for one in care.preferences(program_id=desk.program.id):
        field = f"p-{one.key}"
        if one.type is PreferenceType.CHOICES:
            values[one.key] = told.getlist(field) or None
        elif one.type is PreferenceType.FLAG:
            values[one.key] = {"yes": True, "no": False}.get(told.get(field, ""))
        else:
            values[one.key] = told.get(field, "").strip() or None
    care.set_likings(
        program_id=desk.program.id, member_id=member_id, values=values, actor=desk.actor, source="console"
    )
    return _("Remembered.")


ACTS: dict[str, Callable[[Desk, UUID], Any]] = {
    "assign": _assign,
    "end": _end,
    "note": _note,
    "erase": _erase,
    "ask": _ask,
    "close": _close,
    "like": _like,
}


@page("care:read")
def advisers(desk: Desk) -> HttpResponse:
    """The advisers with their room, and the form to appoint one."""
    found = care.advisers(program_id=desk.program.id, active=None)
    stores = programs.stores(program_id=desk.program.id, limit=500, active=True).items
    names = {s.id: s.name for s in stores}
    context = {
        "advisers": [(ids.encode(ADVISER_PREFIX, a.id), a, names.get(a.store_id or 0, "")) for a in found],
        "stores": stores,
        "writes": desk.may("care:write"),
    }
    return desk.page("advisers", context, title=_("Advisers"))


@page("care:write")
def appointed(desk: Desk) -> HttpResponse:
    """Make somebody of the staff an adviser, or let one go; then back to the list."""
    back = HttpResponseRedirect(reverse("console_advisers"))
    told = desk.request.POST
    if desk.request.method != "POST":
        return back
    try:
        with transaction.atomic():
            if "retire" in told:
                _let_go(desk, ids.decode(ADVISER_PREFIX, told["retire"]))
            else:
                _appoint(desk)
    except Refusal as no:
        desk.warn(said(no))
        return back
    desk.tell(_("Changed."))
    return back


def _appoint(desk: Desk) -> None:
    told = desk.request.POST
    room, store = told.get("capacity", ""), told.get("store", "")
    if not room.isdecimal() or len(room) > 6:
        raise Invalid(errors=[("capacity", str(_("must be a number")))])
    care.appoint(
        program_id=desk.program.id,
        user_id=staff.person_by_email(email=told.get("email", "")).id,
        kind=told.get("kind", "").strip(),
        capacity=int(room),
        store_id=programs.store(program_id=desk.program.id, key=store).id if store else None,
        actor=desk.actor,
    )


def _let_go(desk: Desk, adviser_id: UUID) -> None:
    _moved, left = care.hand_over(program_id=desk.program.id, adviser_id=adviser_id, actor=desk.actor)
    if left:
        desk.warn(_("%(n)s members are still hers: find room for them, then try again.") % {"n": left})
    else:
        care.retire(program_id=desk.program.id, adviser_id=adviser_id, actor=desk.actor)


@page(serves="care:write")
def own_desk(desk: Desk) -> HttpResponse:
    """My members, what is due today, what should be done already; the reading of words is written down."""
    after = desk.request.GET.get("after", "")
    found = care.desk(
        program_id=desk.program.id,
        user_id=desk.access.person.id,
        reader=desk.actor,
        before=int(after) if after.isdecimal() and len(after) < 19 else None,
    )
    them = {m.member_id for m in found.members}
    them |= {f.member_id for f in (*found.overdue, *found.today, *found.coming)}
    facts = members.facts(program_id=desk.program.id, member_ids=them)
    context = {
        "lists": [
            (name, tone, [(ids.encode(FOLLOW_UP_PREFIX, f.id), f, _who(facts, f.member_id)) for f in entries])
            for name, tone, entries in (
                (_("Overdue"), "rg-bad", found.overdue),
                (_("Today"), "rg-warn", found.today),
                (_("Within seven days"), "", found.coming),
            )
        ],
        "mine": [(m, _who(facts, m.member_id)) for m in found.members],
        "is_adviser": bool(care.adviser_of_person(program_id=desk.program.id, user_id=desk.access.person.id)),
        "newest": "?" if after else None,
        "older": f"?after={found.cursor}" if found.cursor else None,
    }
    answer = desk.page("adviser_desk", context, title=_("My members"))
    answer["Cache-Control"] = "no-store"
    return answer


def _who(facts: dict[UUID, Any], member_id: UUID) -> tuple[str, str]:
    known = facts.get(member_id)
    name = (known.masked_name or known.number) if known else ""
    return ids.encode(PREFIX, known.merged_into or member_id) if known else "", name

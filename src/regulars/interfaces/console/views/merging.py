"""Two members that are one person: found, compared, merged; and taken apart again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from regulars.governance.identity import services as identity
from regulars.governance.identity.terms import PREFIX as MERGE_PREFIX
from regulars.governance.identity.terms import UNDO_DAYS
from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.forms import MergeForm, WhyForm
from regulars.interfaces.console.reading import member as reading
from regulars.interfaces.console.reading.finding import find
from regulars.interfaces.console.refusals import said
from regulars.interfaces.console.views.members import address
from regulars.kernel import ids
from regulars.kernel.errors import Refusal
from regulars.people.members import services as members
from regulars.people.members.terms import PREFIX
from regulars.value.orders import services as orders


@page("members:merge")
def merge(desk: Desk, ref: str) -> HttpResponse:
    """Search the other, see both side by side, choose who stays, give a reason, confirm."""
    member_id = reading.member_of(desk, ref)
    posted = desk.request.POST if desk.request.method == "POST" else {}
    context: dict[str, Any] = {"ref": ref, "facts": members.fact(program_id=desk.program.id, member_id=member_id)}
    status = 200
    if "q" in posted:
        text = str(posted["q"]).strip()[:200]
        found = find(program_id=desk.program.id, text=text) if text else []
        context |= {"asked": text, "found": [f for f in found if f.member_id != member_id and not f.merged_into]}
    elif "other" in posted:
        form = MergeForm(posted if "do" in posted else None, initial={"other": posted["other"], "stays": "this"})
        other_id = reading.member_of(desk, str(posted["other"]))
        context |= {
            "form": form,
            "other": posted["other"],
            "sides": [_side(desk, "this", member_id), _side(desk, "other", other_id)],
            "units": reading.unit_names(desk),
            "days": UNDO_DAYS,
        }
        if form.is_bound and form.is_valid():
            try:
                return _merged(desk, member_id, other_id, form.cleaned_data)
            except Refusal as no:
                context["refusal"], status = said(no), no.status
    return desk.page("merge", context, title=_("Merge members"), status=status)


def _side(desk: Desk, name: str, member_id: UUID) -> dict[str, Any]:
    profile = members.profile(program_id=desk.program.id, member_id=member_id)
    newest = (
        orders.of_member(program_id=desk.program.id, member_id=member_id, limit=3)
        if desk.may("orders:read")
        else None
    )
    return {
        "name": name,
        "ref": ids.encode(PREFIX, member_id),
        "profile": profile,
        "cards": reading.cards(desk, member_id),
        "levels": reading.levels(desk, member_id),
        "orders": newest.items if newest else (),
    }


def _merged(desk: Desk, this: UUID, other: UUID, told: dict[str, Any]) -> HttpResponse:
    into, from_ = (this, other) if told["stays"] == "this" else (other, this)
    with transaction.atomic():
        done = identity.merge(
            program_id=desk.program.id, into=into, from_=from_, reason=told["why"], actor=desk.actor
        )
        desk.record(
            action="members.merge",
            object=ids.encode(PREFIX, into),
            reason=told["why"],
            from_id=ids.encode(PREFIX, from_),
            merge=ids.encode(MERGE_PREFIX, done.merge_id),
        )
    desk.tell(_("Merged. It can be undone for %(days)s days.") % {"days": UNDO_DAYS})
    return HttpResponseRedirect(f"{address(into)}?tab=merges#tabs")


@page("members:merge")
def unmerge(desk: Desk, ref: str, merge_ref: str) -> HttpResponse:
    """Take two members apart again, after a reason."""
    reading.member_of(desk, ref)
    found = identity.find(program_id=desk.program.id, merge_id=ids.decode(MERGE_PREFIX, merge_ref))
    form = WhyForm(desk.request.POST if desk.request.method == "POST" else None)
    context: dict[str, Any] = {"ref": ref, "merge": found, "form": form, "units": reading.unit_names(desk)}
    status = 200
    if form.is_bound and form.is_valid():
        try:
            with transaction.atomic():
                identity.undo(
                    program_id=desk.program.id,
                    merge_id=found.merge_id,
                    reason=form.cleaned_data["why"],
                    actor=desk.actor,
                )
                desk.record(action="members.unmerge", object=ref, reason=form.cleaned_data["why"], merge=merge_ref)
            desk.tell(_("Undone: they are two members again."))
            return HttpResponseRedirect(f"{address(found.into)}?tab=merges#tabs")
        except Refusal as no:
            context["refusal"], status = said(no), no.status
    return desk.page("unmerge", context, title=_("Undo a merge"), status=status)

"""Acts upon a member: asked with a reason, told what will happen, confirmed, done through the services, recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from regulars.interfaces.console import words
from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.forms import AdjustForm, FreeForm, HoldForm, ReleaseForm, WhyForm
from regulars.interfaces.console.reading import member as reading
from regulars.interfaces.console.refusals import said
from regulars.interfaces.console.views.members import address
from regulars.kernel import clock, ids
from regulars.kernel.errors import NotFound, Refusal
from regulars.people.members import services as members
from regulars.people.members.terms import MemberStatus, UnknownIdentifier
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Adjustment, Source, UnitKind

Told = Mapping[str, Any]
_CODE = "console"  # what news and members' history say; the words a person typed stay in the audit trail


@dataclass(frozen=True, kw_only=True)
class Act:
    """One kind of act. `foresee` says what will happen, `do` does it and says what was done."""

    title: Any
    permission: str
    form: type[WhyForm]
    foresee: Callable[[Desk, UUID, Told], list[str]]
    do: Callable[[Desk, UUID, str, Told], str]
    button: Any
    is_dangerous: bool = False


@page()
def act(desk: Desk, ref: str, name: str) -> HttpResponse:
    """Ask, show what will happen, do. A refusal is shown beside what was asked; nothing was changed then."""
    wanted = ACTS.get(name)
    if wanted is None:
        raise NotFound
    if not desk.serves(wanted.permission):
        desk.require(wanted.permission)
    member_id = reading.member_of(desk, ref)
    units = _units(desk)
    posted = desk.request.POST if desk.request.method == "POST" else None
    form = wanted.form(posted, units=units, initial=_first(desk))
    context: dict[str, Any] = {
        "act": wanted,
        "form": form,
        "ref": ref,
        "facts": members.fact(program_id=desk.program.id, member_id=member_id),
    }
    if posted is not None and form.is_valid() and "back" not in posted:
        try:
            if "do" in posted:
                with transaction.atomic():
                    done = wanted.do(desk, member_id, ref, form.cleaned_data)
                desk.tell(done)
                return HttpResponseRedirect(address(member_id))
            context["will"] = wanted.foresee(desk, member_id, form.cleaned_data)
        except Refusal as no:
            context["refusal"] = said(no)
    elif posted is None and isinstance(form, ReleaseForm | FreeForm):
        context["about"] = _about(desk, member_id, form)
    return desk.page("act", context, title=wanted.title, status=409 if context.get("refusal") else 200)


def _units(desk: Desk) -> list[tuple[str, str]]:
    found = [u for u in ledger.units(program_id=desk.program.id) if u.retired_at is None]
    found.sort(key=lambda u: (u.kind is not UnitKind.SPENDABLE, u.slot))
    return [(u.key, words.named(u.names, u.key, desk.language)) for u in found]


def _first(desk: Desk) -> dict[str, Any]:
    asked = desk.request.GET
    return {
        "key": f"console/{ids.new_id()}",
        "hold": asked.get("hold", ""),
        "identifier": asked.get("identifier", ""),
    }


def _about(desk: Desk, member_id: UUID, form: WhyForm) -> str:
    """Which hold or identifier is meant, before anything is asked."""
    first = form.initial
    try:
        if isinstance(form, FreeForm):
            return _identifier(desk, member_id, UUID(first["identifier"]))
        held = ledger.hold_of(program_id=desk.program.id, hold_id=UUID(first["hold"]))
    except (ValueError, NotFound) as no:
        raise Http404 from no
    return f"{held.amount:,} {_unit_name(desk, held.unit)}"


def _identifier(desk: Desk, member_id: UUID, identifier_id: UUID) -> str:
    found = members.identifiers(program_id=desk.program.id, member_id=member_id)
    view = next((i for i in found if i.identifier_id == identifier_id and i.released_at is None), None)
    if view is None:
        raise UnknownIdentifier
    return f"{words.word('identifier', view.type.value)} {view.hint}"


def _unit_name(desk: Desk, key: str) -> str:
    return dict(_units(desk)).get(key, key)


def _balance(desk: Desk, member_id: UUID, unit: str) -> int:
    found = ledger.balances(program_id=desk.program.id, member_id=member_id, zone=desk.program.zone)
    return found[unit].active


def _limit(desk: Desk, unit: str) -> int:
    own = desk.access.serving_limit(desk.program.id)
    of_unit = ledger.unit(program_id=desk.program.id, key=unit).adjust_limit
    return own if of_unit is None else min(own, of_unit)


def _foresee_adjust(desk: Desk, member_id: UUID, told: Told) -> list[str]:
    now, name = _balance(desk, member_id, told["unit"]), _unit_name(desk, told["unit"])
    limit = _limit(desk, told["unit"])
    after = now + told["amount"]
    will = [_("%(unit)s: from %(now)s to %(after)s.") % {"unit": name, "now": f"{now:,}", "after": f"{after:,}"}]
    so_far = ledger.corrected_alone(
        program_id=desk.program.id, member_id=member_id, unit=told["unit"], actor=desk.actor
    )
    if abs(told["amount"]) > limit:
        will.append(
            _("This is more than the %(limit)s you may move alone: it waits until a second person approves it.")
            % {"limit": f"{limit:,}"}
        )
    elif abs(told["amount"]) + so_far > limit:
        will.append(
            _(
                "With your %(so_far)s of the last 24 hours this is more than the %(limit)s you may move alone: it "
                "waits until a second person approves it."
            )
            % {"so_far": f"{so_far:,}", "limit": f"{limit:,}"}
        )
    else:
        will.append(_("It happens at once and is written into the journal with your name."))
    if after < 0:
        will.append(_("The member holds less than that: it will be refused."))
    return will


def _adjust(desk: Desk, member_id: UUID, ref: str, told: Told) -> str:
    done = ledger.adjust(
        program_id=desk.program.id,
        member_id=member_id,
        key=told["key"],
        unit=told["unit"],
        amount=told["amount"],
        reason=told["code"],
        actor=desk.actor,
        limit=desk.access.serving_limit(desk.program.id),
    )
    waits = isinstance(done, Adjustment)
    desk.record(
        action="points.ask_adjustment" if waits else "points.adjust",
        object=ref,
        reason=told["why"],
        unit=told["unit"],
        amount=told["amount"],
        code=told["code"],
        key=told["key"],
    )
    return _("It waits for a second person now.") if waits else _("Adjusted.")


def _foresee_hold(desk: Desk, member_id: UUID, told: Told) -> list[str]:
    now, name = _balance(desk, member_id, told["unit"]), _unit_name(desk, told["unit"])
    return [
        _("%(n)s %(unit)s of %(now)s cannot be spent elsewhere, and come back by themselves when the time is over.")
        % {"n": f"{told['amount']:,}", "unit": name, "now": f"{now:,}"}
    ]


def _hold(desk: Desk, member_id: UUID, ref: str, told: Told) -> str:
    ledger.hold(
        program_id=desk.program.id,
        member_id=member_id,
        key=told["key"],
        unit=told["unit"],
        amount=told["amount"],
        expires_at=clock.now() + timedelta(minutes=told["minutes"]),
        actor=desk.actor,
        source=Source(type="console"),
    )
    desk.record(
        action="points.hold",
        object=ref,
        reason=told["why"],
        unit=told["unit"],
        amount=told["amount"],
        key=told["key"],
    )
    return _("Put on hold.")


def _held_of(desk: Desk, member_id: UUID, told: Told) -> Any:
    held = ledger.hold_of(program_id=desk.program.id, hold_id=told["hold"])
    if held.member_id != member_id:
        raise NotFound
    return held


def _foresee_release(desk: Desk, member_id: UUID, told: Told) -> list[str]:
    held = _held_of(desk, member_id, told)
    left = held.amount - held.captured - held.released
    return [
        _("%(n)s %(unit)s can be spent again; what has expired meanwhile expires now.")
        % {"n": f"{left:,}", "unit": _unit_name(desk, held.unit)}
    ]


def _release(desk: Desk, member_id: UUID, ref: str, told: Told) -> str:
    _held_of(desk, member_id, told)
    ledger.release(program_id=desk.program.id, hold_id=told["hold"], key=told["key"], actor=desk.actor)
    desk.record(action="points.release", object=ref, reason=told["why"], hold=str(told["hold"]))
    return _("Released.")


def _foresee_free(desk: Desk, member_id: UUID, told: Told) -> list[str]:
    which = _identifier(desk, member_id, told["identifier"])
    return [_("%(which)s no longer finds this member, and another member may take it.") % {"which": which}]


def _free(desk: Desk, member_id: UUID, ref: str, told: Told) -> str:
    members.release_identifier(
        program_id=desk.program.id,
        member_id=member_id,
        identifier_id=told["identifier"],
        reason=_CODE,
        actor=desk.actor,
    )
    desk.record(
        action="members.release_identifier", object=ref, reason=told["why"], identifier=str(told["identifier"])
    )
    return _("Released.")


def _status(status: MemberStatus, action: str, done: Any) -> Callable[[Desk, UUID, str, Told], str]:
    def do(desk: Desk, member_id: UUID, ref: str, told: Told) -> str:
        was = members.set_status(
            program_id=desk.program.id, member_id=member_id, status=status, reason=_CODE, actor=desk.actor
        )
        desk.record(action=action, object=ref, reason=told["why"], was=str(was))
        return str(done)

    return do


def _says(sentence: Any) -> Callable[[Desk, UUID, Told], list[str]]:
    return lambda desk, member_id, told: [str(sentence)]


ACTS = {
    "adjust": Act(
        title=gettext_lazy("Adjust points"),
        permission="points:adjust",
        form=AdjustForm,
        foresee=_foresee_adjust,
        do=_adjust,
        button=gettext_lazy("Adjust"),
    ),
    "hold": Act(
        title=gettext_lazy("Put points on hold"),
        permission="points:adjust",
        form=HoldForm,
        foresee=_foresee_hold,
        do=_hold,
        button=gettext_lazy("Put on hold"),
    ),
    "release": Act(
        title=gettext_lazy("Release a hold"),
        permission="points:adjust",
        form=ReleaseForm,
        foresee=_foresee_release,
        do=_release,
        button=gettext_lazy("Release"),
    ),
    "free": Act(
        title=gettext_lazy("Release an identifier"),
        permission="members:write",
        form=FreeForm,
        foresee=_foresee_free,
        do=_free,
        button=gettext_lazy("Release"),
        is_dangerous=True,
    ),
    "suspend": Act(
        title=gettext_lazy("Suspend the member"),
        permission="members:write",
        form=WhyForm,
        foresee=_says(gettext_lazy("The member can neither earn nor spend until reopened. Returns still count.")),
        do=_status(MemberStatus.SUSPENDED, "members.suspend", gettext_lazy("Suspended.")),
        button=gettext_lazy("Suspend"),
        is_dangerous=True,
    ),
    "earn-only": Act(
        title=gettext_lazy("Limit the member to earning"),
        permission="members:write",
        form=WhyForm,
        foresee=_says(gettext_lazy("The member goes on collecting, but cannot spend, transfer or hold.")),
        do=_status(MemberStatus.EARN_ONLY, "members.earn_only", gettext_lazy("Limited to earning.")),
        button=gettext_lazy("Limit"),
    ),
    "reopen": Act(
        title=gettext_lazy("Reopen the member"),
        permission="members:write",
        form=WhyForm,
        foresee=_says(gettext_lazy("The member earns and spends again.")),
        do=_status(MemberStatus.ACTIVE, "members.reopen", gettext_lazy("Reopened.")),
        button=gettext_lazy("Reopen"),
    ),
}

"""Benefits: what the program offers with cost and use by level; and a member's, used, undone, chosen and granted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from regulars.interfaces.console import words
from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.reading import member as reading
from regulars.interfaces.console.refusals import said
from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid, Refusal
from regulars.people.members import services as members
from regulars.value.benefits import services as benefits
from regulars.value.benefits.terms import PREFIX, Benefit, Entitled, Gift, GiftState, HoldingKind, Use

SHOWN = 30
COST_DAYS = 365


@page("benefits:read")
def listed(desk: Desk) -> HttpResponse:
    """Benefits and packs, what they cost by level in a year, and gifts that could not be given."""
    program = desk.program.id
    if desk.request.method == "POST":
        desk.require("benefits:write")
        return _again(desk)
    now = clock.now()
    rows = benefits.costs(program_id=program, since=now - timedelta(days=COST_DAYS), until=now)
    found = benefits.benefits(program_id=program)
    names = {b.key: name_of(desk, b) for b in found}
    failed = benefits.gifts(program_id=program, state=GiftState.FAILED, limit=SHOWN)
    context = {
        "benefits": [
            (b, names[b.key], benefits.next_day(program_id=program, benefit=b), benefits.gives_told(b)) for b in found
        ],
        "packs": [
            (p, words.named(p.names, p.key, desk.language), [names.get(k, k) for k in p.benefits])
            for p in benefits.packs(program_id=program)
        ],
        "costs": [(c, names.get(c.benefit, c.benefit)) for c in rows],
        "total": sum(c.cost_minor for c in rows),
        "failed": [(g, ids.encode("mem", g.member_id)) for g in failed],
        "people": members.facts(program_id=program, member_ids=[g.member_id for g in failed]),
    }
    return desk.page("benefits", context, title=_("Benefits"))


def name_of(desk: Desk, benefit: Benefit) -> str:
    """What a benefit is called for the reader."""
    return words.named(benefit.names, benefit.key, desk.language)


def _again(desk: Desk) -> HttpResponse:
    gift = desk.request.POST.get("gift", "")
    try:
        with transaction.atomic():
            done = benefits.try_again(program_id=desk.program.id, gift_id=int(gift) if gift.isdecimal() else 0)
            desk.record(action="benefits.retry", object=ids.encode("mem", done.member_id), gift=gift)
        if done.state is GiftState.GIVEN:
            desk.tell(_("The gift was given."))
        else:
            desk.warn(_("The gift could still not be given."))
    except Refusal as no:
        desk.warn(f"{said(no)} {_('Nothing was changed.')}")
    return HttpResponseRedirect(reverse("console_benefits"))


@page(serves="benefits:read")
def of_member(desk: Desk, ref: str) -> HttpResponse:
    """A member's benefits: what she has and what is left, uses, gifts and packs; who may, acts for her."""
    member_id = reading.member_of(desk, ref)
    if desk.request.method == "POST":
        if not desk.serves("benefits:write"):
            desk.require("benefits:write")
        return _done_for(desk, ref, member_id)
    program = desk.program.id
    names = {b.key: name_of(desk, b) for b in benefits.benefits(program_id=program)}
    packs = benefits.packs(program_id=program)
    context = {
        "ref": ref,
        "facts": members.fact(program_id=program, member_id=member_id),
        "entitled": [_entitled(desk, e, names) for e in benefits.of(program_id=program, member_id=member_id)],
        "uses": lines(desk, benefits.uses(program_id=program, member_id=member_id, limit=SHOWN)),
        "gifts": gift_lines(desk, benefits.gifts(program_id=program, member_id=member_id, limit=SHOWN)),
        "holdings": benefits.holdings(program_id=program, member_id=member_id),
        "packs": [(p.key, words.named(p.names, p.key, desk.language)) for p in packs],
        "writes": desk.serves("benefits:write"),
        "key": ids.encode("key", ids.new_id()),
        "now": clock.now(),
    }
    return desk.page("member_benefits", context, title=_("Benefits"))


def _entitled(desk: Desk, one: Entitled, names: dict[str, str]) -> dict[str, Any]:
    b = one.benefit
    return {
        "one": one,
        "name": name_of(desk, b),
        "chosen": [names.get(k, k) for k in one.chosen],
        "choose": [(k, names.get(k, k), k in one.chosen) for k in b.choose.of] if b.choose else [],
        "may_use": one.is_open and not b.comes_by_itself and b.choose is None,
    }


def lines(desk: Desk, uses: tuple[Use, ...]) -> list[tuple[Use, str, str]]:
    """Uses with their public ids and the names of their benefits."""
    names = {b.key: name_of(desk, b) for b in benefits.benefits(program_id=desk.program.id)}
    return [(u, ids.encode(PREFIX, u.use_id), names.get(u.benefit, u.benefit)) for u in uses]


def gift_lines(desk: Desk, gifts: tuple[Gift, ...]) -> list[tuple[Gift, str]]:
    """Occasions with the names of what they brought."""
    names = {b.key: name_of(desk, b) for b in benefits.benefits(program_id=desk.program.id)}
    return [(g, ", ".join([names.get(k, k) for k in g.benefits])) for g in gifts]


def _done_for(desk: Desk, ref: str, member_id: UUID) -> HttpResponse:
    act = ACTS.get(_told(desk, "act"))
    try:
        if act is None:
            raise Invalid(errors=[("act", str(_("is needed")))])
        with transaction.atomic():
            told = act(desk, member_id)
            desk.record(action=f"benefits.{_told(desk, 'act')}", object=ref, reason=_told(desk, "reason"))
        desk.tell(told)
    except Refusal as no:
        desk.warn(f"{said(no)} {_('Nothing was changed.')}")
    return HttpResponseRedirect(reverse("console_member_benefits", args=[ref]))


def _told(desk: Desk, name: str) -> str:
    return str(desk.request.POST.get(name, "")).strip()[:200]


def _reason(desk: Desk) -> str:
    reason = _told(desk, "reason")
    if not reason:
        raise Invalid(errors=[("reason", str(_("is needed")))])
    return reason


def _use(desk: Desk, member_id: UUID) -> str:
    benefits.use(
        program_id=desk.program.id,
        member_id=member_id,
        benefit=_told(desk, "benefit"),
        key=f"console/{_told(desk, 'key')}",
        actor=desk.actor,
    )
    return _("The benefit was used.")


def _undo(desk: Desk, member_id: UUID) -> str:
    use = benefits.find_use(program_id=desk.program.id, use_id=ids.decode(PREFIX, _told(desk, "use")))
    benefits.undo(program_id=desk.program.id, use_id=use.use_id, reason=_reason(desk), actor=desk.actor)
    return _("The use was undone.")


def _choose(desk: Desk, member_id: UUID) -> str:
    benefits.choose(
        program_id=desk.program.id,
        member_id=member_id,
        benefit=_told(desk, "benefit"),
        picked=desk.request.POST.getlist("picked"),
        actor=desk.actor,
    )
    return _("The choice was kept.")


def _grant(desk: Desk, member_id: UUID) -> str:
    until = _told(desk, "until")
    try:
        day = date.fromisoformat(until) if until else None
    except ValueError as no:
        raise Invalid(errors=[("until", str(_("is not a day")))]) from no
    ends: datetime | None = clock.day_ends(day, desk.program.zone) if day else None
    reason = _reason(desk)
    benefits.grant_pack(
        program_id=desk.program.id,
        member_id=member_id,
        pack=_told(desk, "pack"),
        until=ends,
        source="staff",
        actor=desk.actor,
    )
    return _("The pack was granted: %(reason)s") % {"reason": reason}


def _end(desk: Desk, member_id: UUID) -> str:
    _reason(desk)
    benefits.revoke_pack(
        program_id=desk.program.id,
        member_id=member_id,
        source=_told(desk, "source"),
        pack=_told(desk, "pack"),
        actor=desk.actor,
    )
    return _("The pack has ended.")


def _return(desk: Desk, member_id: UUID) -> str:
    gift = _told(desk, "gift")
    benefits.return_gift(
        program_id=desk.program.id,
        gift_id=int(gift) if gift.isdecimal() else 0,
        reason=_reason(desk),
        actor=desk.actor,
    )
    return _("The gift was taken back as far as it goes.")


ACTS: dict[str, Callable[[Desk, UUID], str]] = {
    "use": _use,
    "undo": _undo,
    "choose": _choose,
    "grant": _grant,
    "end": _end,
    "return": _return,
}


def panel_of(desk: Desk, ref: str, most: int) -> dict[str, Any]:
    """The panel on a member's page: what is open for her now, and packs that run; nothing where there are none."""
    program = desk.program.id
    if not desk.serves("benefits:read") or not benefits.benefits(program_id=program):
        return {}
    member_id = ids.decode("mem", ref)
    found = benefits.of(program_id=program, member_id=member_id)
    held = benefits.holdings(program_id=program, member_id=member_id, is_live=True)
    return {
        "desk": desk,
        "ref": ref,
        "entitled": [(e, name_of(desk, e.benefit)) for e in found[:most]],
        "more": max(len(found) - most, 0),
        "packs": [h for h in held if h.kind is HoldingKind.PACK],
    }

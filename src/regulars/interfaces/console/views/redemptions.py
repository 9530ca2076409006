"""One redemption with its whole story and what may be done now; and a member's rewards: the mall as she sees it."""

from __future__ import annotations

from collections.abc import Callable
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
from regulars.interfaces.console.views.rewards import OPEN, lines, stores_of
from regulars.kernel import ids
from regulars.kernel.errors import Forbidden, Invalid, NotFound, Refusal
from regulars.people.members import services as members
from regulars.value.rewards import services as rewards
from regulars.value.rewards.terms import PREFIX, WAIT_PREFIX, By, Kind, Offer, Redemption, State

SHOWN = 30


@page(serves="rewards:read")
def shown(desk: Desk, ref: str) -> HttpResponse:
    """A redemption with its whole story."""
    return _shown(desk, ref, _of(desk, ref))


@page(serves="members:reveal")
def revealed(desk: Desk, ref: str) -> HttpResponse:
    """The same with the address in clear for this one look, for a reason that is written down."""
    if not desk.serves("rewards:read"):
        desk.require("rewards:read")
    one, reason = _of(desk, ref), desk.request.POST.get("reason", "").strip()[:200]
    if desk.request.method != "POST":
        return HttpResponseRedirect(reverse("console_redemption", args=[ref]))
    if not reason:
        raise Invalid(errors=[("reason", str(_("is needed")))])
    told = rewards.delivery(program_id=desk.program.id, redemption_id=one.redemption_id)
    desk.record(action="rewards.delivery", object=ref, reason=reason)
    answer = _shown(desk, ref, one, delivery=told)
    answer["Cache-Control"] = "no-store"
    return answer


def _of(desk: Desk, ref: str) -> Redemption:
    return rewards.find(program_id=desk.program.id, redemption_id=ids.decode(PREFIX, ref))


def _shown(
    desk: Desk, ref: str, one: Redemption, *, delivery: str | None = None, codes: tuple[str, ...] = ()
) -> HttpResponse:
    reward = next(
        (r for r in rewards.rewards(program_id=desk.program.id, version=one.version) if r.key == one.reward), None
    )
    by = reward.fulfilment.by if reward else By.STORE
    is_unpaid = one.pay_until is not None
    writes = desk.serves("rewards:write") and _is_hers(desk, one.store)
    is_open = one.state in OPEN
    context = {
        "ref": ref,
        "one": one,
        "name": words.named(one.names, one.reward, desk.language),
        "who": members.facts(program_id=desk.program.id, member_ids=[one.member_id]).get(one.member_id),
        "mem": ids.encode("mem", one.member_id),
        "story": rewards.story(program_id=desk.program.id, redemption_id=one.redemption_id),
        "units": reading.unit_names(desk),
        "delivery": delivery,
        "codes": codes,
        "stores": stores_of(desk, "rewards:write"),
        "may": {
            "pay": writes and is_unpaid,
            "accept": writes and not is_unpaid and one.state is State.REQUESTED,
            "ship": writes and not is_unpaid and by is By.SHIP and one.state in (State.REQUESTED, State.ACCEPTED),
            "ready": writes and not is_unpaid and by is By.STORE and one.state in (State.REQUESTED, State.ACCEPTED),
            "fulfil": writes and not is_unpaid and is_open,
            "codes": writes and one.kind is Kind.DIGITAL_CODE and one.state is State.FULFILLED and not codes,
            "end": writes and (is_open or (one.state is State.FULFILLED and one.kind is not Kind.DONATION)),
        },
    }
    return desk.page("redemption", context, title=context["name"])


@page(serves="rewards:write")
def acted(desk: Desk, ref: str, name: str) -> HttpResponse:
    """Do one thing with a redemption and go back; say why not, when not."""
    act = ACTS.get(name)
    if act is None or desk.request.method != "POST":
        raise NotFound
    one = _of(desk, ref)
    _must_be_hers(desk, one)
    try:
        if name == "codes":
            told = _codes(desk, one, ref)
            answer = _shown(desk, ref, _of(desk, ref), codes=told)
            answer["Cache-Control"] = "no-store"
            return answer
        with transaction.atomic():
            after = act(desk, one.redemption_id)
            desk.record(action=f"rewards.{name}", object=ref, reason=_told(desk, "reason"))
        desk.tell(_("Done: %(state)s.") % {"state": words.word("redemption", after.state.value)})
    except Refusal as no:
        desk.warn(f"{said(no)} {_('Nothing was changed.')}")
    return HttpResponseRedirect(reverse("console_redemption", args=[ref]))


def _is_hers(desk: Desk, store: str) -> bool:
    """Whether what is fetched in a store is hers to hand over: who works in some stores does so in those."""
    if not store or desk.may("rewards:write"):
        return True
    return store in {s.key for s in stores_of(desk, "rewards:write")}


def _must_be_hers(desk: Desk, one: Redemption) -> None:
    """Raises: Forbidden."""
    if not (_is_hers(desk, one.store) and _is_hers(desk, _told(desk, "store"))):
        raise Forbidden(permission="rewards:write")


def _told(desk: Desk, name: str) -> str:
    return str(desk.request.POST.get(name, "")).strip()[:200]


def _codes(desk: Desk, one: Redemption, ref: str) -> tuple[str, ...]:
    with transaction.atomic():
        told = rewards.show_codes(program_id=desk.program.id, redemption_id=one.redemption_id, actor=desk.actor)
        desk.record(action="rewards.codes_shown", object=ref)
    return told


def _simple(do: Callable[..., Redemption], *fields: str) -> Callable[[Desk, UUID], Redemption]:
    return lambda desk, redemption_id: do(
        program_id=desk.program.id,
        redemption_id=redemption_id,
        actor=desk.actor,
        **{field: _told(desk, field) for field in fields},
    )


def _ending(do: Callable[..., Redemption]) -> Callable[[Desk, UUID], Redemption]:
    def ended(desk: Desk, redemption_id: UUID) -> Redemption:
        reason = _told(desk, "reason")
        if not reason:
            raise Invalid(errors=[("reason", str(_("is needed")))])
        return do(
            program_id=desk.program.id,
            redemption_id=redemption_id,
            actor=desk.actor,
            reason=reason,
            restock=desk.request.POST.get("restock") == "1",
        )

    return ended


ACTS: dict[str, Callable[[Desk, UUID], Redemption]] = {
    "pay": _simple(rewards.pay, "payment_ref"),
    "accept": _simple(rewards.accept),
    "ship": _simple(rewards.ship, "tracking"),
    "ready": _simple(rewards.make_ready, "store"),
    "fulfil": _simple(rewards.fulfil, "store"),
    "cancel": _ending(rewards.cancel),
    "fail": _ending(rewards.fail),
    "codes": _simple(rewards.fulfil),
}


@page(serves="rewards:read")
def of_member(desk: Desk, ref: str) -> HttpResponse:
    """A member's rewards: what she may have, what she has, for what she waits; who may, redeems for her."""
    member_id = reading.member_of(desk, ref)
    if desk.request.method == "POST":
        if not desk.serves("rewards:write"):
            desk.require("rewards:write")
        return _done_for(desk, ref, member_id)
    program = desk.program.id
    page_ = rewards.redemptions(program_id=program, member_id=member_id, limit=SHOWN)
    context = {
        "ref": ref,
        "facts": members.fact(program_id=program, member_id=member_id),
        "offers": [_offer(desk, o) for o in rewards.mall(program_id=program, member_id=member_id)],
        "redemptions": lines(desk, page_.items),
        "waits": [
            (w, ids.encode(WAIT_PREFIX, w.wait_id)) for w in rewards.waits_of(program_id=program, member_id=member_id)
        ],
        "units": reading.unit_names(desk),
        "writes": desk.serves("rewards:write"),
        "key": ids.encode("key", ids.new_id()),
    }
    return desk.page("member_rewards", context, title=_("Rewards"))


def _offer(desk: Desk, offer: Offer) -> dict[str, Any]:
    r = offer.reward
    free = {s.session: s for s in offer.shelves}
    return {
        "reward": r,
        "name": words.named(r.names, r.key, desk.language),
        "prices": offer.prices,
        "shelves": offer.shelves,
        "sessions": [
            (s, words.named(s.names, s.key, desk.language), free[s.key].left if s.key in free else None)
            for s in r.sessions
        ],
        "refused": offer.refused,
        "may_wait": r.offer_hours is not None and offer.refused == "sold_out" and not r.sessions,
    }


def _done_for(desk: Desk, ref: str, member_id: UUID) -> HttpResponse:
    """Redeem, wait or stop waiting for a member."""
    back = HttpResponseRedirect(reverse("console_member_rewards", args=[ref]))
    program, act = desk.program.id, _told(desk, "act")
    try:
        with transaction.atomic():
            if act == "wait":
                rewards.join(program_id=program, member_id=member_id, reward=_told(desk, "reward"), actor=desk.actor)
                desk.tell(_("She is on the waiting list."))
            elif act == "leave":
                wait_id = ids.decode(WAIT_PREFIX, _told(desk, "wait"))
                rewards.leave(program_id=program, wait_id=wait_id, actor=desk.actor)
                desk.tell(_("She no longer waits."))
            else:
                made = rewards.redeem(
                    program_id=program,
                    member_id=member_id,
                    reward=_told(desk, "reward"),
                    price=_told(desk, "price"),
                    session=_told(desk, "session"),
                    key=f"console/{_told(desk, 'key')}",
                    actor=desk.actor,
                )
                public = ids.encode(PREFIX, made.redemption_id)
                desk.record(action="rewards.redeem", object=public, reward=made.reward)
                back = HttpResponseRedirect(reverse("console_redemption", args=[public]))
                desk.tell(_("The reward is hers."))
    except Refusal as no:
        desk.warn(f"{said(no)} {_('Nothing was changed.')}")
    return back

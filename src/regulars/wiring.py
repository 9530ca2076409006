"""Everything that happens by itself, on news and at night: one line per consequence; nothing else reacts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from regulars.governance.assurance import services as assurance
from regulars.governance.identity.terms import MembersMerged, MergeUndone
from regulars.governance.publishing.services import costing, previews
from regulars.governance.publishing.terms import ProgramPublished
from regulars.interfaces import sandbox
from regulars.interfaces.imports import services as imports
from regulars.kernel import idempotency, nights, outbox
from regulars.kernel.nights import Step, Work, until_nothing, whole
from regulars.kernel.outbox import Reaction
from regulars.people.agreements.terms import ChangeAcknowledged
from regulars.people.audiences import services as audiences
from regulars.people.events import services as events
from regulars.people.members import services as members
from regulars.people.members.terms import CodeMade, MemberForgotten, MemberRegistered, MemberStatusChanged
from regulars.people.programs import services as programs
from regulars.value.allowances import services as allowances
from regulars.value.benefits import services as benefits
from regulars.value.catalog import services as catalog
from regulars.value.checkout import services as checkout
from regulars.value.coupons import services as coupons
from regulars.value.ledger import services as ledger
from regulars.value.orders.terms import OrderClaimed, OrderPlaced, OrderReturned
from regulars.value.orders.terms.closing import OrderDecided
from regulars.value.promotions import services as promotions
from regulars.value.rewards import services as rewards
from regulars.value.subscriptions import services as subscriptions
from regulars.value.tiers import services as tiers
from regulars.value.tiers.terms import MilestoneReached, ReviewGoesOn, TierLowered, TierRaised


def _review(cause: str, *names: str) -> Callable[[Any, int], object]:
    """The levels of these members are what their measures say now; a guest has none."""
    return lambda e, program_id: tiers.review(
        program_id=program_id, member_ids=[m for m in [getattr(e, n) for n in names] if m], cause=cause
    )


def _redeem(name: str) -> Callable[[Any, int], object]:
    """Rewards that redeem themselves when her balance has reached their mark."""
    return lambda e, program_id: rewards.redeem_by_itself(program_id=program_id, member_id=getattr(e, name))


def _memberships(e: Any, program_id: int) -> object:
    """Paid memberships rest, go on or end with their member."""
    return subscriptions.follow_member(program_id=program_id, member_id=e.member_id)


def _places(e: Any, program_id: int) -> object:
    """Places on waiting lists end with their member."""
    return rewards.follow_member(program_id=program_id, member_id=e.member_id)


# event -> one service call; what is announced and not named here is for the record, and for those who add a line
WIRING: list[Reaction] = [
    Reaction(OrderPlaced, "review the level", _review("order", "member_id")),
    Reaction(OrderPlaced, "redeem by itself", _redeem("member_id")),
    Reaction(OrderDecided, "change lists of members", checkout.follow),
    Reaction(OrderReturned, "take given levels back", checkout.unfollow),
    Reaction(OrderReturned, "review the level", _review("return", "member_id")),
    Reaction(OrderClaimed, "review the level", _review("claim", "member_id")),
    Reaction(OrderClaimed, "redeem by itself", _redeem("member_id")),
    Reaction(ChangeAcknowledged, "review the level by the new terms", _review("terms", "member_id")),
    Reaction(MembersMerged, "review the level", _review("merge", "into_id")),
    Reaction(MergeUndone, "review both levels", _review("merge undone", "into_id", "from_id")),
    Reaction(ProgramPublished, "review all levels", lambda e, p: tiers.review_onward(program_id=p, cause="publish")),
    Reaction(
        ReviewGoesOn, "review the next", lambda e, p: tiers.review_onward(program_id=p, cause=e.cause, after=e.after)
    ),
    Reaction(CodeMade, "deliver the code", sandbox.deliver_code),
    Reaction(MemberRegistered, "welcome with gifts", benefits.on_registered),
    Reaction(MemberStatusChanged, "let memberships go on or end", _memberships),
    Reaction(MemberStatusChanged, "give up or take up places in waiting lists", _places),
    Reaction(MemberForgotten, "end memberships", _memberships),
    Reaction(MemberForgotten, "give up places in waiting lists", _places),
    Reaction(TierRaised, "bring the gifts of the level", benefits.on_raised),
    Reaction(TierLowered, "take gifts back after a return", benefits.on_lowered),
    Reaction(MilestoneReached, "bring the gifts of the milestone", benefits.on_milestone),
]


def _by_midnight(batch: Any) -> Callable[[Work], str | None]:
    """One of a context's batches, for what was due by this midnight."""
    return until_nothing(lambda w: int(batch(program_id=w.program_id, before=w.at, limit=w.limit)))


def _while_any(step: Callable[[Work], str | None]) -> Callable[[Work], str | None]:
    """A step that answers something while there may be more."""
    return until_nothing(lambda w: 1 if step(w) else 0)


def _close_day(work: Work) -> None:
    zone = programs.by_id(program_id=work.program_id).zone
    ledger.close_days(program_id=work.program_id, zone=zone, through=work.day - timedelta(days=1))


# at each program's local midnight, in this order
NIGHTS: list[Step] = [
    Step("activate pending", _by_midnight(ledger.activate_due)),
    Step("end offline allowances", _by_midnight(allowances.end_due)),
    Step("end unpaid rewards", _by_midnight(rewards.end_unpaid)),
    Step("release holds", _by_midnight(ledger.release_due_holds)),
    Step("expire lots", _by_midnight(ledger.expire_due)),
    Step("end memberships of audiences", _by_midnight(audiences.expire_due)),
    Step("let reserved coupons go", _by_midnight(coupons.release_due)),
    Step("remind of coupons", _by_midnight(coupons.remind_due), only_latest=True),
    Step("expire coupons", _by_midnight(coupons.expire_due)),
    Step("expire unfetched rewards", _by_midnight(rewards.expire_unfetched)),
    Step("offer rewards to the next", _by_midnight(rewards.lapse_offers)),
    Step("redeem by itself", rewards.redeem_at_night, only_latest=True),
    Step("give measure for paid days", subscriptions.grow_at_night),
    Step("review levels", tiers.review_at_night, only_latest=True),
    Step("bring birthday and anniversary gifts", benefits.give_at_night),
    Step("close the day's books", whole(_close_day), only_latest=True),
    Step("sign the heads", whole(lambda w: ledger.sign_heads(program_id=w.program_id, day=w.day)), only_latest=True),
    Step("end abandoned baskets", whole(lambda w: checkout.expire(program_id=w.program_id)), only_latest=True),
    Step("prune baskets", checkout.prune_at_night, only_latest=True),
    Step("prune the outbox", outbox.prune_at_night, only_latest=True),
    Step("prune first answers", idempotency.forget_at_night, only_latest=True),
    Step("prune events", _while_any(events.prune_at_night), only_latest=True),
    Step("prune codes", _while_any(members.forget_old_codes), only_latest=True),
    Step("prune waiting lists", _while_any(rewards.forget_waits_at_night), only_latest=True),
    Step("prune misses", whole(lambda w: coupons.forget_misses(program_id=w.program_id, at=w.at)), only_latest=True),
    Step(
        "prune limits",
        whole(lambda w: promotions.forget_old(program_id=w.program_id, today=w.day)),
        only_latest=True,
    ),
    Step("prune proofs", whole(lambda w: assurance.forget_old()), only_latest=True),
    Step("prune previews", whole(lambda w: previews.forget_old()), only_latest=True),
    Step("prune estimates", whole(lambda w: costing.forget_old()), only_latest=True),
    Step("prune past prices", whole(lambda w: catalog.forget_old_prices(program_id=w.program_id)), only_latest=True),
    Step("prune rejects of imports", whole(lambda w: imports.forget_old_rejects()), only_latest=True),
    Step("prune nights", nights.forget_old_at_night, only_latest=True),
]

"""What an order's promotions bring outside the order, done once it is placed: lists of members, levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from regulars.kernel import ids
from regulars.people.audiences import services as audiences
from regulars.people.audiences.terms import AudienceRetired, UnknownAudience
from regulars.people.members import services as members
from regulars.people.members.terms import UnknownMember
from regulars.people.programs import services as programs
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import KeyReused, MemberClosed, MemberSuspended, Source
from regulars.value.orders import services as orders
from regulars.value.orders.terms import PREFIX, OrderReturned
from regulars.value.orders.terms.closing import OrderDecided
from regulars.value.tiers import services as tiers
from regulars.value.tiers.terms import AlreadyOver, UnknownLevel

_ACTOR = "system:checkout"


def brought(outcomes: tuple[Any, ...]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(promotion, kind, body) of each outcome; a drawn prize as what it is."""
    for promotion, kind, body, _is_drawn in _brought(outcomes):
        yield promotion, kind, body


def _brought(outcomes: tuple[Any, ...]) -> Iterator[tuple[str, str, Mapping[str, Any], bool]]:
    for promotion, kind, body in outcomes:
        if kind != "random_reward":
            yield promotion, kind, body, False
        elif body.get("kind"):
            yield promotion, body["kind"], body.get("body", {}), True


def follow(event: OrderDecided, program_id: int) -> None:
    """Put the member on the lists that her basket's promotions name, or take her off, and give what she has drawn.

    Told again it changes nothing. A list that was retired meanwhile is passed over: the sale has happened.
    """
    if event.member_id is None:
        return
    refs = [ids.encode("mem", event.member_id)]
    for n, (promotion, kind, body, is_drawn) in enumerate(_brought(event.outcomes)):
        if kind == "earn":  # only prizes say so: what promotions let a basket earn is in its order
            _give_prize(event, program_id, f"{promotion}/{n}", body)
        if kind == "tier":
            _give_level(event, program_id, promotion, body, is_drawn)
        if kind != "audience":
            continue
        source = f"promotion/{promotion}"
        try:
            if body.get("action") == "remove":
                audiences.remove(program_id=program_id, key=body["key"], refs=refs, source=source)
            else:
                audiences.add(program_id=program_id, key=body["key"], refs=refs, source=source, actor=_ACTOR)
        except (UnknownAudience, AudienceRetired):
            continue


def unfollow(event: OrderReturned, program_id: int) -> None:
    """Take back the levels that a returned order's promotions gave, once nothing of it is left that they act on.

    What another order, a plan or her own growth holds stays. A drawn prize stays: it is listed in the return.
    """
    for order in orders.brought_by_orders_of(program_id=program_id, return_id=event.return_id):
        for promotion in sorted({o.promotion for o in order.outcomes if o.kind == "tier"} & order.gone):
            for member_id in _both(program_id, order.member_id):
                tiers.take_back(
                    program_id=program_id,
                    member_id=member_id,
                    source=_source(promotion, order.order_id),
                    actor=_ACTOR,
                )


def _both(program_id: int, member_id: UUID | None) -> list[UUID]:
    """Who bought it, and whoever she is since a merge."""
    if member_id is None:
        return []
    try:
        into = members.fact(program_id=program_id, member_id=member_id).merged_into
    except UnknownMember:
        return []
    return [member_id, into] if into else [member_id]


def _source(promotion: str, order_id: UUID) -> str:
    """Each order gives for itself: what one takes back, another may still hold."""
    return f"promotion/{promotion}/{ids.encode(PREFIX, order_id)}"


def _give_level(
    event: OrderDecided, program_id: int, promotion: str, body: Mapping[str, Any], is_drawn: bool
) -> None:
    """Raise the member to a level for as long as one that is reached would last.

    Whose goods are back already gets none. A level that is gone meanwhile, or a member who is, is passed over: the
    sale has happened.
    """
    if event.member_id is None:
        return
    order = orders.brought(program_id=program_id, order_id=event.order_id)
    if order is not None and promotion in order.gone and not is_drawn:
        return
    try:
        member = members.fact(program_id=program_id, member_id=event.member_id)
        tiers.grant_as_reached(
            program_id=program_id,
            member_id=member.merged_into or event.member_id,
            ladder=body.get("ladder") or "",
            level=body["level"],
            source=_source(promotion, event.order_id) + ("/prize" if is_drawn else ""),
            actor=_ACTOR,
        )
    except (UnknownLevel, AlreadyOver, UnknownMember):
        return


def _give_prize(event: OrderDecided, program_id: int, what: str, body: Mapping[str, Any]) -> None:
    """Give drawn points, once a session: reopened and closed again it draws the same, and gives nothing more.

    Whoever may not earn any more by now gets nothing; the draw itself stays in the order.
    """
    units = ledger.units(program_id=program_id)
    unit = next((u for u in units if u.key == body.get("unit")), None) or next(
        (u for u in units if u.slot == 1), None
    )
    if unit is None or event.member_id is None:
        return
    session = event.ref.partition("~")[0]
    member = members.fact(program_id=program_id, member_id=event.member_id)
    parcel = ledger.parcel_for(
        program_id=program_id,
        member_id=member.merged_into or event.member_id,
        unit=unit,
        amount=int(body["fixed"]),
        earned_at=event.occurred_at,
        zone=programs.by_id(program_id=program_id).zone,
    )
    try:
        ledger.earn(
            program_id=program_id,
            member_id=member.merged_into or event.member_id,
            key=f"session/{session}/prize/{what}",
            parcels=[parcel],
            actor=_ACTOR,
            source=Source(type="session", ref=session),
            occurred_at=event.occurred_at,
        )
    except (MemberSuspended, MemberClosed, KeyReused):
        return

"""What an order's promotions bring outside the order, done once it is placed: lists of members, levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from regulars.kernel import ids
from regulars.people.audiences import services as audiences
from regulars.people.audiences.terms import AudienceRetired, UnknownAudience
from regulars.people.members import services as members
from regulars.people.members.terms import UnknownMember
from regulars.people.programs import services as programs
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import KeyReused, MemberClosed, MemberSuspended, Source
from regulars.value.orders.terms.closing import OrderDecided
from regulars.value.tiers import services as tiers
from regulars.value.tiers.terms import AlreadyOver, UnknownLevel

_ACTOR = "system:checkout"


def brought(outcomes: tuple[Any, ...]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(promotion, kind, body) of each outcome; a drawn prize as what it is."""
    for promotion, kind, body in outcomes:
        if kind == "random_reward":
            if body.get("kind"):
                yield promotion, body["kind"], body.get("body", {})
            continue
        yield promotion, kind, body


def follow(event: OrderDecided, program_id: int) -> None:
    """Put the member on the lists that her basket's promotions name, or take her off, and give what she has drawn.

    Told again it changes nothing. A list that was retired meanwhile is passed over: the sale has happened.
    """
    if event.member_id is None:
        return
    refs = [ids.encode("mem", event.member_id)]
    for n, (promotion, kind, body) in enumerate(brought(event.outcomes)):
        if kind == "earn":  # only prizes say so: what promotions let a basket earn is in its order
            _give_prize(event, program_id, f"{promotion}/{n}", body)
        if kind == "tier":
            _give_level(event, program_id, promotion, body)
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


def _give_level(event: OrderDecided, program_id: int, promotion: str, body: Mapping[str, Any]) -> None:
    """Raise the member to a level for as long as one that is reached would last; a promotion gives one at a time.

    A level that is gone meanwhile, or a member who is, is passed over: the sale has happened.
    """
    if event.member_id is None:
        return
    try:
        member = members.fact(program_id=program_id, member_id=event.member_id)
        tiers.grant_as_reached(
            program_id=program_id,
            member_id=member.merged_into or event.member_id,
            ladder=body.get("ladder") or "",
            level=body["level"],
            source=f"promotion/{promotion}",
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
    parcel = ledger.parcel(
        unit=unit,
        amount=int(body["fixed"]),
        earned_at=event.occurred_at,
        zone=programs.by_id(program_id=program_id).zone,
    )
    member = members.fact(program_id=program_id, member_id=event.member_id)
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

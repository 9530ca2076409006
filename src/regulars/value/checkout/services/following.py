"""What an order's promotions bring outside the order, done once it is placed: lists of members."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from regulars.kernel import ids
from regulars.people.audiences import services as audiences
from regulars.people.audiences.terms import AudienceRetired, UnknownAudience
from regulars.value.orders.terms.closing import OrderDecided

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
    """Put the member on the lists that her basket's promotions name, or take her off. Told again it changes nothing.

    A list that was retired meanwhile is passed over: the sale has happened.
    """
    if event.member_id is None:
        return
    refs = [ids.encode("mem", event.member_id)]
    for promotion, kind, body in brought(event.outcomes):
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

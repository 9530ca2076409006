"""Where a basket is and whose it is: the store, the channel, the member."""

from __future__ import annotations

from typing import TypeAlias
from uuid import UUID

from regulars.kernel import ids
from regulars.kernel.errors import NotFound
from regulars.people.members import services as members
from regulars.people.members.terms import UnknownMember
from regulars.value.checkout.terms import SessionTold
from regulars.value.orders.services import asking

Place: TypeAlias = asking.Place


def place_of(*, program_id: int, told: SessionTold) -> Place:
    """The store of a basket, or the program itself where none is said.

    Raises: Invalid for an unknown channel or store, a region, or another currency than the store's.
    """
    return asking.place_of(program_id=program_id, channel=told.channel, store=told.store, currency=told.currency)


def member_of(*, program_id: int, told: SessionTold) -> UUID | None:
    """The member that a basket names, by reference, identifier or the payment token of a tender; None for a guest.

    A public id is not looked up here: the context query says whether it is a member of this program.

    Raises: UnknownMember for a reference that means nobody.
    """
    if told.member is not None:
        if told.member.startswith("mem_"):
            try:
                return ids.decode("mem", told.member)
            except NotFound as no:
                raise UnknownMember from no
        return members.resolve(program_id=program_id, ref=told.member)
    if told.identifier is not None:
        kind, value = told.identifier
        return _only(members.lookup(program_id=program_id, type=kind, value=value))
    tokens = {t.token for t in told.tenders if t.token}
    return _only([m for t in tokens for m in members.lookup(program_id=program_id, type="payment_token", value=t)])


def _only(found: list[UUID]) -> UUID | None:
    return found[0] if len(set(found)) == 1 else None

"""A candidate acting: what its cuts take off the lines as they stand, within its limits and the caps it shares."""

from __future__ import annotations

from typing import NamedTuple

from regulars.kernel.money import spread
from regulars.value.promotions.rules.pricing.allowing import FREE, Room
from regulars.value.promotions.rules.pricing.cuts import Till
from regulars.value.promotions.rules.pricing.offers import Offer

_new = tuple.__new__


class Candidate:
    """A promotion (through one coupon) that this basket qualifies for. `value`: at most what it can take off."""

    __slots__ = ("code", "offer", "order", "room", "value")

    def __init__(self, offer: Offer, code: str | None, room: Room, value: int) -> None:
        self.offer, self.code, self.room, self.value = offer, code, room, value
        self.order = offer.order if code is None else (offer.rank, code)  # its place in the order of acting


class Pool(NamedTuple):
    """Money or times that several candidates share: a cap of all, of a group, or of the codes of one promotion."""

    key: str
    left: int
    is_times: bool = False


class Acted(NamedTuple):
    """What a candidate takes: places and parts, their sum, how many times, and what it wanted before caps."""

    idx: list[int]
    parts: list[int]
    total: int
    times: int
    wanted: int


def most(offer: Offer, room: Room, till: Till) -> int:
    """The most that an offer can take off this basket, alone or beside others."""
    amounts = till.amounts
    cuts = offer.cuts
    value = cuts[0].most(till, amounts) if len(cuts) == 1 else sum([c.most(till, amounts) for c in cuts])
    if offer.cap_minor is not None and value > offer.cap_minor:
        value = offer.cap_minor
    if room is not FREE:
        for left in (room.minor, room.whole_minor):
            if left is not None and value > left:
                value = left
    return value


def act(one: Candidate, till: Till, net: list[int], pools: tuple[Pool, ...], spent: dict[str, int]) -> Acted:
    """What a candidate takes off lines that stand at `net`.

    Args: pools: what it shares with others. spent: what others took of each pool; not changed here.
    """
    offer, room = one.offer, one.room
    if offer.is_bare and room is FREE and not pools:
        idx, parts, times = offer.cuts[0].cut(till, net, None)
        total = sum(parts)
        return _new(Acted, (idx, parts, total, times, total))
    sets, minor = room.times, room.minor
    for pool in pools:
        left = pool.left - spent.get(pool.key, 0)
        if pool.is_times:
            sets = left if sets is None else min(sets, left)
        else:
            minor = left if minor is None else min(minor, left)
    if len(offer.cuts) == 1:
        idx, parts, times = offer.cuts[0].cut(till, net, sets)
    else:
        idx, parts, times = _all_cuts(offer, till, net, sets)
    total = wanted = sum(parts)
    if not offer.cuts or not offer.cuts[0].comes_in_sets:
        times = 1
    if sets is not None and sets <= 0:
        return Acted(idx, [0] * len(parts), 0, 0, wanted)
    if room.whole_times is not None and times > room.whole_times:
        return Acted(idx, [0] * len(parts), 0, 0, wanted)
    if offer.cap_minor is not None and total > offer.cap_minor:
        total = offer.cap_minor
    if room.whole_minor is not None and total > room.whole_minor:
        return Acted(idx, [0] * len(parts), 0, 0, wanted)
    if minor is not None and total > minor:
        total = max(0, minor)
    if total < wanted:
        parts = spread(total, parts)
    return Acted(idx, parts, total, times, wanted)


def _all_cuts(offer: Offer, till: Till, net: list[int], sets: int | None) -> tuple[list[int], list[int], int]:
    """Several cuts of one promotion, one after the other; its sets are those of the first."""
    left, acted = list(net), 1
    taken: dict[int, int] = {}
    for n, cut in enumerate(offer.cuts):
        idx, parts, times = cut.cut(till, left, sets)
        for i, part in zip(idx, parts, strict=True):
            left[i] -= part
            taken[i] = taken.get(i, 0) + part
        acted = times if n == 0 else acted
    places = sorted(taken)
    return places, [taken[i] for i in places], acted


def take(net: list[int], acted: Acted) -> None:
    """Write what was taken into the lines."""
    for i, part in zip(acted.idx, acted.parts, strict=True):
        net[i] -= part


def charge(spent: dict[str, int], pools: tuple[Pool, ...], acted: Acted) -> None:
    """Write what was taken of shared pools."""
    for pool in pools:
        spent[pool.key] = spent.get(pool.key, 0) + (acted.times if pool.is_times else acted.total)

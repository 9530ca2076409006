"""Looking at rewards: the mall as a member sees it, shelves, redemptions and their story, what causes were given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, Q, Sum

from regulars.kernel import clock, ids
from regulars.people.audiences import services as audiences
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.value.rewards.models import ChapterRow, GiftRow, RedemptionRow, ShelfRow, TallyRow, WaitRow
from regulars.value.rewards.rules import judging
from regulars.value.rewards.services import base, document, redeeming
from regulars.value.rewards.terms import (
    PREFIX,
    Chapter,
    Offer,
    Redemption,
    Reward,
    Shelf,
    State,
    Total,
    UnknownRedemption,
    WaitState,
)


class Page(NamedTuple):
    """A page of redemptions; `last` is the id to go on after, None at the end."""

    items: tuple[Redemption, ...]
    last: UUID | None


def shelves(*, program_id: int, reward: str | None = None) -> dict[str, tuple[Shelf, ...]]:
    """How many there are of each reward (of one, when said); a reward without end has no shelf."""
    rows = ShelfRow.objects.filter(program_id=program_id)
    waits = WaitRow.objects.filter(program_id=program_id, state__in=(WaitState.WAITING, WaitState.OFFERED))
    if reward is not None:
        rows, waits = rows.filter(reward=reward), waits.filter(reward=reward)
    counts = {
        (w["reward"], w["session"]): w
        for w in waits.values("reward", "session").annotate(
            waiting=Count("pk", filter=Q(state=WaitState.WAITING)),
            offered=Count("pk", filter=Q(state=WaitState.OFFERED)),
        )
    }
    found: dict[str, list[Shelf]] = {}
    for row in rows.order_by("reward", "session"):
        told = counts.get((row.reward, row.session), {"waiting": 0, "offered": 0})
        found.setdefault(row.reward, []).append(
            Shelf(
                reward=row.reward,
                session=row.session,
                most=None if row.base is None else row.base + row.added,
                taken=row.taken,
                offered=told["offered"],
                waiting=told["waiting"],
            )
        )
    return {key: tuple(many) for key, many in found.items()}


def mall(*, program_id: int, member_id: UUID | None = None) -> tuple[Offer, ...]:
    """What can be had: all rewards with a price, or those as one member sees them, with why not.

    `refused`: not_yet, ended, level, audience, sold_out, limit; empty when she can (if she has the value).
    """
    program = programs.by_id(program_id=program_id)
    stocks = shelves(program_id=program_id)
    levels = redeeming.levels_of(program_id=program_id, member_id=member_id) if member_id else ()
    hers = audiences.of(member_id) if member_id else frozenset()
    now = clock.now()
    used = _used(member_id)
    offered = _offered(program_id, member_id)
    found = []
    for r in document.rewards_for(program_id=program_id, member_id=member_id):
        if not r.prices and not r.by_level:
            continue
        judged = r if member_id else _for_anybody(r)
        no = judging.why_not(judged, at=now, zone=program.zone, levels=levels, audiences=hers)
        mine = stocks.get(r.key, ())
        period = judging.period(r, at=now, zone=program.zone)
        if not no and r.per_member and period and used.get((r.key, period), 0) >= r.per_member.times:
            no = "limit"
        if not no and mine and all(s.left == 0 for s in mine) and r.key not in offered:
            no = "sold_out"
        found.append(Offer(reward=r, prices=judging.prices(r, levels), shelves=mine, refused=no))
    return tuple(found)


def _for_anybody(r: Reward) -> Reward:
    return Reward(key=r.key, starts_on=r.starts_on, ends_on=r.ends_on, per_member=None)


def _used(member_id: UUID | None) -> dict[tuple[str, str], int]:
    rows = TallyRow.objects.filter(member_id=member_id) if member_id else TallyRow.objects.none()
    return {(t.reward, t.period): t.used for t in rows}


def _offered(program_id: int, member_id: UUID | None) -> set[str]:
    if member_id is None:
        return set()
    rows = WaitRow.objects.filter(program_id=program_id, member_id=member_id, state=WaitState.OFFERED)
    return set(rows.values_list("reward", flat=True))


def find(*, program_id: int, redemption_id: UUID) -> Redemption:
    """One redemption.

    Raises: UnknownRedemption.
    """
    row = RedemptionRow.objects.filter(program_id=program_id, pk=redemption_id).first()
    if row is None:
        raise UnknownRedemption(f"There is no redemption {ids.encode(PREFIX, redemption_id)}.")
    return _words([row])[0]


def by_code(*, program_id: int, code: str) -> Redemption:
    """A redemption by the code that the member shows; case, spaces and hyphens do not count.

    Raises: UnknownRedemption.
    """
    text = code.upper().replace("-", "").replace(" ", "")
    row = RedemptionRow.objects.filter(program_id=program_id, code=text).first()
    if row is None:
        raise UnknownRedemption("There is no redemption with this code.")
    return _words([row])[0]


def story(*, program_id: int, redemption_id: UUID) -> tuple[Chapter, ...]:
    """All that happened to a redemption, in order."""
    rows = ChapterRow.objects.filter(program_id=program_id, redemption_id=redemption_id).order_by("pk")
    return tuple([Chapter(kind=c.kind, at=c.at, actor=c.actor, reason=c.reason, facts=c.facts) for c in rows])


def redemptions(
    *,
    program_id: int,
    member_id: UUID | None = None,
    reward: str | None = None,
    store: str | None = None,
    stores: Iterable[str] | None = None,
    states: Iterable[State] | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> Page:
    """Redemptions, newest first, a page at a time.

    Args: stores: any of these; None: all. after: the last one of the page before; limit: 1 to 500.
    """
    rows = RedemptionRow.objects.filter(program_id=program_id)
    for name, value in {"member_id": member_id, "reward": reward, "store": store}.items():
        if value is not None:
            rows = rows.filter(**{name: value})
    if stores is not None:
        rows = rows.filter(store__in=[*stores])
    if states is not None:
        rows = rows.filter(state__in=[*states])
    if after is not None:
        rows = rows.filter(pk__lt=after)
    limit = max(1, min(500, limit))
    found = list(rows.order_by("-pk")[: limit + 1])
    return Page(tuple(_words(found[:limit])), found[limit - 1].pk if len(found) > limit else None)


def _words(rows: Iterable[RedemptionRow]) -> list[Redemption]:
    return [base.redemption(row, dict(document.reward_of(row).names)) for row in rows]


def delivery(*, program_id: int, redemption_id: UUID) -> str:
    """Where to send it, in clear; empty when nothing was said or the member was forgotten.

    Raises: UnknownRedemption.
    """
    row = RedemptionRow.objects.filter(program_id=program_id, pk=redemption_id).first()
    if row is None:
        raise UnknownRedemption(f"There is no redemption {ids.encode(PREFIX, redemption_id)}.")
    if row.delivery is None:
        return ""
    told = members.open_words(
        program_id=program_id, member_id=row.member_id, sealed={0: bytes(row.delivery)}, purpose=base.DELIVERY
    )
    return told.get(0, "")


def totals(*, program_id: int, cause: str | None = None) -> tuple[Total, ...]:
    """What causes were given so far: summed from the gifts themselves, by cause and unit."""
    rows = GiftRow.objects.filter(program_id=program_id)
    if cause is not None:
        rows = rows.filter(cause=cause)
    told = rows.values("cause", "unit").annotate(sum=Sum("amount"), n=Count("redemption_id", distinct=True))
    return tuple(
        [
            Total(cause=t["cause"], unit=t["unit"], amount=int(t["sum"]), donations=t["n"])
            for t in told.order_by("cause", "unit")
        ]
    )

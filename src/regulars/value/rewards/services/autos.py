"""Rewards that redeem themselves when a member's balance reaches a mark."""

from __future__ import annotations

from uuid import UUID

from django.db import connection, transaction

from regulars.kernel.errors import Busy, Refusal
from regulars.kernel.nights import Work
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.value.ledger import services as ledger
from regulars.value.rewards.models import RedemptionRow
from regulars.value.rewards.services import base, document, redeeming
from regulars.value.rewards.terms import Redemption, Reward, State

ACTOR = "system:auto"
SOURCE = "auto"
MOST_AT_ONCE = 50  # thresholds passed in one go: a year of stamps imported in one line


def redeem_by_itself(*, program_id: int, member_id: UUID | None) -> list[Redemption]:
    """Redeem what a member's balance has reached, exactly once for each time it is reached.

    Where the price takes the unit that is watched, it happens again whenever the balance reaches the mark again;
    where it does not (a measure, another unit), once in a member's life. What cannot be had now (none left, a limit,
    another level) is passed over and looked at again with her next order. Of one that was cancelled or failed, what
    came back does not count again: she would never be rid of it. A guest has nothing.
    """
    rewards = [r for r in document.rewards(program_id=program_id) if r.auto is not None]
    if not rewards or member_id is None:
        return []
    found: list[Redemption] = []
    for reward in rewards:
        for _ in range(MOST_AT_ONCE):
            made = _next(program_id, member_id, reward)
            if made is None:
                break
            found.append(made)
    return found


@transaction.atomic
def _next(program_id: int, member_id: UUID, reward: Reward) -> Redemption | None:
    if reward.auto is None or not reward.prices:
        return None
    zone = programs.by_id(program_id=program_id).zone
    members.hold(program_id=program_id, member_ids=[member_id])  # two at once: the second sees what the first did
    balance = ledger.balances(program_id=program_id, member_id=member_id, zone=zone).get(reward.auto.unit)
    had = RedemptionRow.objects.filter(
        program_id=program_id, member_id=member_id, reward=reward.key, source=SOURCE
    ).order_by("-requested_at", "-id")
    last = had.first()
    if balance is None or balance.active < reward.auto.at + _came_back(last, reward.auto.unit):
        return None
    if last is not None and reward.auto.unit not in reward.prices[0].units:
        return None
    key = f"auto/{reward.key}/{member_id}/"
    n = RedemptionRow.objects.filter(program_id=program_id, key__startswith=key).count()
    try:
        return redeeming.redeem(
            program_id=program_id,
            member_id=member_id,
            reward=reward.key,
            key=f"{key}{n + 1}",
            source=SOURCE,
            actor=ACTOR,
        )
    except Busy:
        raise
    except Refusal:  # not enough of another unit, none left, a limit: there is a next time
        return None


def _came_back(last: RedemptionRow | None, unit: str) -> int:
    """What the last one gave back when it was taken back: with it alone the mark is not reached a second time."""
    if last is None or not last.gave_back or last.state not in (State.CANCELLED, State.FAILED):
        return 0
    return sum(paid.amount for paid in base.spends(last) if paid.unit == unit)


def redeem_at_night(work: Work) -> str | None:
    """One batch of members whose balance has reached a mark by other ways than an order; the cursor to go on from."""
    after = work.cursor or ""
    rewards = [r for r in document.rewards(program_id=work.program_id) if r.auto is not None]
    marks = {r.auto.unit: r.auto.at for r in sorted(rewards, key=lambda r: -(r.auto.at if r.auto else 0)) if r.auto}
    if not marks:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "select distinct b.member_id from ledger_balance_facts b"
            " join unnest(%s::text[], %s::bigint[]) as m (unit, at) on m.unit = b.unit and b.active >= m.at"
            " where b.program_id = %s and b.member_id::text > %s order by 1 limit %s",
            [list(marks), list(marks.values()), work.program_id, after, work.limit],
        )
        found = [row[0] for row in cursor.fetchall()]
    for member_id in found:
        redeem_by_itself(program_id=work.program_id, member_id=member_id)
    return str(found[-1]) if len(found) == work.limit else None

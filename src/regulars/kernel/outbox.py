"""How news travels upward: written with the change, handed out by a worker, each reaction exactly once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import F

from regulars.kernel import clock, events, logs
from regulars.kernel.errors import sure
from regulars.kernel.models import DeliveryRow, FactRow
from regulars.kernel.nights import Work

MOST_TRIES = 12
NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # of a dead letter: behind all that waits
FIRST_PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 3_600
UNHEARD_PAUSE = timedelta(minutes=10)
CLAIMED_AT_ONCE = 25
COMMIT_SECONDS = 0.1
KEPT_DAYS = 30
PRUNED_AT_ONCE = 5_000
_ERROR_LENGTH = 2_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Reaction:
    """One line of the wiring table: on this event, do this, under this name.

    `do` is called with the event and its program's id, inside a savepoint. `name` is what the delivery row remembers:
    renaming a reaction makes waiting facts run it again.
    """

    event: type
    name: str
    do: Callable[[Any, int], object]


@dataclass(frozen=True, kw_only=True)
class Health:
    """How the outbox stands: facts by kind that wait and that are dead, and the age of the oldest waiting one."""

    waiting: dict[str, int]
    dead: dict[str, int]
    oldest_seconds: int


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One fact that no try could deliver, for a person to look at."""

    id: int
    program_id: int
    kind: str
    announced_at: datetime
    dead_at: datetime
    tries: int
    last_error: str


def announce(event: object, *, program_id: int, member_id: UUID | None = None) -> None:
    """Write down what happened, in the same transaction as the change it tells of."""
    announce_all([event], program_id=program_id, member_ids=[member_id])


def announce_all(
    events_: Sequence[object], *, program_id: int, member_ids: Sequence[UUID | None] | None = None
) -> None:
    """Write down many things that happened, in one statement.

    Args: member_ids: aligned with the events; left out, the facts name no member.
    """
    sure(connection.in_atomic_block, "announce() must run inside the change's transaction")
    members = list(member_ids) if member_ids is not None else [None] * len(events_)
    at = clock.now()
    FactRow.objects.bulk_create(
        [
            FactRow(
                program_id=program_id, member_id=m, kind=type(e).__name__, body=events.to_json(e), announced_at=at
            )
            for e, m in zip(events_, members, strict=True)
        ],
        batch_size=1_000,
    )


def pause_after(tries: int) -> timedelta:
    """How long to wait after the n-th failed try: doubling from five seconds, an hour at most.

    >>> [pause_after(n).seconds for n in (1, 2, 3, 10, 11)]
    [5, 10, 20, 2560, 3600]
    """
    return timedelta(seconds=min(FIRST_PAUSE_SECONDS * 2 ** (tries - 1), LONGEST_PAUSE_SECONDS))


def deliver_batch(wiring: Iterable[Reaction], *, limit: int = 100) -> int:
    """Hand up to `limit` waiting facts to their reactions, a handful in each transaction.

    Facts are claimed row by row with SKIP LOCKED, never by "id greater than the last one seen": ids are given
    out in one order and committed in another. A worker that dies gives its facts back untouched.

    Returns: how many facts were handled, delivered or not; 0 means that nothing is due.
    """
    by_kind: dict[str, list[Reaction]] = {}
    for reaction in wiring:
        by_kind.setdefault(reaction.event.__name__, []).append(reaction)
    done = _set_unheard_aside(set(by_kind), limit)
    while done < limit and (step := _deliver_some(by_kind, limit - done)):
        done += step
    return done


def _set_unheard_aside(heard: set[str], limit: int) -> int:
    """Facts that nobody here reacts to are done, many in one statement; but only at a second look.

    During an upgrade the old worker meets facts that only the new one knows: it puts them off, and the new one
    (once the pause is over) delivers them.
    """
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "update kernel_fact set done_at = case when tries > 0 then %s::timestamptz end,"
            " tries = 1, next_try_at = %s where id in (select id from kernel_fact"
            " where done_at is null and dead_at is null and (next_try_at is null or next_try_at <= %s)"
            " and not kind = any(%s) order by next_try_at nulls first, id limit %s for update skip locked)",
            [now, now + UNHEARD_PAUSE, now, sorted(heard), limit],
        )
        return int(cursor.rowcount)


def _deliver_some(by_kind: dict[str, list[Reaction]], limit: int) -> int:
    """Claim a handful of facts and deliver them in one commit, for a tenth of a second at most.

    They are taken in order of member, so that two workers lock members in the same order; and for so short a time,
    because a reaction's locks are held until the commit, and a till may be waiting for one of them.
    """
    began = time.perf_counter()
    handled: list[tuple[FactRow, list[str]]] = []
    with transaction.atomic():
        for fact in sorted(_claim(sorted(by_kind), min(limit, CLAIMED_AT_ONCE)), key=_by_member):
            handled.append((fact, [f for r in by_kind[fact.kind] if (f := _react(fact, r))]))
            if time.perf_counter() - began > COMMIT_SECONDS:
                break  # the rest is given back with the commit
        _note([fact.id for fact, failures in handled if not failures], [h for h in handled if h[1]])
    for fact, failures in handled:
        if failures:
            is_dead = fact.dead_at is not None
            log.warning(
                "a reaction failed", fact=fact.id, kind=fact.kind, tries=fact.tries, dead=is_dead, error=failures[0]
            )
    return len(handled)


def _by_member(fact: FactRow) -> tuple[str, int]:
    return (str(fact.member_id), fact.id)


def _note(delivered: list[int], failed: list[tuple[FactRow, list[str]]]) -> None:
    now = clock.now()
    FactRow.objects.filter(id__in=delivered).update(done_at=now, tries=F("tries") + 1, last_error="")
    for fact, failures in failed:
        fact.tries += 1
        fact.last_error = logs.scrubbed("\n".join(failures))[:_ERROR_LENGTH]
        fact.dead_at = now if fact.tries >= MOST_TRIES else None
        fact.next_try_at = NEVER if fact.dead_at else now + pause_after(fact.tries)
        fact.save(update_fields=["tries", "last_error", "dead_at", "next_try_at"])


def _claim(kinds: list[str], limit: int) -> list[FactRow]:
    found = FactRow.objects.raw(
        "select * from kernel_fact where done_at is null and dead_at is null"
        " and (next_try_at is null or next_try_at <= %s) and kind = any(%s)"
        " order by next_try_at nulls first, id limit %s for update skip locked",
        [clock.now(), kinds, limit],
    )
    return list(found)


def _react(fact: FactRow, reaction: Reaction) -> str:
    """Run one reaction, once. Its effects and its delivery row share a savepoint."""
    try:
        with transaction.atomic():
            if _is_new(fact.id, reaction.name):
                reaction.do(events.from_json(reaction.event, fact.body), fact.program_id)
    except Exception as error:  # one bad reaction must not stop its neighbours
        return f"{reaction.name}: {type(error).__name__}: {error}"
    return ""


def _is_new(fact_id: int, reaction: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into kernel_delivery (fact_id, reaction) values (%s, %s) on conflict do nothing",
            [fact_id, reaction],
        )
        return bool(cursor.rowcount)


def replay(fact_ids: Sequence[int], *, actor: str) -> int:
    """Give dead letters another twelve tries; reactions that took effect before are not repeated.

    Returns: how many were dead and now wait again.
    """
    revived = FactRow.objects.filter(id__in=list(fact_ids), done_at=None, dead_at__isnull=False).update(
        dead_at=None, tries=0, next_try_at=None, replayed_at=clock.now(), replayed_by=actor
    )
    log.info("dead letters replayed", actor=actor, asked=len(fact_ids), revived=revived)
    return revived


def dead_letters(*, after: int = 0, limit: int = 100, program_id: int | None = None) -> list[DeadLetter]:
    """The dead letters in order of id, from the one after `after`; of one program or of all."""
    rows = FactRow.objects.filter(done_at=None, dead_at__isnull=False, id__gt=after)
    if program_id is not None:
        rows = rows.filter(program_id=program_id)
    return [
        DeadLetter(
            id=r.id,
            program_id=r.program_id,
            kind=r.kind,
            announced_at=r.announced_at,
            dead_at=r.dead_at or r.announced_at,
            tries=r.tries,
            last_error=r.last_error,
        )
        for r in rows.order_by("id")[:limit]
    ]


def health(*, program_id: int | None = None) -> Health:
    """How many facts wait and how many are dead, by kind, and how old the oldest waiting one is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select kind, dead_at is not null, count(*), min(announced_at) from kernel_fact"
            " where done_at is null and (%s::int is null or program_id = %s) group by 1, 2 order by 1",
            [program_id, program_id],
        )
        rows = cursor.fetchall()
    oldest = min((first for _, is_dead, _, first in rows if not is_dead), default=None)
    return Health(
        waiting={kind: n for kind, is_dead, n, _ in rows if not is_dead},
        dead={kind: n for kind, is_dead, n, _ in rows if is_dead},
        oldest_seconds=max(0, int((clock.now() - oldest).total_seconds())) if oldest else 0,
    )


def prune(older_than: datetime | None = None, *, batch: int = PRUNED_AT_ONCE) -> int:
    """Delete facts that were done before `older_than` (30 days ago), a batch per transaction, with their deliveries.

    Dead letters and waiting facts stay. Returns: how many facts went.
    """
    before = older_than or clock.now() - timedelta(days=KEPT_DAYS)
    gone = 0
    while step := prune_batch(before, batch=batch):
        gone += step
    return gone


def prune_batch(before: datetime, *, batch: int) -> int:
    """Delete one batch of facts done before an instant; 0 when none is left."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "select id from kernel_fact where done_at < %s order by id limit %s for update skip locked",
            [before, batch],
        )
        ids = [row[0] for row in cursor.fetchall()]
        DeliveryRow.objects.filter(fact_id__in=ids)._raw_delete("default")
        FactRow.objects.filter(id__in=ids)._raw_delete("default")
    return len(ids)


def prune_at_night(work: Work) -> str | None:
    """A step of the night: one batch of facts done 30 days before it."""
    gone = prune_batch(work.at - timedelta(days=KEPT_DAYS), batch=PRUNED_AT_ONCE)
    return str(int(work.cursor or 0) + gone) if gone else None

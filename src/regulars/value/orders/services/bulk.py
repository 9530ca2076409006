"""Many sales and returns at once, for the import of history: decided one by one by the same rules, written set-based.

`prepare` reads and decides, `record` writes within the caller's transaction; the next batch can be prepared while one
is written. What is recorded is what `place` and `take_back` would have recorded for the same events told in the same
order, only without news: an import says once, at its end, that it has finished.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg
from django.db import connection

from regulars.kernel import clock, ids
from regulars.kernel.errors import Broken, Invalid
from regulars.kernel.postgres import translated
from regulars.value.orders.rules.answers import lines_of, order_digest, return_digest
from regulars.value.orders.rules.matching import Kept, Matched, Purchases
from regulars.value.orders.services import asking, bulk_rows
from regulars.value.orders.services.placing import lines_json
from regulars.value.orders.terms import OrderTold, ReturnTold
from regulars.value.promotions import services as promotions
from regulars.value.promotions.terms import Decision, MemberFacts, Snapshot

_MOVING = frozenset({"member.active", "member.benefits", "member.plans"})
_NOTHING = Decision()


class Event(NamedTuple):
    """A sale or a return of history, whose it is (None: a guest's), and which returned lines are bought later."""

    ord: int
    told: OrderTold | ReturnTold
    member_id: UUID | None = None
    later: frozenset[int] = frozenset()


class Sale(NamedTuple):
    """A sale that is new here, decided."""

    ord: int
    id: UUID
    told: OrderTold
    member_id: UUID | None
    store_id: int | None
    decision: Decision
    digest: bytes
    packed: str  # its lines as they are kept
    kept: str | None  # its decision as it is kept; a guest has none


class Back(NamedTuple):
    """A return that is new here."""

    ord: int
    id: UUID
    told: ReturnTold
    member_id: UUID | None
    digest: bytes
    later: frozenset[int]


@dataclass(kw_only=True)
class Prepared:
    """A batch, decided. `refused` maps the ord of an event to the code of the reason why it stays out."""

    program_id: int
    version: int
    actor: str
    recorded_at: datetime
    events: list[Sale | Back] = field(default_factory=list)
    repeated: int = 0
    refused: dict[int, str] = field(default_factory=dict)

    def would_earn(self) -> list[tuple[int, int]]:
        """What the sales of the batch earn, as (slot, amount) of each lot."""
        return [(lot.slot, lot.amount) for e in self.events if isinstance(e, Sale) for lot in e.decision.lots]


@dataclass(kw_only=True)
class Recorded:
    """What a batch came to. Amounts are by slot of the unit (index 0 is slot 1); `matches` counts returned lines."""

    orders: int = 0
    returns: int = 0
    earning: int = 0
    earned: list[int] = field(default_factory=list)
    clawed: list[int] = field(default_factory=list)
    owed: list[int] = field(default_factory=list)
    forgiven: list[int] = field(default_factory=list)
    matches: dict[str, int] = field(default_factory=dict)
    refund_minor: int = 0
    refused: dict[int, str] = field(default_factory=dict)


def for_member(event: Event) -> OrderTold | ReturnTold:
    """The event as `place` and `take_back` take it, for programs whose history has to be told one by one."""
    return event.told if event.member_id is None else replace(event.told, member=ids.encode("mem", event.member_id))


def can_be_many(snapshot: Snapshot) -> bool:
    """Whether no rule looks at what earlier orders change: balances, or caps over more than one order.

    Where one does, history has to be told order by order (`place`).
    """
    looks = {name for rule in snapshot.plan.rules for part in (rule.when, rule.selection.condition) if part
             for name in part.expression.names}  # fmt: skip
    return not snapshot.plan.counted and not looks & _MOVING


def prepare(
    *, program_id: int, events: Sequence[Event], snapshot: Snapshot, actor: str, is_guess: bool = False
) -> Prepared:
    """Decide a batch of events, given in the order of their time. Writes nothing.

    Args: events: one source; members are resolved (redirects followed) by the caller. snapshot: `can_be_many`.
    is_guess: members who are not here yet are taken for active ones (a dry run).
    """
    now = clock.now()
    batch = Prepared(program_id=program_id, version=snapshot.version, actor=actor, recorded_at=now)
    known = _known(program_id, events)
    members = _facts(program_id, {e.member_id for e in events if e.member_id}, snapshot)
    places = _Places(program_id)

    def guess(event: Event) -> MemberFacts | None:
        if not is_guess or event.member_id is None:
            return None
        at = event.told.occurred_at
        return MemberFacts(event.member_id, "active", None, {}, {}, at, None, None, snapshot.zone, "", {})

    for event in events:
        told = event.told
        is_sale = isinstance(told, OrderTold)
        rows = lines_of(told) if isinstance(told, OrderTold) else []
        digest = order_digest(told, rows) if isinstance(told, OrderTold) else return_digest(told)
        before = known.get((is_sale, told.ref))
        if before is not None:
            if before == digest:
                batch.repeated += 1
            else:
                batch.refused[event.ord] = "order_differs" if is_sale else "return_differs"
            continue
        if isinstance(told, ReturnTold):
            batch.events.append(Back(event.ord, ids.new_id(), told, event.member_id, digest, event.later))
            continue
        place = places.find(told)
        if isinstance(place, str):
            batch.refused[event.ord] = place
            continue
        decision = _NOTHING
        if event.member_id is not None:
            basket = asking.basket_of(told, place.zone)
            decision = promotions.evaluate(
                basket=basket, member=members.get(event.member_id) or guess(event), snapshot=snapshot, now=now
            )
        kept = bulk_rows.decision_json(decision) if event.member_id else None
        packed = lines_json(rows, decision).decode()
        batch.events.append(
            Sale(event.ord, ids.new_id(), told, event.member_id, place.store_id, decision, digest, packed, kept)
        )
    return batch


def record(*, batch: Prepared) -> Recorded:
    """Write a prepared batch, inside the caller's transaction.

    Raises: Busy when somebody else holds an account; django.db.IntegrityError when somebody told one of the orders
    meanwhile (prepare it again).
    """
    done = Recorded(refused=dict(batch.refused))
    matches = _match(batch, done)
    sales = [e for e in batch.events if isinstance(e, Sale)]
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        try:
            for earns, backs in _waves(batch, matches):
                seqs = _earn(cursor, batch, earns, done)
                bulk_rows.copy_orders(cursor, batch, earns, seqs)
                _take_back(cursor, batch, backs, matches, done)
        except psycopg.Error as error:
            raise translated(error) from error
    done.orders, done.returns = len(sales), len(matches)
    return done


def _known(program_id: int, events: Sequence[Event]) -> dict[tuple[bool, str], bytes]:
    """The digests of what is here already, by (is a sale, ref)."""
    known: dict[tuple[bool, str], bytes] = {}
    if not events:
        return known
    source = events[0].told.source
    for is_sale, table in ((True, "orders_order"), (False, "orders_return")):
        refs = [e.told.ref for e in events if isinstance(e.told, OrderTold) == is_sale]
        if refs:
            with connection.cursor() as cursor:
                cursor.execute(
                    f"select ref, digest from {table} where program_id = %s and source = %s and ref = any(%s)",
                    [program_id, source, refs],
                )
                known.update({(is_sale, ref): bytes(digest) for ref, digest in cursor.fetchall()})
    return known


def _facts(program_id: int, members: Iterable[UUID], snapshot: Snapshot) -> dict[UUID, MemberFacts]:
    """What the rules may know of these members. Balances and counters are left out: nobody asks (`can_be_many`)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select f.member_id, f.status, tiers_standing_of(f.member_id), f.attributes::text, f.joined_at,"
            " f.birth_month, f.birth_day, f.zone, f.locale"
            " from members_facts f where f.program_id = %s and f.member_id = any(%s)",
            [program_id, list(members)],
        )
        return {
            row[0]: MemberFacts(row[0], row[1], row[2], {}, orjson.loads(row[3]), row[4], row[5], row[6],
                                row[7] or snapshot.zone, row[8], {})
            for row in cursor.fetchall()
        }  # fmt: skip


class _Places:
    """Where sales happen, each looked up once."""

    def __init__(self, program_id: int) -> None:
        self.program_id = program_id
        self._found: dict[tuple[str, str | None, str], asking.Place | str] = {}

    def find(self, told: OrderTold) -> asking.Place | str:
        """The place of a sale, or the code of the reason why there is none."""
        key = (told.channel, told.store, told.currency)
        found = self._found.get(key)
        if found is None:
            try:
                found = asking.place_of(
                    program_id=self.program_id, channel=told.channel, store=told.store, currency=told.currency
                )
            except Invalid as no:
                found = f"unknown_{no.errors[0][0]}"
            self._found[key] = found
        return found


def _match(batch: Prepared, done: Recorded) -> dict[int, Matched]:
    """Match every return of the batch to earlier purchases, in the order of events; impossible ones are refused."""
    backs = [e for e in batch.events if isinstance(e, Back)]
    if not backs:
        return {}
    wanted: dict[UUID, set[str]] = {}
    for back in backs:
        if back.member_id is not None and back.told.order is None:
            wanted.setdefault(back.member_id, set()).update(b.sku for b in back.told.lines if b.sku)
    orders = [(b.told.order_source or b.told.source, b.told.order) for b in backs if b.told.order is not None]
    there: dict[tuple[str, str], list[Kept]] = {named: [] for named in orders}
    there.update(bulk_rows.lines_of_orders(batch.program_id, orders))
    purchases = Purchases(bought=bulk_rows.bought_by(wanted), orders=there, wanted=wanted)
    matches: dict[int, Matched] = {}
    for event in batch.events:
        if isinstance(event, Sale):
            purchases.add(event.id, event.told, event.member_id)
            continue
        found = purchases.match(event.told, event.member_id, event.later)
        if isinstance(found, str):
            done.refused[event.ord] = found
            continue
        matches[event.ord] = found
        for kind, count in found.counts.items():
            done.matches[kind] = done.matches.get(kind, 0) + count
    return matches


def _waves(batch: Prepared, matches: Mapping[int, Matched]) -> list[tuple[list[Sale], list[Back]]]:
    """Sales and returns in rounds, so that every member's journal follows the order of events.

    In a round first all sales are written, then all returns; a member's sale after a return waits for the next.
    """
    waves: list[tuple[list[Sale], list[Back]]] = [([], [])]
    turn: dict[UUID, tuple[int, bool]] = {}  # member → (round, has she a return in it)
    for event in batch.events:
        if isinstance(event, Back) and event.ord not in matches:
            continue
        number, has_return = turn.get(event.member_id, (0, False)) if event.member_id else (0, False)
        is_sale = isinstance(event, Sale)
        if is_sale and has_return:
            number += 1
        if number == len(waves):
            waves.append(([], []))
        waves[number][0 if is_sale else 1].append(event)  # type: ignore[arg-type]
        if event.member_id:
            turn[event.member_id] = (number, not is_sale)
    return waves


def _earn(cursor: Any, batch: Prepared, sales: Sequence[Sale], done: Recorded) -> dict[int, int]:
    """Give what the sales earn; returns the journal number by ord."""
    earning = [s for s in sales if s.decision.lots]
    if not earning:
        return {}
    bulk_rows.fill_ledger_batch(cursor, batch, earning)
    cursor.execute("select inserted, repeated from ledger_earn_many(%s::int)", (batch.program_id,))
    if sum(cursor.fetchone()) != len(earning):
        cursor.execute("select key, outcome from ledger_batch where outcome not in ('inserted', 'repeated') limit 1")
        raise Broken("an order that was decided could not earn: {} {}".format(*cursor.fetchone()))
    cursor.execute("select ord, seq from ledger_batch")
    for sale in earning:
        done.earning += 1
        _add(done.earned, asking.earned_of(sale.decision.lots) or ())
    return dict(cursor.fetchall())


def _take_back(
    cursor: Any, batch: Prepared, backs: Sequence[Back], matches: Mapping[int, Matched], done: Recorded
) -> None:
    if not backs:
        return
    rows = orjson.dumps([bulk_rows.return_row(b, matches[b.ord]) for b in backs]).decode()
    cursor.execute(
        "select answer::text from orders_take_back_many(%s::int, %s::text, %s::timestamptz, %s::jsonb)",
        (batch.program_id, batch.actor, batch.recorded_at, rows),
    )
    for (answer,) in cursor.fetchall():
        told = orjson.loads(answer)
        done.refund_minor += told["refund"]
        _add(done.clawed, told["clawed"])
        _add(done.owed, told["owed"])
        _add(done.forgiven, told["forgiven"])


def _add(sums: list[int], more: Sequence[int]) -> None:
    sums.extend([0] * (len(more) - len(sums)))
    for slot, amount in enumerate(more):
        sums[slot] += amount or 0

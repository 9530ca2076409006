"""What orders ask of others before they decide: the store, the member, her account, and what a decision becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction

from regulars.kernel import clock, ids, postgres
from regulars.kernel.errors import Invalid, NotFound, sure
from regulars.people.members import services as members
from regulars.people.members.terms import UnknownMember
from regulars.people.programs import services as programs
from regulars.people.programs.terms import NoChannel, NoStore, StoreKind
from regulars.value.ledger.terms import MemberMerged
from regulars.value.orders.models import OrderRow
from regulars.value.orders.terms import Holding, OrderTold, ReturnTold
from regulars.value.promotions import services as promotions
from regulars.value.promotions.terms import Basket, Decision, LotPlan, MemberFacts, Snapshot

# what says that somebody else told the same thing at this very moment: it is read again, and answered as told before
_TAKEN = frozenset(("O1_a_sale_counts_once", "kernel_idempotency_pkey", "L1_a_key_moves_value_once"))
_CONTEXT = "select * from orders_context(%s::int, %s::uuid, %s::text, %s::text, %s::text, %s::timestamptz)"
_BENEFITS = "select benefits, plans from benefits_of(%s::int, %s::uuid, %s::timestamptz)"
_NONE: frozenset[str] = frozenset()
_LOCK = "select 1 from ledger_begin(%s::uuid, %s::int, 'lock', '\\x00'::bytea, null)"


class Place(NamedTuple):
    """Where a sale happened, as the program knows it."""

    store_id: int | None
    zone: str


class Context(NamedTuple):
    """What orders_context answers, in its order. `is_member`: she is one of this program."""

    rule_version: int | None
    told: UUID | None
    kept_hash: bytes | None
    kept_status: int | None
    kept_body: bytes | None
    is_member: bool
    status: str | None
    merged_into: UUID | None
    joined_at: datetime | None
    birth_month: int | None
    birth_day: int | None
    zone: str | None
    locale: str | None
    attributes: str | None
    tier: str | None
    version: int | None
    active: Sequence[int] | None
    pending: Sequence[int] | None
    held: Sequence[int] | None
    debt: Sequence[int] | None
    overdue: Sequence[int] | None
    counters: str | None


class Lots(NamedTuple):
    """A decision's lots as the ledger's arrays; an array in which nothing is said is None."""

    units: list[int] | None = None
    amounts: list[int] | None = None
    activates: list[datetime | None] | None = None
    events: list[str | None] | None = None
    deadlines: list[datetime | None] | None = None
    expires: list[datetime | None] | None = None
    funders: list[str | None] | None = None


def call(sql: str, params: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """One stored function call; inside a transaction its failure leaves the transaction usable."""
    gate = connections[DEFAULT_DB_ALIAS]  # every look through the proxy costs: look once
    with transaction.atomic() if gate.in_atomic_block else nullcontext():
        return postgres.call(gate, sql, params)


def told_meanwhile(taken: psycopg.errors.UniqueViolation) -> bool:
    """Whether a broken uniqueness means that the very same sale was told at this moment by another process."""
    return taken.diag.constraint_name in _TAKEN


def place_of(*, program_id: int, channel: str, store: str | None, currency: str) -> Place:
    """The store of a sale, or the program itself where no store is said.

    Raises: Invalid for an unknown channel or store, a region, or another currency than the store's.
    """
    faults = []
    try:
        programs.channel(program_id=program_id, key=channel)
    except NoChannel:
        faults.append(("channel", f"{channel!r} is not a channel of this program"))
    store_id, zone, expected = None, "", currency
    if store is None:
        program = programs.by_id(program_id=program_id)
        zone, expected = program.zone, program.currency
    else:
        try:
            found = programs.store(program_id=program_id, key=store)
        except NoStore:
            faults.append(("store", f"{store!r} is not a store of this program"))
        else:
            store_id, zone, expected = found.id, found.zone, found.currency
            if found.kind is not StoreKind.STORE:
                faults.append(("store", f"{store!r} is a region; say the store that sold"))
    if currency != expected:
        faults.append(("currency", f"must be {expected}, the currency of this {'store' if store else 'program'}"))
    if faults:
        raise Invalid(errors=faults)
    return Place(store_id, zone)


def member_named(*, program_id: int, told: OrderTold | ReturnTold) -> UUID | None:
    """The member that is said, by reference or by identifier; None when nobody is said or nobody is found by it.

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
        found = members.lookup(program_id=program_id, type=kind, value=value)
        return found[0] if len(found) == 1 else None
    return None


def member_paying(*, program_id: int, told: OrderTold) -> UUID | None:
    """The member whose payment token was used, if exactly one is found by the tenders."""
    tokens = {t.token for t in told.tenders if t.token}
    found = {m for t in tokens for m in members.lookup(program_id=program_id, type="payment_token", value=t)}
    return found.pop() if len(found) == 1 else None


def context(
    *, program_id: int, member_id: UUID | None, source: str, ref: str, key: str | None, now: datetime
) -> Context:
    """One round trip: all that deciding needs."""
    row = postgres.call(connection, _CONTEXT, (program_id, member_id, source, ref, key, now))
    sure(row is not None, "the context is always one row")
    return Context(*(row or ()))


def lock(*, program_id: int, member_id: UUID) -> None:
    """Hold the member's account until the transaction ends: nobody else changes it, or reads it to change it."""
    with suppress(MemberMerged):  # the context will say into whom
        call(_LOCK, (member_id, program_id))


def facts(*, member_id: UUID, ctx: Context, snapshot: Snapshot, bought_at: datetime | None = None) -> MemberFacts:
    """The member as rules see her; her benefits and plans at `bought_at`, where a rule names them (None: now)."""
    sure(ctx.joined_at is not None, "a member has joined")
    benefits, plans = _belonging(member_id, snapshot, bought_at)
    active, overdue = ctx.active or (), ctx.overdue or ()
    return MemberFacts(
        member_id=member_id,
        status=ctx.status or "",
        tier=ctx.tier,
        active={u.key: at(active, u.slot) - at(overdue, u.slot) for u in snapshot.units.values()},
        attributes=orjson.loads(ctx.attributes) if ctx.attributes else {},
        joined_at=ctx.joined_at,  # type: ignore[arg-type]
        birth_month=ctx.birth_month,
        birth_day=ctx.birth_day,
        zone=ctx.zone or snapshot.zone,
        locale=ctx.locale or "",
        counters=orjson.loads(ctx.counters) if ctx.counters else {},
        benefits=benefits,
        plans=plans,
    )


def _belonging(
    member_id: UUID, snapshot: Snapshot, bought_at: datetime | None
) -> tuple[frozenset[str], frozenset[str]]:
    """The benefits and plans that a member has; not looked up where no rule names them."""
    if "member.benefits" not in snapshot.names and "member.plans" not in snapshot.names:
        return _NONE, _NONE
    row = call(_BENEFITS, (snapshot.program_id, member_id, bought_at or clock.now()))
    return (frozenset(row[0]), frozenset(row[1])) if row else (_NONE, _NONE)


def basket_of(told: OrderTold, zone: str) -> Basket:
    """The sale as rules see it."""
    return Basket(
        currency=told.currency,
        occurred_at=told.occurred_at,
        channel=told.channel,
        store=told.store,
        store_zone=zone,
        lines=told.lines,
        tenders=told.tenders,
    )


def lots_of(decision: Decision) -> Lots:
    """The decision as ledger_earn takes it; all None when no account has to be touched."""
    lots = decision.lots
    if not lots:
        return Lots([], []) if decision.counters is not None else Lots()

    def column(name: str) -> list[Any] | None:
        values = [getattr(lot, name) for lot in lots]
        return values if any(v is not None for v in values) else None

    return Lots(
        [lot.slot for lot in lots],
        [lot.amount for lot in lots],
        column("activates_at"),
        column("event"),
        column("deadline"),
        column("expires_at"),
        column("funder"),
    )


def earned_of(lots: Sequence[LotPlan]) -> list[int] | None:
    """What was earned in all, by slot; None for nothing."""
    if not lots:
        return None
    sums = [0] * max(lot.slot for lot in lots)
    for lot in lots:
        sums[lot.slot - 1] += lot.amount
    return sums


def holdings_after(*, decision: Decision, ctx: Context, keys: Mapping[int, str], now: datetime) -> dict[str, Holding]:
    """What the member will hold by unit once the decision is kept: a new active lot first pays a debt of its unit."""
    columns = (ctx.active or (), ctx.pending or (), ctx.held or (), ctx.debt or ())
    overdue = ctx.overdue or ()
    sums = {slot: [at(column, slot) for column in columns] for slot in keys}
    for lot in decision.lots:
        of = sums.setdefault(lot.slot, [0, 0, 0, 0])
        if lot.event is not None or (lot.activates_at is not None and lot.activates_at > now):
            of[1] += lot.amount
            continue
        repaid = min(of[3], lot.amount)
        of[3] -= repaid
        if lot.expires_at is None or lot.expires_at > now:  # a sale told so late that its value has ended already
            of[0] += lot.amount - repaid
    return {keys[s]: Holding(of[0] - at(overdue, s), of[1], of[2], of[3]) for s, of in sums.items() if s in keys}


def at(column: Sequence[int], slot: int) -> int:
    """The number at a slot, counted from 1; a missing tail is nothing."""
    return column[slot - 1] if slot <= len(column) else 0


def rules_of(row: OrderRow) -> Snapshot:
    """The rules that decided an order."""
    return promotions.snapshot(program_id=row.program_id, version=row.rule_version, terms=row.terms_version)


def unit_keys(snapshot: Snapshot) -> dict[int, str]:
    """The unit's key by slot."""
    return {plan.slot: plan.key for plan in snapshot.units.values()}

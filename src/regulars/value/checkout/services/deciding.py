"""How a basket is decided: one round trip for all that is known, then the pure engine. Read `decide` first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db import connection

from regulars.kernel import clock, postgres, secrets
from regulars.kernel.errors import Invalid, sure
from regulars.people.agreements import services as agreements
from regulars.people.members.terms import UnknownMember
from regulars.value.catalog import services as catalog
from regulars.value.catalog.terms import Barred, Buyer, Entitlement, Goods
from regulars.value.checkout.rules import pricing, reserving
from regulars.value.checkout.rules.reserving import owner_of
from regulars.value.checkout.services import engine
from regulars.value.checkout.services.places import Place
from regulars.value.checkout.terms import SessionTold
from regulars.value.coupons import services as coupons
from regulars.value.orders.services import asking
from regulars.value.orders.terms import Counted
from regulars.value.orders.terms.closing import Account
from regulars.value.promotions import services as promotions
from regulars.value.promotions.terms import Basket, CouponHeld, MemberFacts, Question, Snapshot, Verdict

_CONTEXT = (
    "select * from checkout_context(%s::int, %s::text, %s::uuid, %s::boolean, %s::bigint, %s::text, %s::text,"
    " %s::text[], %s::text, %s::text[], %s::text[], %s::bigint[], %s::text[], %s::timestamptz, %s::timestamptz)"
)
_SEED = "checkout.seed"
_ALWAYS = ("audiences",)
_FIRST_ASKED = 2  # of the arguments: before it the program and the key
_NEVER, _ALWAYS_SO = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Asked(NamedTuple):
    """A basket to be decided about, with what does not change from try to try.

    `member_id`: who was said, if anybody. `only`: the promotions to look at.
    """

    program_id: int
    key: str
    told: SessionTold
    place: Place
    member_id: UUID | None
    occurred_at: datetime
    now: datetime
    only: frozenset[str] | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of its coupons, as they are kept, each once."""
        return tuple(dict.fromkeys([c for c in map(coupons.canonical, self.told.coupons) if c]))


class Context(NamedTuple):
    """What checkout_context answers, in its order."""

    session_state: str | None
    revision: int | None
    opening: int | None
    session_order: UUID | None
    rule_version: int | None
    member_id: UUID | None
    is_member: bool
    status: str | None
    joined_at: datetime | None
    birth_month: int | None
    birth_day: int | None
    zone: str | None
    locale: str | None
    attributes: str | None
    tier: str | None
    version: int | None
    active: list[int] | None
    pending: list[int] | None
    held: list[int] | None
    debt: list[int] | None
    overdue: list[int] | None
    counters: str | None
    audiences: list[str] | None
    consents: list[str] | None
    orders: int | None
    coupons: str | None
    goods: str | None
    limits_left: str | None
    benefits: list[str] | None
    plans: list[str] | None
    session_id: UUID | None
    known: str

    @property
    def account(self) -> Account:
        """The member's account."""
        return Account(
            self.version,
            tuple(self.active or ()),
            tuple(self.pending or ()),
            tuple(self.held or ()),
            tuple(self.debt or ()),
            tuple(self.overdue or ()),
        )


class Decided(NamedTuple):
    """A decision with everything that it rests on. `counters`: the member's own, after it (None: unchanged).

    `coupons` are those that it uses; `json` is the question as JSON (empty for a frozen one). `good_until`: when a
    coupon that was looked at begins or ends, so that the same knowledge says something else. `arguments`: what
    checkout_context was asked.
    """

    asked: Asked
    ctx: Context
    snapshot: Snapshot
    question: Question
    verdict: Verdict
    entitlement: Entitlement
    coupons: tuple[CouponHeld, ...]
    stock: tuple[tuple[str, Decimal], ...]
    counters: Mapping[str, int] | None
    json: bytes = b""
    good_until: datetime = _NEVER
    arguments: tuple[Any, ...] = ()

    @property
    def asked_of_her(self) -> tuple[Any, ...]:
        """What checkout_context was asked, from the member on, but for now."""
        return self.arguments[_FIRST_ASKED:-1]

    @property
    def barred(self) -> tuple[Barred, ...]:
        """The lines that this member may not buy."""
        return self.entitlement.barred


def decide(asked: Asked) -> Decided:
    """Read all that is known now, and decide.

    The keys of limits depend on the program's version, which is read here too: they are asked for the version that
    this process saw last, and once more when it was another, or when older terms are kept for this member.

    Raises: UnknownMember; Invalid for lines without a price; NoSuchVersion.
    """
    guess = promotions.snapshot(program_id=asked.program_id)
    limits = _limits(asked, guess, ())
    arguments = _arguments(asked, guess, limits)
    ctx = _context(arguments)
    snapshot = guess
    rules = _rules(asked, ctx)
    if (rules.version, rules.terms) != (guess.version, guess.terms):
        snapshot = rules
        limits = _limits(asked, snapshot, ())
        arguments = _arguments(asked, snapshot, limits)
        ctx = _context(arguments)
    if asked.only is not None:
        snapshot, only = engine.with_drafts(snapshot, asked.only)
        asked = asked._replace(only=only)
    held, good_until = _coupons(asked, ctx, snapshot)
    templates = tuple(sorted({c.template for c in held if not c.refused}))
    left = orjson.loads(ctx.limits_left) if ctx.limits_left else {}
    if templates:
        more = {k: v for k, v in _limits(asked, snapshot, templates).items() if k not in limits}
        if more:
            left = {**left, **promotions.left(program_id=asked.program_id, limits=more)}
            good_until = _NEVER  # what is left of these is not among what is known
    if asked.member_id is not None and not ctx.is_member:
        raise UnknownMember
    return _decided(asked, ctx, snapshot, held, left)._replace(good_until=good_until, arguments=arguments)


def _rules(asked: Asked, ctx: Context) -> Snapshot:
    """The rules that decide for whom the context has found: of the version in force, with the terms that are hers."""
    version = ctx.rule_version or 0
    terms = agreements.version_for(
        program_id=asked.program_id,
        version=version,
        member_id=ctx.member_id,
        joined_at=ctx.joined_at if ctx.is_member else None,
    )
    return promotions.snapshot(program_id=asked.program_id, version=version, terms=terms)


def again(before: Decided, now: datetime) -> Decided | None:
    """A basket decided a moment ago as if it were decided now; None when it is known already that it does not hold.

    Nothing is read here: it holds only if `checkout_context`, asked as it was then but for now, still says what it
    said then in `known`.
    """
    asked = before.asked._replace(now=now)
    if now >= before.good_until:
        return None
    return before._replace(asked=asked) if _rules(asked, before.ctx) is before.snapshot else None


def _limits(asked: Asked, snapshot: Snapshot, templates: tuple[str, ...]) -> Mapping[str, int]:
    return engine.limits_of(
        snapshot,
        store=asked.told.store,
        day=clock.local_day(asked.occurred_at, snapshot.zone),
        coupons=templates,
        identifiers=asked.told.identifiers,
    )


def context_of(*, program_id: int, key: str, now: datetime) -> Context:
    """What is known of a session's member now; nothing of its goods, coupons and limits."""
    nothing = (None,) * 3
    params: tuple[Any, ...] = (program_id, key, None, True, *nothing, None, None, None, None, None, [], now, now)
    row = postgres.call(connection, _CONTEXT, params)
    sure(row is not None, "the context is always one row")
    return Context(*(row or ()))


def _context(arguments: tuple[Any, ...]) -> Context:
    row = postgres.call(connection, _CONTEXT, arguments)
    sure(row is not None, "the context is always one row")
    return Context(*(row or ()))


def _arguments(asked: Asked, snapshot: Snapshot, limits: Mapping[str, int]) -> tuple[Any, ...]:
    """The arguments of checkout_context."""
    told = asked.told
    return (
        asked.program_id,
        asked.key,
        asked.member_id,
        told.keeps_member,
        asked.place.store_id,
        told.channel,
        told.currency,
        list(asked.codes) or None,
        owner_of(asked.key),
        list({line.sku for line in told.lines}),
        list(limits) or None,
        list(limits.values()) or None,
        wants_of(snapshot),
        asked.occurred_at,
        asked.now,
    )


def wants_of(snapshot: Snapshot) -> list[str]:
    """What has to be known of the member beside what is always read: what a condition of this version names."""
    names = snapshot.names
    wants = [*_ALWAYS, *(name for name in ("consents", "orders") if f"member.{name}" in names)]
    if "member.benefits" in names or "member.plans" in names:
        wants.append("benefits")
    return wants


def _coupons(asked: Asked, ctx: Context, snapshot: Snapshot) -> tuple[tuple[CouponHeld, ...], datetime]:
    """The coupons of the basket in the order told, each found or why not; and until when that holds."""
    if not asked.told.coupons:
        return (), _ALWAYS_SO
    rows = [_coupon_row(row) for row in orjson.loads(ctx.coupons)] if ctx.coupons else []
    held = coupons.judge(
        program_id=asked.program_id,
        codes=asked.codes,
        rows=[[*row.values()] for row in rows],
        at=asked.now,
        member_id=ctx.member_id if ctx.is_member else None,
        store=asked.told.store,
        channel=asked.told.channel,
        tier=ctx.tier or snapshot.base_tier,
        audiences=frozenset(ctx.audiences or ()),
    )
    turns = [row[name] for row in rows for name in _TIMES if row[name] is not None and row[name] > asked.now]
    return tuple([CouponHeld(*h[:5]) for h in held]), min(turns, default=_ALWAYS_SO)


_TIMES = ("starts_at", "ends_at", "until")


def _coupon_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row of coupons_context out of JSON."""
    for name in ("coupon_id", "member_id", "offered_to"):
        row[name] = UUID(row[name]) if row[name] else None
    for name in _TIMES:
        row[name] = datetime.fromisoformat(row[name]) if row[name] else None
    return row


def counted_of(decided: Decided) -> tuple[Counted, ...]:
    """How far a decision raises the member's own counters."""
    member = decided.question.member
    if member is None or decided.counters is None:
        return ()
    return reserving.counted(member.counters, decided.counters, decided.entitlement.takes)


def _decided(
    asked: Asked, ctx: Context, snapshot: Snapshot, held: tuple[CouponHeld, ...], left: Mapping[str, int]
) -> Decided:
    goods = goods_of(ctx)
    lines, faults = pricing.lines_of(asked.told.lines, goods)
    if faults:
        raise Invalid(errors=faults)
    member = facts_of(ctx, snapshot)
    basket = Basket(
        currency=asked.told.currency,
        occurred_at=asked.occurred_at,
        channel=asked.told.channel,
        store=asked.told.store,
        store_zone=asked.place.zone,
        lines=lines,
        tenders=asked.told.tenders,
    )
    question = Question(
        basket=basket,
        member=member,
        coupons=held,
        left=left,
        spend=asked.told.spend if member is not None and member.status == "active" else (),
        seed=secrets.blind(asked.program_id, _SEED, asked.key),
        only=asked.only,
        identifiers=asked.told.identifiers,
    )
    json = engine.question_json(question)
    verdict = engine.decide(question, snapshot, json)
    asks = pricing.asks_of(lines, goods)
    buyer = Buyer(member.tier or snapshot.base_tier, member.audiences, member.counters) if member else None
    entitlement = (
        catalog.entitled(asks=asks, buyer=buyer, at=asked.occurred_at, zone=snapshot.zone) if asks else Entitlement()
    )
    counters = verdict.counters
    if entitlement.takes and member is not None:
        day = clock.local_day(asked.occurred_at, snapshot.zone)
        counters = catalog.counted(counters if counters is not None else member.counters, entitlement.takes, day)
    return Decided(
        asked=asked,
        ctx=ctx,
        snapshot=snapshot,
        question=question,
        verdict=verdict,
        entitlement=entitlement,
        coupons=used_of(question, verdict),
        stock=pricing.stock_of(lines, goods),
        counters=counters,
        json=json,
    )


def used_of(question: Question, verdict: Verdict) -> tuple[CouponHeld, ...]:
    """The coupons that a decision uses: those whose promotions took something off, or brought something."""
    used = {a.coupon for a in verdict.pricing.applied if a.coupon}
    used |= {o.body["coupon"] for o in verdict.pricing.outcomes if o.body.get("coupon")}
    return tuple([c for c in question.coupons if c.code in used and not c.refused])


def goods_of(ctx: Context) -> dict[str, Goods]:
    """What the catalog knows of the basket's goods, by sku."""
    if not ctx.goods:
        return {}
    found = [catalog.goods_of(row) for row in orjson.loads(ctx.goods)]
    return {g.sku: g for g in found}


def facts_of(ctx: Context, snapshot: Snapshot) -> MemberFacts | None:
    """The member as rules see her; None for a guest."""
    if ctx.member_id is None or not ctx.is_member:
        return None
    active, overdue = ctx.active or (), ctx.overdue or ()
    sure(ctx.joined_at is not None, "a member has joined")
    return MemberFacts(
        member_id=ctx.member_id,
        status=ctx.status or "",
        tier=ctx.tier,
        active={u.key: asking.at(active, u.slot) - asking.at(overdue, u.slot) for u in snapshot.units.values()},
        attributes=orjson.loads(ctx.attributes) if ctx.attributes else {},
        joined_at=ctx.joined_at,  # type: ignore[arg-type]
        birth_month=ctx.birth_month,
        birth_day=ctx.birth_day,
        zone=ctx.zone or snapshot.zone,
        locale=ctx.locale or "",
        counters=orjson.loads(ctx.counters) if ctx.counters else {},
        audiences=frozenset(ctx.audiences or ()),
        consents=frozenset(ctx.consents or ()),
        orders=ctx.orders,
        benefits=frozenset(ctx.benefits or ()),
        plans=frozenset(ctx.plans or ()),
    )

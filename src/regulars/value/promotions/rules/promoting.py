"""Promotions as a program document writes them, and what coupons give, read with every fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from regulars.kernel.reading import Fault, Reader
from regulars.value.promotions.rules import effects, parts
from regulars.value.promotions.rules.known import Known, condition
from regulars.value.promotions.terms import (
    COUPON,
    Action,
    Audiences,
    Budget,
    Effect,
    Limit,
    LimitPeriod,
    Min,
    OnExcess,
    OnReturn,
    Per,
    PercentOf,
    Promotion,
)

MOST_PROMOTIONS = 2_000
_MOST_TEMPLATES = 10_000
_MOST_WAS = 2_000
_MOST_LIMITS = 10
_PRIORITY = 1_000_000


class State(StrEnum):
    """Whether a promotion may act at all."""

    RUNNING = "running"
    PAUSED = "paused"


class Of(StrEnum):
    """What a minimum is counted over."""

    GOODS = "goods"
    BASKET = "basket"


def read(document: Mapping[str, Any], known: Known, faults: list[Fault]) -> tuple[Promotion, ...]:
    """The section `promotions`, in the order written."""
    top = Reader({"promotions": document.get("promotions")}, "", faults)
    found: list[Promotion] = []
    seen: set[str] = set()
    for n, entry in enumerate(top.children("promotions", most=MOST_PROMOTIONS)):
        one = promotion(entry, known, key=entry.key())
        if one.key in seen and one.key:
            top.fault(f"promotions.{n}.key", f"{one.key!r} is the key of another promotion too")
        seen.add(one.key)
        found.append(one)
    return tuple(found)


def read_gives(document: Mapping[str, Any], known: Known, faults: list[Fault]) -> tuple[Promotion, ...]:
    """What the coupons of each template give: the field `gives`, a promotion without a key."""
    said = document.get("coupon_templates")
    found = []
    for n, template in enumerate(said if isinstance(said, list | tuple) else ()):
        if n >= _MOST_TEMPLATES or not isinstance(template, Mapping):
            continue  # its owner says what is wrong
        key, gives = template.get("key"), template.get("gives")
        if not isinstance(key, str) or gives is None:
            continue
        entry = Reader(gives, f"coupon_templates.{n}.gives", faults)
        found.append(promotion(entry, known, key=f"{COUPON}{key}", coupon=key))
    return tuple(found)


def promotion(entry: Reader, known: Known, *, key: str, coupon: str | None = None) -> Promotion:
    """One promotion; with `coupon`, what the coupons of that template give."""
    always, never = _beside(entry, known, key)
    audiences = entry.child("audiences")
    found = Promotion(
        key=key,
        coupon=coupon,
        effects=_effects(entry, known),
        name=entry.names("name"),
        note=entry.text("note"),
        is_paused=entry.choice("state", State, State.RUNNING) is State.PAUSED,
        priority=entry.whole("priority", 0, least=-_PRIORITY, most=_PRIORITY) or 0,
        group=entry.key("group", required=False) or None,
        is_exclusive=entry.flag("exclusive"),
        always=always,
        never=never,
        when=condition(entry, "when", of_line=False),
        lines=condition(entry, "lines", of_line=True),
        schedule=parts.schedule(entry.child("schedule")),
        stores=_of(entry, "stores", known.stores, "store"),
        channels=_of(entry, "channels", known.channels, "channel"),
        brands=_of(entry, "brands", known.brands, "brand"),
        tiers=_of(entry, "tiers", known.tiers, "level"),
        audiences=_audiences(audiences, known) if audiences is not None else Audiences(),
        plans=_of(entry, "plans", known.plans, "plan"),
        benefits=_of(entry, "benefits", known.benefits, "benefit"),
        uses_benefit=_used(entry, known),
        tenders=parts.texts(entry, "tenders", most=50),
        members_only=entry.flag("members_only"),
        goods=parts.goods(entry.child("goods")),
        min=_min(entry.child("min"), known),
        percent_of=entry.choice("percent_of", PercentOf, PercentOf.RUNNING),
        cap_minor=parts.minor(entry, "cap", known.currency),
        limits=_limits(entry, known, coupon),
        budget=_budget(entry.child("budget"), known),
        funder=entry.key("funder", required=False) or None,
        on_return=entry.choice("on_return", OnReturn, OnReturn.KEEP),
        was=_was(entry, known),
    )
    entry.done()
    return found


def _was(entry: Reader, known: Known) -> dict[str, int]:
    """Struck-through prices by sku; whether they are honest is looked up when the promotion is published."""
    said, shown = entry.raw("was"), entry.child("was")
    if said is None or shown is None or not isinstance(said, Mapping):
        return {}
    if len(said) > _MOST_WAS:
        entry.fault("was", f"names more than {_MOST_WAS} goods")
        return {}
    found = {sku: parts.minor(shown, sku, known.currency) for sku in said if isinstance(sku, str)}
    return {sku: price for sku, price in found.items() if price is not None}


def _effects(entry: Reader, known: Known) -> tuple[Effect, ...]:
    found = []
    for said in entry.children("effects", most=effects.MOST_EFFECTS):
        effect = effects.read(said, known)
        if effect is not None:
            found.append(effect)
    if not entry.raw("effects"):
        entry.fault("effects", "is missing: what the promotion brings")
    return tuple(found)


def _of(entry: Reader, name: str, known: frozenset[str] | None, what: str) -> tuple[str, ...]:
    found = parts.texts(entry, name, most=2_000, are_keys=True)
    _must_be_known(entry, name, found, known, what)
    return found


def _must_be_known(entry: Reader, name: str, said: Iterable[str], known: frozenset[str] | None, what: str) -> None:
    if known is not None:
        for n, key in enumerate(said):
            if key not in known:
                entry.fault(f"{name}.{n}", f"there is no {what} {key!r} in this program")


def _beside(entry: Reader, known: Known, key: str) -> tuple[frozenset[str], frozenset[str]]:
    said = entry.child("with")
    if said is None:
        return frozenset(), frozenset()
    found = []
    for name in ("always", "never"):
        keys = parts.texts(said, name, most=2_000)
        _must_be_known(said, name, keys, known.promotions, "promotion")
        if key in keys:
            said.fault(name, "names the promotion itself")
        found.append(frozenset(keys))
    both = sorted(found[0] & found[1])
    if both:
        said.fault("never", f"{both[0]!r} cannot be both always and never")
    said.done()
    return found[0], found[1]


def _used(entry: Reader, known: Known) -> str | None:
    key = entry.key("uses_benefit", required=False) or None
    if key is not None and known.benefits is not None and key not in known.benefits:
        entry.fault("uses_benefit", f"there is no benefit {key!r} in this program")
    elif key is not None and key in known.given:
        entry.fault("uses_benefit", f"{key!r} brings something by itself, or is a choice: a sale cannot use it")
    return key


def _audiences(entry: Reader, known: Known) -> Audiences:
    said = {name: _of(entry, name, known.audiences, "audience") for name in ("any", "none")}
    entry.done()
    return Audiences(any=frozenset(said["any"]), none=frozenset(said["none"]))


def _min(entry: Reader | None, known: Known) -> Min:
    if entry is None:
        return Min()
    if entry.has("minor") and entry.has("amount"):
        entry.fault("minor", "say amount or minor, not both")
    minor = entry.whole("minor", 0) or 0
    found = Min(
        minor=parts.minor(entry, "amount", known.currency) or minor,
        quantity=entry.whole("quantity", 0, most=10**6) or 0,
        of_goods=entry.choice("of", Of, Of.GOODS) is Of.GOODS,
    )
    if not (entry.has("amount") or found.minor or found.quantity):
        entry.fault("", "must say an amount or a quantity")
    entry.done()
    return found


def _limits(entry: Reader, known: Known, coupon: str | None) -> tuple[Limit, ...]:
    found: list[Limit] = []
    for said in entry.children("limits", most=_MOST_LIMITS):
        action = said.choice("action", Action, Action.TIMES)
        per = said.choice("per", Per, Per.MEMBER)
        period = said.choice("period", LimitPeriod, LimitPeriod.BASKET)
        if action is Action.MINOR:
            limit = parts.minor(said, "limit", known.currency)
        else:
            limit = said.whole("limit", least=1, most=10**12)
        excess = said.choice("on_excess", OnExcess, OnExcess.CAP)
        one = Limit(
            limit=parts.required(said, "limit", limit), action=action, per=per, period=period, on_excess=excess
        )
        if per is Per.COUPON and coupon is None:
            said.fault("per", "coupon: only what coupons give is counted per coupon")
        if any((x.action, x.per, x.period) == (action, per, period) for x in found):
            said.fault("period", f"there is another limit of {action.value} per {per.value} and {period.value}")
        said.done()
        found.append(one)
    return tuple(found)


def _budget(entry: Reader | None, known: Known) -> Budget | None:
    if entry is None:
        return None
    minor = parts.required(entry, "amount", parts.minor(entry, "amount", known.currency))
    found = Budget(minor=minor, is_hot=entry.flag("hot"))
    entry.done()
    return found

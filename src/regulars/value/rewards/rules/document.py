"""The section `rewards` of a program document, read with every fault and written canonically. Pure."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from regulars.kernel import money
from regulars.kernel.errors import Invalid
from regulars.kernel.reading import Fault, Reader
from regulars.value.rewards.terms import (
    Auto,
    By,
    Cancel,
    CancelUntil,
    Cause,
    Fulfilment,
    Gives,
    Kind,
    Limit,
    Period,
    Price,
    Reward,
    Session,
)

MOST_REWARDS = 5_000
MOST_PRICES = 20
MOST_SESSIONS = 500
MOST_HOURS = 24 * 366
MOST_AMOUNT = 10**12
BY: dict[Kind, By] = {
    Kind.GOODS: By.STORE,
    Kind.COUPON: By.DIGITAL,
    Kind.SERVICE: By.STORE,
    Kind.EXPERIENCE: By.STORE,
    Kind.DONATION: By.NONE,
    Kind.DIGITAL_CODE: By.DIGITAL,
    Kind.TICKET: By.DIGITAL,
}
ONLY_AT_ONCE = (Kind.COUPON, Kind.DONATION, Kind.DIGITAL_CODE)


class Known:
    """What the document defines elsewhere; None where it does not say, and then nothing is checked against it."""

    def __init__(self, document: Mapping[str, Any], faults: list[Fault]) -> None:
        self.faults = faults
        program = document.get("program")
        said = program.get("currency") if isinstance(program, Mapping) else None
        self.currency = said if isinstance(said, str) else "XXX"
        try:
            self.decimals = money.exponent(self.currency)
        except Invalid:
            self.decimals = 2
        self.units = _units(document.get("units"), spendable=True)
        self.measured = _units(document.get("units"), spendable=False)
        self.stores = _keys(document.get("stores"))
        self.audiences = _keys(document.get("audiences"))
        self.templates = _keys(document.get("coupon_templates"))
        self.levels = _levels(document.get("ladders"))


def _keys(entries: Any) -> frozenset[str] | None:
    if not isinstance(entries, list | tuple):
        return None
    return frozenset(e["key"] for e in entries if isinstance(e, Mapping) and isinstance(e.get("key"), str))


def _units(entries: Any, *, spendable: bool) -> frozenset[str] | None:
    if not isinstance(entries, list | tuple):
        return None
    told = [e for e in entries if isinstance(e, Mapping) and (not spendable or e.get("kind") != "measure")]
    return _keys(told)


def _levels(ladders: Any) -> frozenset[str] | None:
    if not isinstance(ladders, list | tuple):
        return None
    found = [(x.get("key"), _keys(x.get("levels")) or ()) for x in ladders if isinstance(x, Mapping)]
    return frozenset(f"{ladder}/{level}" for ladder, levels in found for level in levels)


def read(document: Mapping[str, Any], *, version: int = 0) -> tuple[tuple[Reward, ...], list[Fault]]:
    """The rewards of a document, with every fault; other sections are only looked up for what they define."""
    faults: list[Fault] = []
    known = Known(document, faults)
    top = Reader({"rewards": document.get("rewards")}, "", faults)
    found: list[Reward] = []
    seen: set[str] = set()
    for n, entry in enumerate(top.children("rewards", most=MOST_REWARDS)):
        reward = _reward(entry, known, version)
        if reward.key and reward.key in seen:
            top.fault(f"rewards.{n}.key", f"{reward.key!r} is the key of another reward too")
        seen.add(reward.key)
        found.append(reward)
    return tuple(found), faults


def _reward(entry: Reader, known: Known, version: int) -> Reward:
    kind = entry.choice("kind", Kind, Kind.GOODS)
    key = entry.key()
    reward = Reward(
        key=key,
        version=version,
        names=entry.names("name"),
        about=entry.names("about"),
        note=entry.text("note"),
        kind=kind,
        prices=_prices(entry, "price", known),
        by_level=_by_level(entry, known),
        stock=entry.whole("stock", most=MOST_AMOUNT),
        per_member=_limit(entry),
        levels=entry.keys("levels", known=known.levels, what="level"),
        audiences=entry.keys("audiences", known=known.audiences, what="audience"),
        starts_on=entry.day("starts"),
        ends_on=entry.day("ends"),
        stores=entry.keys("stores", known=known.stores, what="store"),
        fulfilment=_fulfilment(entry, kind),
        cancel=_cancel(entry),
        pay_hours=entry.whole("pay_within_hours", 24, least=1, most=MOST_HOURS) or 24,
        offer_hours=_waiting(entry),
        auto=_auto(entry, known),
        gives=_gives(entry, known),
        sessions=_sessions(entry, known),
        cause=_cause(entry, key),
    )
    _agree(entry, reward)
    entry.done()
    return reward


def _agree(entry: Reader, r: Reward) -> None:
    """What does not fit together."""
    if r.starts_on and r.ends_on and r.ends_on < r.starts_on:
        entry.fault("ends", "comes before starts")
    if (r.gives is None) == (r.kind is Kind.COUPON):
        entry.fault("gives", "says which coupon a reward of kind coupon gives, and belongs to no other")
    if (r.cause is None) == (r.kind is Kind.DONATION):
        entry.fault("cause", "says what a donation is for, and belongs to no other kind")
    if r.sessions and r.kind is not Kind.EXPERIENCE:
        entry.fault("sessions", "belong to experiences")
    if r.stock is not None and (r.sessions or r.kind is Kind.DIGITAL_CODE):
        entry.fault("stock", "has no place here: seats and imported codes are counted themselves")
    if r.kind in ONLY_AT_ONCE and not r.is_at_once:
        entry.fault("fulfilment.by", f"cannot be {r.fulfilment.by.value} for the kind {r.kind.value}")
    if r.offer_hours is not None and r.stock is None and not r.sessions and r.kind is not Kind.DIGITAL_CODE:
        entry.fault("waiting_list", "needs a stock, seats or codes that can run out")
    if r.auto is not None and (r.sessions or not r.prices or r.prices[0].minor):
        entry.fault("auto", "needs a first price without money, and no dates to choose from")
    paid = {unit for p in (*r.prices, *(p for ps in r.by_level.values() for p in ps)) for unit in p.units}
    if r.kind is Kind.DONATION and len(paid) > 1:
        entry.fault("price", "of a donation is in one unit, so that its total is one number")
    if r.by_level and not r.prices and not r.levels:
        entry.fault("price", "is missing for members of all other levels; or say levels")


def _prices(entry: Reader, name: str, known: Known) -> tuple[Price, ...]:
    value = entry.raw(name)
    if value is None:
        return ()
    entries = [value] if isinstance(value, Mapping) else value
    if not isinstance(entries, list | tuple) or not 1 <= len(entries) <= MOST_PRICES:
        entry.fault(name, f"must be a price, or a list of 1 to {MOST_PRICES} to choose from")
        return ()
    found = [
        _price(Reader(one, entry.at(f"{name}.{n}"), known.faults), str(n + 1), known) for n, one in enumerate(entries)
    ]
    keys = [p.key for p in found]
    if len(set(keys)) < len(keys):
        entry.fault(name, "has two alternatives with one key")
    return tuple(found)


def _names(entry: Reader, name: str) -> list[str]:
    value = entry.raw(name)
    return sorted(k for k in value if isinstance(k, str)) if isinstance(value, Mapping) else []


def _price(entry: Reader, default: str, known: Known) -> Price:
    said = entry.child("units")
    units: dict[str, int] = {}
    if said is not None:
        for unit in _names(entry, "units"):
            amount = said.whole(unit, 0, least=1, most=MOST_AMOUNT)
            if known.units is not None and unit not in known.units:
                said.fault(unit, "is no unit of this program that can be spent")
            units[unit] = amount or 1
    minor = _minor(entry, known)
    if not units and not minor and not entry.raw("amount"):
        entry.fault("", "says neither units nor an amount")
    found = Price(key=entry.key(required=False) or default, units=units, minor=minor)
    entry.done()
    return found


def _minor(entry: Reader, known: Known) -> int:
    number = entry.number("amount")
    if number is None:
        return 0
    found = number.scaleb(known.decimals)
    if found < 0 or found != found.to_integral_value() or found > MOST_AMOUNT:
        entry.fault("amount", f"must be an amount of zero or more with at most {known.decimals} decimals")
        return 0
    return int(found)


def _by_level(entry: Reader, known: Known) -> dict[str, tuple[Price, ...]]:
    said = entry.child("price_by_level")
    if said is None:
        return {}
    found: dict[str, tuple[Price, ...]] = {}
    for level in _names(entry, "price_by_level"):
        if known.levels is not None and level not in known.levels:
            said.fault(level, "is no level of this program; write ladder/level")
        found[level] = _prices(said, level, known)
    return found


def _limit(entry: Reader) -> Limit | None:
    said = entry.child("per_member")
    if said is None:
        return None
    times = said.whole("times", least=1, most=MOST_AMOUNT)
    if times is None and not said.has("times"):
        said.fault("times", "is missing")
    found = Limit(times=times or 1, period=said.choice("period", Period, Period.LIFETIME))
    said.done()
    return found


def _fulfilment(entry: Reader, kind: Kind) -> Fulfilment:
    said = entry.child("fulfilment")
    if said is None:
        return Fulfilment(by=BY[kind])
    found = Fulfilment(
        by=said.choice("by", By, BY[kind]),
        within_days=said.whole("within_days", least=1, most=366),
        fetch_days=said.whole("fetch_days", least=1, most=366),
        give_back=said.flag("give_back", True),
    )
    if found.fetch_days is not None and found.by is not By.STORE:
        said.fault("fetch_days", "is for what waits in a store")
    said.done()
    return found


def _cancel(entry: Reader) -> Cancel:
    said = entry.child("cancel")
    if said is None:
        return Cancel()
    found = Cancel(
        until=said.choice("until", CancelUntil, CancelUntil.SENT),
        hours=said.whole("hours", least=1, most=MOST_HOURS),
    )
    said.done()
    return found


def _waiting(entry: Reader) -> int | None:
    if not isinstance(entry.raw("waiting_list"), Mapping):
        return 24 if entry.flag("waiting_list") else None
    said = entry.child("waiting_list")
    hours = said.whole("hours", 24, least=1, most=MOST_HOURS) if said else None
    if said:
        said.done()
    return hours


def _auto(entry: Reader, known: Known) -> Auto | None:
    said = entry.child("auto")
    if said is None:
        return None
    unit = said.text("unit", required=True)
    if unit and known.measured is not None and unit not in known.measured:
        said.fault("unit", "is no unit of this program")
    at = said.whole("at", least=1, most=MOST_AMOUNT)
    if at is None and not said.has("at"):
        said.fault("at", "is missing")
    said.done()
    return Auto(unit=unit, at=at or 1)


def _gives(entry: Reader, known: Known) -> Gives | None:
    said = entry.child("gives")
    if said is None:
        return None
    template = said.key("template")
    if template and known.templates is not None and template not in known.templates:
        said.fault("template", f"there is no coupon template {template!r} in this program")
    found = Gives(template=template, count=said.whole("count", 1, least=1, most=20) or 1)
    said.done()
    return found


def _sessions(entry: Reader, known: Known) -> tuple[Session, ...]:
    found: list[Session] = []
    for said in entry.children("sessions", most=MOST_SESSIONS):
        store = said.key("store", required=False)
        if store and known.stores is not None and store not in known.stores:
            said.fault("store", f"there is no store {store!r} in this program")
        seats = said.whole("seats", least=1, most=MOST_AMOUNT)
        if seats is None and not said.has("seats"):
            said.fault("seats", "is missing")
        one = Session(key=said.key(), names=said.names("name"), starts=_local(said), seats=seats or 1, store=store)
        if one.key in [s.key for s in found]:
            said.fault("key", f"{one.key!r} is the key of another session too")
        said.done()
        found.append(one)
    return tuple(found)


def _local(entry: Reader) -> datetime:
    value = entry.raw("starts")
    if isinstance(value, str) and len(value) in (16, 19):
        with contextlib.suppress(ValueError):
            value = datetime.fromisoformat(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        return value
    entry.fault("starts", "must be a local time as 2026-12-31T18:30, without offset")
    return datetime.combine(date(2000, 1, 1), datetime.min.time())


def _cause(entry: Reader, key: str) -> Cause | None:
    said = entry.child("cause")
    if said is None:
        return None
    found = Cause(
        key=said.key(required=False) or key,
        names=said.names("name"),
        target=said.whole("target", least=1, most=10**15),
    )
    if not found.names:
        said.fault("name", "is missing: a cause is named")
    said.done()
    return found

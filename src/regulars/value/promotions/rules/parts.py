"""Parts of a document that promotions share: money, shares, goods, schedules; each read with its faults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from regulars.kernel import money
from regulars.kernel.reading import KEY, Reader, shown
from regulars.value.promotions.rules import recurring
from regulars.value.promotions.terms import Birthday, Goods, GoodsList, Hours, Schedule, Zone

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_SKUS = 10_000
MOST_MINOR = 10**15
_LONGEST_SKU = 128
_PPM_DECIMALS = 4
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)(:00)?\Z", re.ASCII)
_DAY_MINUTES = 24 * 60


def minor(entry: Reader, name: str, currency: str, *, least: int = 1) -> int | None:
    """An amount of money in major units, as minor units of the program's currency."""
    number = entry.number(name)
    if number is None:
        return None
    decimals = money.exponent(currency)
    found = number.scaleb(decimals)
    if found < least or found != found.to_integral_value() or found > MOST_MINOR:
        says = "above zero" if least else "of zero or more"
        entry.fault(name, f"must be an amount {says} with at most {decimals} decimals")
        return None
    return int(found)


def percent(entry: Reader, name: str) -> int | None:
    """A percentage above 0, at most 100, as millionths."""
    number = entry.number(name)
    if number is None:
        return None
    ppm = number.scaleb(_PPM_DECIMALS)
    if not 0 < number <= 100 or ppm != ppm.to_integral_value():
        entry.fault(name, f"must be a percentage above 0 and at most 100 with at most {_PPM_DECIMALS} decimals")
        return None
    return int(ppm)


def required(entry: Reader, name: str, value: int | None) -> int:
    """A number that must be said; its fault has been told when it was said wrongly."""
    if value is None and not entry.has(name):
        entry.fault(name, "is missing")
    return value or 0


def texts(entry: Reader, name: str, *, most: int = MOST_SKUS, are_keys: bool = False) -> tuple[str, ...]:
    """A list of texts (somebody else's keys), each once; a single one may stand alone. In the order said."""
    value = entry.raw(name)
    if value is None:
        return ()
    entries = [value] if isinstance(value, str) else value
    if not isinstance(entries, list | tuple):
        entry.fault(name, f"must be a list, not {shown(value)}")
        return ()
    if len(entries) > most:
        entry.fault(name, f"has {len(entries)} entries; at most {most} are allowed")
        return ()
    seen: dict[str, None] = {}
    for n, one in enumerate(entries):
        if not isinstance(one, str) or not one.strip() or len(one) > _LONGEST_SKU or not one.isprintable():
            entry.fault(f"{name}.{n}", f"must be a text of at most {_LONGEST_SKU} signs, not {shown(one)}")
        elif are_keys and not KEY.match(one):
            entry.fault(
                f"{name}.{n}", f"{shown(one)} must be lower-case letters, digits, '_', '.' or '-', at most 64"
            )
        elif one in seen:
            entry.fault(f"{name}.{n}", f"{shown(one)} is said twice")
        else:
            seen[one] = None
    return tuple(seen)


def goods(entry: Reader | None) -> Goods:
    """Goods by `include` and `exclude`; every field of either is optional."""
    if entry is None:
        return Goods()
    found = Goods(include=_goods_list(entry.child("include")), exclude=_goods_list(entry.child("exclude")))
    entry.done()
    return found


def _goods_list(entry: Reader | None) -> GoodsList:
    if entry is None:
        return GoodsList()
    attributes = entry.raw("attributes")
    told: dict[str, frozenset[str]] = {}
    if attributes is not None:
        inner = entry.child("attributes")
        for name in attributes if isinstance(attributes, Mapping) and inner is not None else ():
            if inner is not None and isinstance(name, str):
                values = frozenset(texts(inner, name, most=100))
                if values:
                    told[name] = values
    found = GoodsList(
        skus=frozenset(texts(entry, "skus")),
        categories=frozenset(texts(entry, "categories", most=1_000)),
        brands=frozenset(texts(entry, "brands", most=1_000)),
        attributes=told,
    )
    entry.done()
    return found


def schedule(entry: Reader | None) -> Schedule | None:
    """When something is open; None when nothing is said."""
    if entry is None:
        return None
    found = Schedule(
        starts=_bound(entry, "starts"),
        ends=_bound(entry, "ends"),
        weekdays=weekdays(entry),
        hours=_hours(entry),
        rrule=_rrule(entry),
        member_day=entry.whole("member_day", least=1, most=31),
        birthday=_birthday(entry),
        zone=entry.choice("zone", Zone, Zone.STORE),
    )
    if found.starts is not None and found.ends is not None and _wall(found.ends) < _wall(found.starts):
        entry.fault("ends", "lies before starts")
    entry.done()
    return None if found == Schedule() else found


def weekdays(entry: Reader) -> tuple[int, ...]:
    """Weekdays as 1 (Monday) to 7, in order."""
    said = entry.keys("weekdays", known=frozenset(DAYS), what="weekday")
    return tuple(sorted({DAYS.index(d) + 1 for d in said if d in DAYS}))


def _bound(entry: Reader, name: str) -> date | datetime | None:
    value = entry.raw(name)
    if isinstance(value, str) and len(value) > 10:
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = entry.raw(name)
    if isinstance(value, datetime):
        if value.second or value.microsecond:
            entry.fault(name, "must be a whole minute")
        return value
    if isinstance(value, str) and len(value) > 10:
        entry.fault(name, f"must be a day as 2026-12-31 or a moment as 2026-12-31T20:00, not {shown(value)}")
        return None
    return entry.day(name)


def _wall(bound: date | datetime) -> datetime:
    """A bound as a wall clock shows it, to see the order of two."""
    if isinstance(bound, datetime):
        return bound.replace(tzinfo=None)
    return datetime(bound.year, bound.month, bound.day)  # noqa: DTZ001


def _hours(entry: Reader) -> tuple[Hours, ...]:
    found = []
    for one in entry.children("hours", most=10):
        start, to = _minute(one, "from"), _minute(one, "to")
        if start is not None and to is not None:
            if start in (to, _DAY_MINUTES):
                one.fault(
                    "to", "must differ from `from`; a window past midnight ends before it begins: 22:00 to 02:00"
                )
            else:
                found.append(Hours(start=start, to=to))
        one.done()
    return tuple(sorted(found, key=lambda h: (h.start, h.to)))


def _minute(entry: Reader, name: str) -> int | None:
    value = entry.raw(name)
    match = _CLOCK.match(value) if isinstance(value, str) else None
    minutes = int(match.group(1)) * 60 + int(match.group(2)) if match else _DAY_MINUTES + 1
    if minutes > _DAY_MINUTES:
        says = "is missing" if value is None else f"must be a time of day as '09:30', not {shown(value)}"
        entry.fault(name, says)
        return None
    return minutes


def _rrule(entry: Reader) -> str | None:
    text = entry.text("rrule", longest=500).strip().upper().removeprefix("RRULE:")
    if not text:
        return None
    try:
        rule = recurring.parse(text)
    except ValueError as error:
        entry.fault("rrule", str(error))
        return None
    if rule.needs_start and not entry.has("starts"):
        entry.fault("rrule", "depends on the day it starts on; say `starts`, or BYDAY, BYMONTHDAY or BYYEARDAY")
    return text


def _birthday(entry: Reader) -> Birthday | None:
    if entry.raw("birthday") == "month":
        return Birthday(is_month=True)
    said = entry.child("birthday")
    if said is None:
        return None
    found = Birthday(before=said.whole("before", 0, most=180) or 0, after=said.whole("after", 0, most=180) or 0)
    said.done()
    return found


def amount_text(value: int, currency: str) -> Decimal:
    """Minor units as the document writes them: exact, in major units."""
    return Decimal(value).scaleb(-money.exponent(currency))


def percent_text(ppm: int) -> Decimal:
    """Millionths as a percentage without needless zeros.

    >>> [str(percent_text(p)) for p in (125_000, 1_000_000, 333_333)]
    ['12.5', '100', '33.3333']
    """
    found = Decimal(ppm).scaleb(-_PPM_DECIMALS).normalize()
    return found.quantize(Decimal(1)) if found == found.to_integral_value() else found

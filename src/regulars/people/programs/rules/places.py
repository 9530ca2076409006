"""Rules of programs: what a well-formed zone, currency, key and week of opening hours is; when a store is open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from regulars.people.programs.terms import DAYS, OpeningHours

Faults = list[tuple[str, str]]

_KEY = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_WALL = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
_DAY_MINUTES = 24 * 60
_WEEK_MINUTES = 7 * _DAY_MINUTES
KEY_LENGTH = 64
NAME_LENGTH = 200

# ISO 4217 list one, 2024: currencies in circulation (funds, metals and test codes are left out).
CURRENCIES = frozenset(
    (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD "
        "CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP "
        "GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD "
        "KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN "
        "NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP "
        "SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES "
        "VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
    ).split()
)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def key_faults(value: Any, path: str) -> Faults:
    """What is wrong with a stable key: lower-case letters, digits, `_ . -`, at most 64 characters."""
    if not isinstance(value, str) or not _KEY.fullmatch(value) or len(value) > KEY_LENGTH:
        return [
            (path, "must be lower-case letters, digits, '_', '.' or '-', beginning with a letter or digit, up to 64")
        ]
    return []


def name_faults(value: Any, path: str) -> Faults:
    """What is wrong with a display name: 1 to 200 characters, not only blanks, no control characters."""
    if not isinstance(value, str) or not value.strip():
        return [(path, "must be a text that is not empty")]
    if len(value) > NAME_LENGTH:
        return [(path, f"must be at most {NAME_LENGTH} characters; it has {len(value)}")]
    if any(ord(c) < 32 for c in value):
        return [(path, "must not hold control characters")]
    return []


def zone_faults(value: Any, path: str) -> Faults:
    """What is wrong with a time zone: it must be a name of the IANA database, as `Asia/Shanghai`."""
    if not isinstance(value, str) or value not in _zones():
        return [(path, f"{value!r} is not a time zone of the IANA database (for instance Europe/London)")]
    return []


def currency_faults(value: Any, path: str) -> Faults:
    """What is wrong with a currency: it must be a code of ISO 4217 in circulation, as `CNY`."""
    if not isinstance(value, str) or value not in CURRENCIES:
        return [(path, f"{value!r} is not an ISO 4217 currency (for instance GBP)")]
    return []


def _minutes(wall: str) -> int:
    return int(wall[:2]) * 60 + int(wall[3:])


def _spans(spans: Any, path: str) -> tuple[list[tuple[int, int]], Faults]:
    """The well-formed spans of one day as (begin, end) minutes after its midnight; end may pass 24:00."""
    found: list[tuple[int, int]] = []
    faults: Faults = []
    if isinstance(spans, str) or not isinstance(spans, Sequence):
        return found, [(path, 'must be a list of spans, as [["09:00","21:00"]]')]
    for n, span in enumerate(spans):
        here = f"{path}.{n}"
        if isinstance(span, str) or not isinstance(span, Sequence) or len(span) != 2:
            faults.append((here, 'must be a pair of times, as ["09:00","21:00"]'))
            continue
        bad = [x for x in span if not isinstance(x, str) or not _WALL.fullmatch(x)]
        if bad:
            faults += [(here, f"{x!r} is not a time of day from 00:00 to 24:00") for x in bad]
            continue
        begin, end = _minutes(span[0]), _minutes(span[1])
        if begin == _DAY_MINUTES:
            faults.append((here, "opens at 24:00; write 00:00 on the next day"))
        elif begin == end:
            faults.append((here, 'opens and closes at the same time; all day is ["00:00","24:00"]'))
        else:
            found.append((begin, end if end > begin else end + _DAY_MINUTES))
    return found, faults


def hours_faults(value: Any, path: str) -> Faults:
    """Every fault of a week of opening hours `{"mon": [["09:00","21:00"], …], …}`.

    A span that closes at or before it opens closes on the next day. Spans may not overlap, also not over
    midnight or from Sunday into Monday; they may touch.
    """
    if not isinstance(value, Mapping):
        return [(path, 'must map days to spans, as {"mon": [["09:00","21:00"]]}')]
    faults: Faults = [(f"{path}.{day}", f"is no day; use {', '.join(DAYS)}") for day in value if day not in DAYS]
    week: list[tuple[int, int, str]] = []
    for n, day in enumerate(DAYS):
        spans, bad = _spans(value.get(day, ()), f"{path}.{day}")
        faults += bad
        week += [(n * _DAY_MINUTES + begin, n * _DAY_MINUTES + end, f"{path}.{day}") for begin, end in spans]
    week.sort()
    if week:
        first = week[0]
        following = [*week[1:], (first[0] + _WEEK_MINUTES, first[1] + _WEEK_MINUTES, first[2])]
        faults += [
            (after[2], "has a span that begins before the one ahead of it has ended")
            for before, after in zip(week, following, strict=True)
            if after[0] < before[1]
        ]
    return faults


def tidy_hours(value: Mapping[str, Any]) -> OpeningHours:
    """Opening hours in one canonical form: days in order, spans sorted, empty days left out; all empty is `{}`,
    unless every day was told to be closed: then `{"mon": ()}` keeps the difference from "not told"."""
    spans = {day: tuple(sorted((str(s[0]), str(s[1])) for s in value.get(day, ()))) for day in DAYS}
    kept = {day: found for day, found in spans.items() if found}
    return kept or ({"mon": ()} if value else {})


def _instant(day: date, minutes: int, zone: ZoneInfo, *, last: bool) -> datetime:
    """The instant (UTC) at which the clock on the wall shows `minutes` after midnight of `day`.

    A time that comes twice is its first instant, or its last if `last`; a time that the clock skips is the
    instant of the skip.
    """
    wall = datetime.combine(day, time(0)) + timedelta(minutes=minutes)
    early, late = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early <= late:
        return late if last else early
    before, after = late, early  # the wall time is skipped: the skip lies between the two readings
    shift = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == shift:
            before = middle
        else:
            after = middle
    return after


def is_open(hours: OpeningHours, zone: str, instant: datetime) -> bool:
    """Whether a store with these hours is open at an instant; hours that were never told count as open.

    The opening instant is open, the closing instant is not. Spans are whole stretches of time between two
    readings of the wall clock, so a change of the clock inside them neither closes the store nor shifts its times.

    Args: zone: IANA. instant: aware.
    """
    if not hours:
        return True
    local = ZoneInfo(zone)
    today = instant.astimezone(local).date()
    # a span can begin yesterday; skipped calendar days (Samoa 2011) are caught by looking a day further back
    for back in (0, 1, 2):
        day = today - timedelta(days=back)
        for opens, closes in hours.get(DAYS[day.weekday()], ()):
            begin, end = _minutes(opens), _minutes(closes)
            end = end if end > begin else end + _DAY_MINUTES
            first, last = _instant(day, begin, local, last=False), _instant(day, end, local, last=True)
            if first <= instant < last:
                return True
    return False


def path_of(parents: Mapping[str, str | None], key: str) -> str | None:
    """The path of `key` by its parents, `/cn/east/sh01/`; None when it goes in a circle or leads nowhere."""
    keys: list[str] = []
    at: str | None = key
    while at is not None:
        if at in keys or at not in parents:
            return None
        keys.append(at)
        at = parents[at]
    return "/" + "/".join(reversed(keys)) + "/"


def is_below(path: str, root: str) -> bool:
    """Whether a path is a root or lies below it.

    >>> is_below("/cn/east/sh01/", "/cn/"), is_below("/cn2/", "/cn/")
    (True, False)
    """
    return path.startswith(root)


def unknown_names(given: Mapping[str, Any], known: Iterable[str], path: str) -> Faults:
    """A fault for every name that is not known: a misspelt field must never be silently dropped."""
    allowed = set(known)
    return [(f"{path}.{name}" if path else str(name), "is not known here") for name in given if name not in allowed]


def locale_faults(value: Any, path: str) -> Faults:
    """What is wrong with a language tag: letters and digits in parts, as `en` or `zh-Hans`."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}", value):
        return [(path, f"{value!r} is not a language tag (for instance en or zh-Hans)")]
    return []


def choice_faults(value: Any, choices: Iterable[str], path: str) -> Faults:
    """What is wrong with a value that must be one of a few words."""
    words = [str(c) for c in choices]
    return [] if value in words else [(path, f"{value!r} is not one of {', '.join(words)}")]


def is_online(kind: str) -> bool:
    """Whether a kind of channel has no store of its own unless something else is said."""
    return kind not in ("store", "phone")


def address_faults(value: Any, path: str) -> Faults:
    """What is wrong with an address: free text of at most 1,000 characters."""
    return (
        []
        if isinstance(value, str) and len(value) <= 1_000
        else [(path, "must be a text of at most 1,000 characters")]
    )

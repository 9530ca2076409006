"""Rows of members and of opening balances, read; the first fault of a row is its reason."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingOf
from datetime import UTC, date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from regulars.interfaces.imports.terms import Mapping
from regulars.kernel import clock
from regulars.people.members.terms import Birthday, Claim, IdentifierType, Newcomer

Row = MappingOf[str, str | None]
_BIRTHDAY = re.compile(r"(?:(\d{4})|-)?-?(\d{1,2})[-/.](\d{1,2})")
_MOST = 10**15


class Faulty(Exception):
    """A row cannot be read; `reason` is the code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Balance(NamedTuple):
    """An opening balance. `key` makes it count once."""

    member: str
    unit: str
    amount: int
    key: str
    occurred_at: datetime
    expires_at: datetime | None


def newcomer_of(row: Row, *, mapping: Mapping, zone: str) -> Newcomer:
    """A member as a row tells her; her identifiers count as verified by the old system.

    Raises: Faulty.
    """
    external = row.get("external")
    if not external:
        raise Faulty("missing:external")
    kinds = (IdentifierType.PHONE, IdentifierType.EMAIL, IdentifierType.CARD)
    claims = [Claim(type=kind, value=str(row[kind.value])) for kind in kinds if row.get(kind.value)]
    joined = row.get("joined_at")
    return Newcomer(
        external=external,
        claims=tuple(claims),
        name=row.get("name"),
        birthday=birthday_of(row.get("birthday")),
        locale=row.get("locale") or "",
        zone=row.get("zone"),
        channel=row.get("channel") or "",
        store=row.get("store") or "",
        joined_at=instant_of(joined, mapping=mapping, name="joined_at") if joined else None,
    )


def birthday_of(text: str | None) -> Birthday | None:
    """A birthday with or without its year: `1984-05-17`, `05-17`, `--05-17`.

    >>> birthday_of("1984-05-17"), birthday_of("5/17").year
    (Birthday(month=5, day=17, year=1984), None)
    """
    if not text:
        return None
    found = _BIRTHDAY.fullmatch(text.removeprefix("-").replace("/", "-").strip())
    if not found:
        raise Faulty("bad:birthday")
    year, month, day = (int(part) if part else None for part in found.groups())
    return Birthday(month=month or 0, day=day or 0, year=year)


def instant_of(text: str, *, mapping: Mapping, name: str) -> datetime:
    """An instant in one of the mapping's formats; without an offset it is of the mapping's zone.

    Raises: Faulty.
    """
    for form in mapping.times:
        try:
            at = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)  # noqa: DTZ007
        except ValueError:
            continue
        return at.replace(tzinfo=ZoneInfo(mapping.zone)).astimezone(UTC) if at.tzinfo is None else at.astimezone(UTC)
    raise Faulty(f"bad_time:{name}")


def balance_of(row: Row, *, mapping: Mapping, zone: str, now: datetime) -> Balance:
    """An opening balance as a row tells it. A balance ends with its day, in the program's zone.

    Without a key of its own, member, unit and last day are the key: say `key` where one member has two such lots.

    Raises: Faulty.
    """
    member, unit, amount = row.get("member"), row.get("unit"), row.get("amount")
    if not member or not unit:
        raise Faulty(f"missing:{'unit' if member else 'member'}")
    if not amount or not re.fullmatch(r"\d{1,15}", amount) or not 0 < int(amount) < _MOST:
        raise Faulty("bad_number:amount")
    expires = row.get("expires_on")
    expires_at = clock.day_ends(day_of(expires, mapping, "expires_on"), zone) if expires else None
    if expires_at is not None and expires_at <= now:
        raise Faulty("expired_already")
    occurred = row.get("occurred_at")
    return Balance(
        member=member,
        unit=unit,
        amount=int(amount),
        key=row.get("key") or f"{member}/{unit}/{expires or ''}",
        occurred_at=instant_of(occurred, mapping=mapping, name="occurred_at") if occurred else now,
        expires_at=expires_at,
    )


def day_of(text: str, mapping: Mapping, name: str) -> date:
    """A local day in one of the mapping's formats.

    Raises: Faulty.
    """
    for form in mapping.times:
        try:
            return date.fromisoformat(text[:10]) if form == "iso" else datetime.strptime(text, form).date()  # noqa: DTZ007
        except ValueError:
            continue
    raise Faulty(f"bad_time:{name}")

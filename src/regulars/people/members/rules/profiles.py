"""What a profile may hold."""

from __future__ import annotations

import re

from regulars.people.members.rules.attributes import Fault, birthday_faults
from regulars.people.members.terms import Birthday

LONGEST_NAME = 120
LONGEST_NOTES = 4_000
LONGEST_KEY = 60
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")


def faults(
    *,
    name: str | None = None,
    birthday: Birthday | None = None,
    locale: str = "",
    zone: str | None = None,
    notes: str | None = None,
    channel: str = "",
    store: str = "",
    zones: frozenset[str],
    this_year: int,
) -> list[Fault]:
    """Everything wrong with the fields of a profile, by path; what is None or empty fits.

    Args: zones: the IANA zones that exist. this_year: no birthday is later.
    """
    found: list[Fault] = []
    if name and (len(name) > LONGEST_NAME or not name.isprintable()):
        found.append(("name", f"must be at most {LONGEST_NAME} printable characters"))
    if locale and not (_LOCALE.fullmatch(locale) and len(locale) <= 20):
        found.append(("locale", "must be a language tag: zh-Hans-CN"))
    if zone and zone not in zones:
        found.append(("zone", "must be an IANA zone: Asia/Shanghai"))
    if notes and (len(notes) > LONGEST_NOTES or "\x00" in notes):
        found.append(("notes", f"must be at most {LONGEST_NOTES} characters"))
    for path, key in (("channel", channel), ("store", store)):
        if len(key) > LONGEST_KEY or "\x00" in key:
            found.append((path, f"must be at most {LONGEST_KEY} characters"))
    return found + birthday_faults(birthday, this_year=this_year)

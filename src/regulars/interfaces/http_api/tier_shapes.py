"""Shapes of the calls about ladders, levels and how members move on them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import Field

from regulars.interfaces.http_api.shapes import Body, Instant, Key, Out, Text


class NeedOut(Out):
    measure: str = Field(description="The unit that counts.")
    value: int = Field(description="How much of it counts now.")
    at: int = Field(description="How much is asked.")
    missing: int = Field(description="How much is missing; 0 when it is reached.")


class AheadOut(Out):
    level: str = Field(description="The level that it leads to.")
    names: dict[str, str] = Field(description="Its names, by language.")
    at: datetime = Field(description="The instant; midnight of the program's zone.")
    on: date = Field(description="The local day that begins then.")


class TierOut(Out):
    ladder: str
    level: str
    names: dict[str, str]
    since: datetime | None
    by: str = Field(description="`earned`, `granted` (a membership or a promotion) or `locked` by hand.")
    earned: str = Field(description="The level that she has earned, whatever she was given.")
    measure: str
    value: int = Field(description="How much of the first measure counts now.")
    match: str = Field(description="`any`: one measure is enough; `all`: every one is asked.")
    next_level: str | None
    next_at: int | None
    missing: int | None
    to_next: list[NeedOut] = Field(description="What each measure still needs for the next level; empty at the top.")
    to_keep: list[NeedOut] = Field(
        description="What keeps this level at the end of its time; empty: nothing is asked."
    )
    valid_until: datetime | None = Field(description="The exclusive end of the level's time; null: it has none.")
    grace_until: datetime | None = Field(
        description="The level was not kept, and ends then unless she reaches it before."
    )
    fall: AheadOut | None = Field(
        description="Where she falls to if nothing more comes, and when; null: she does not."
    )
    rise: AheadOut | None = Field(description="What she has reached and gets when the next period begins.")


class TiersOut(Out):
    member: str
    items: list[TierOut]


class MoveOut(Out):
    id: int = Field(description="Its number.")
    ladder: str
    from_level: str = Field(description="The level before.")
    to_level: str = Field(description="The level after.")
    value: int = Field(description="How much of the first measure counted then.")
    cause: str = Field(
        description="What led to it: `order`, `return`, `import`, `night`, `publish`, `merge`, `grant` …"
    )
    why: str = Field(
        description="What was found: `reached`, `not kept`, `taken back`, `told late`, `rules`, `granted`, `locked` …"
    )
    version: int = Field(description="The program's version that decided.")
    effective_at: datetime | None = Field(description="Since when it holds by the facts.")
    moved_at: datetime = Field(description="When the facts were known and she was moved.")


class MovesOut(Out):
    items: list[MoveOut]
    next_cursor: str | None


class GivenOut(Out):
    ladder: str
    level: str
    kind: str = Field(description="`grant` or `lock`.")
    source: str = Field(description="What gave it.")
    until: datetime | None = Field(description="Its exclusive end; null: until it is ended.")
    reason: str = Field(description="Why; a lock always has one.")
    given_by: str = Field(description="Who gave it.")
    given_at: datetime = Field(description="When it was given.")
    ended_at: datetime | None = Field(description="When it was ended; null: it was not.")


class GivenListOut(Out):
    items: list[GivenOut]


class LockIn(Body):
    level: Key = Field(description="The level to hold her on, whatever she earns.")
    until: Instant | None = Field(default=None, description="Until when; absent: until it is ended.")
    reason: Text = Field(min_length=1, max_length=2000, description="Why, for people; kept with it.")


class LevelGrantIn(Body):
    level: Key = Field(description="The level that she gets beside what she earns; the higher one holds.")
    until: Instant | None = Field(default=None, description="Until when; absent: until it is ended.")


class LaddersOut(Out):
    version: int = Field(description="The program's version in force.")
    items: list[dict[str, Any]] = Field(description="The ladders, as the program document has them.")

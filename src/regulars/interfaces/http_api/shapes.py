"""Shapes that many calls share: strict numbers, instants with offset, problems, pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from ninja import Header
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StrictBool,
    StrictInt,
    StrictStr,
)
from pydantic_core import CoreSchema

CLEAN = r"^[^\x00-\x1f\x7f]*$"  # half of a surrogate pair is no text for pydantic anyway
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _text_only(value: Any) -> Any:
    if isinstance(value, datetime) or (isinstance(value, str) and _RFC3339.fullmatch(value)):
        return value
    raise ValueError("must be text in RFC 3339 form with an offset, such as 2026-05-01T09:30:00+08:00")


def _in_utc(value: datetime) -> datetime:
    # what no calendar or database can hold, or could not be read back, is nobody's fault but the sender's
    if not 1900 <= value.year < 2200:
        raise ValueError("must lie between the years 1900 and 2200")
    return value.astimezone(UTC)


class _Clean:
    """Text without control characters, seen to by pydantic's core. A function of ours would be called for every text
    of a body, and one of pydantic's for each limit of its length. A pattern of one's own replaces this."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return {**handler(source), "pattern": CLEAN}  # type: ignore[return-value]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        told = handler(schema)
        return {name: value for name, value in told.items() if (name, value) != ("pattern", CLEAN)}


def _storable(value: Any) -> Any:
    waiting = [(value, 1)]  # a stack of our own: what is nested too deeply must not exhaust Python's
    while waiting:
        one, level = waiting.pop()
        if level > MOST_LEVELS:
            raise ValueError(f"must have at most {MOST_LEVELS} levels")
        if isinstance(one, str) and "\x00" in one:
            raise ValueError("must not hold the character U+0000")
        if isinstance(one, dict):
            waiting += [(part, level + 1) for pair in one.items() for part in pair]
        elif isinstance(one, list):
            waiting += [(part, level + 1) for part in one]
    return value


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_text_only, json_schema_input_type=str),
    AfterValidator(_in_utc),
    Field(description="An instant, RFC 3339 with offset.", examples=["2026-05-01T09:30:00+08:00"]),
]
Text = Annotated[StrictStr, _Clean()]
Key = Annotated[Text, Field(min_length=1, max_length=100)]
Points = Annotated[StrictInt, Field(ge=1, le=10**15, description="A whole number of the unit.")]
Minor = Annotated[
    StrictInt, Field(ge=-(10**15), le=10**15, description="Whole minor units of the currency (pence, fen).")
]
MOST_LEVELS = 32
Flag = StrictBool
Currency = Annotated[Text, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217.", examples=["CNY"])]
Words = Annotated[StrictStr, AfterValidator(_storable)]
Json = Annotated[dict[str, Any], AfterValidator(_storable)]
Attributes = Annotated[Json, Field(max_length=50, description="Your own facts, at most 50.")]


class Body(BaseModel):
    """What a caller sends: unknown fields are refused, so that a typing mistake is not silence."""

    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    """What we answer."""


class Fault(Out):
    path: str = Field(description="Where, dotted: `lines.3.quantity`.")
    message: str = Field(description="What is wrong and what to do.")


class Problem(Out):
    """Why the answer is no (RFC 9457). Nothing was changed."""

    type: str = Field(description="A URN that names the kind of problem.")
    title: str
    status: int
    code: str = Field(description="Stable; switch on this.")
    detail: str = Field(description="A sentence for a person.")
    errors: list[Fault] = Field(default_factory=list, description="Every fault of the input.")
    facts: dict[str, Any] | None = Field(default=None, description="Values that belong to the refusal.")


REFUSED = frozenset({400, 401, 403, 404, 409, 413, 422, 429, 503})
READ_REFUSED = frozenset({401, 403, 404, 422, 429, 503})
ONCE: str = Header(
    ...,
    alias="Idempotency-Key",
    min_length=1,
    max_length=200,
    pattern=r"^[!-~]([ -~]*[!-~])?$",
    description="Makes the call repeatable: the first answer is kept for 30 days and given again, with "
    "`Idempotent-Replayed: true`. A UUID is a good one. Printable ASCII.",
)
MAYBE_ONCE: str | None = Header(
    None,
    alias="Idempotency-Key",
    min_length=1,
    max_length=200,
    pattern=r"^[!-~]([ -~]*[!-~])?$",
    description="As in every other call: the first answer is kept for 30 days and given again, with "
    "`Idempotent-Replayed: true`. Without one, the session's own state makes the call repeatable; but then a call "
    "that comes late, after the session was told or opened again, counts as a new one.",
)

"""Shapes that many calls share: strict numbers, instants with offset, problems, pages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Header
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, StrictStr


def _text_only(value: Any) -> Any:
    if isinstance(value, str | datetime):
        return value
    raise ValueError("must be text in RFC 3339 form with an offset, such as 2026-05-01T09:30:00+08:00")


def _clean(value: Any) -> Any:
    if isinstance(value, str) and any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in value):
        raise ValueError("must not contain control characters")
    return value


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_text_only, json_schema_input_type=str),
    Field(description="An instant, RFC 3339 with offset.", examples=["2026-05-01T09:30:00+08:00"]),
]
Text = Annotated[StrictStr, BeforeValidator(_clean, json_schema_input_type=str)]
Key = Annotated[Text, Field(min_length=1, max_length=100)]
Points = Annotated[StrictInt, Field(ge=1, le=10**15, description="A whole number of the unit.")]
Minor = Annotated[
    StrictInt, Field(ge=-(10**15), le=10**15, description="Whole minor units of the currency (pence, fen).")
]
Flag = StrictBool
Currency = Annotated[Text, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217.", examples=["CNY"])]
Attributes = Annotated[dict[str, Any], Field(max_length=50, description="Your own facts, at most 50.")]


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
    ..., alias="Idempotency-Key", min_length=1, max_length=200, description="Makes the call repeatable."
)

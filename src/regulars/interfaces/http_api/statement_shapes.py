"""What a member's statement looks like."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from regulars.interfaces.http_api.shapes import Out

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _text_only(value: Any) -> Any:
    if isinstance(value, str) and _DAY.fullmatch(value):
        return value
    raise ValueError("must be a day as 2026-01-31")


Day = Annotated[date, BeforeValidator(_text_only)]


class StatementProgram(Out):
    key: str = Field(description="The program, by its key.")
    name: str
    zone: str = Field(description="IANA time zone in which days begin.")
    currency: str


class StatementMember(Out):
    id: str
    number: str


class StatementPeriod(Out):
    from_: date = Field(alias="from", description="The first local day.")
    to: date = Field(description="The last local day.")
    begins_at: datetime = Field(description="The instant at which the first day begins.")
    ends_at: datetime = Field(description="The exclusive instant at which the last day ends.")
    is_over: bool = Field(description="Whether the period was over when the statement was made.")


class StatementPart(Out):
    after: int = Field(description="The last journal of the part before; 0: this is the first.")
    through: int = Field(description="The last journal in this part.")
    next: int | None = Field(description="The `after` of the next part; null: there is none.")
    limit: int = Field(description="How many journals a part holds.")


class StatementBalance(Out):
    active: int
    pending: int
    held: int
    debt: int = Field(description="What she owes: later earnings repay it first.")
    total: int = Field(description="Active, pending and held, less the debt.")


class StatementUnit(Out):
    unit: str
    kind: str = Field(description="`spendable` or `measure`.")
    scale: int = Field(description="How many decimals its amounts are shown with.")
    names: dict[str, str] = Field(description="Its names by language.")
    opening: StatementBalance = Field(description="What she held when the part began.")
    closing: StatementBalance = Field(description="What she held when it ended.")
    totals: dict[str, int] = Field(
        description="What made the difference, with sign: `earned`, `spent`, `given_back`, `expired`, `clawed_back`, "
        "`transferred`, `exchanged`, `adjusted`, `merged`."
    )


class StatementSource(Out):
    type: str | None = Field(description="What it comes from: `order`, `campaign` …")
    ref: str | None = Field(description="Its reference; an order's is `source/ref`.")
    line: str | None = Field(description="The line of it, if only one is meant.")


class StatementRule(Out):
    rule: str = Field(description="The rule or promotion that gave, by its key.")
    unit: str
    amount: int


class StatementMove(Out):
    unit: str
    from_: str = Field(alias="from", description="The account it left.")
    to: str = Field(description="The account it went to.")
    amount: int
    as_: str = Field(
        alias="as", description="What it is to the member: one of the totals, `inside` (stays hers) or `let_go`."
    )


class StatementEntry(Out):
    seq: int = Field(description="The number of the journal in the member's books.")
    kind: str
    recorded_at: datetime = Field(description="When it was written into the books: this decides the period.")
    occurred_at: datetime = Field(description="When it happened.")
    by: str = Field(description="Who did it: `key`, `staff`, `member` or `system`.")
    source: StatementSource | None
    rules: list[StatementRule] = Field(description="For an order: which rules gave what.")
    rule_version: int | None = Field(description="The version of the program that decided.")
    reverses: int | None = Field(description="The journal that it takes back.")
    reason: str | None
    hash: str = Field(description="The journal's place in the chain of the books, SHA-256 in hex.")
    moves: list[StatementMove] = Field(description="What went from which account to which.")


class StatementLevel(Out):
    n: int = Field(description="Numbered from 1.")
    ladder: str
    from_: str = Field(alias="from", description="The level before.")
    to: str = Field(description="The level after.")
    at: datetime
    cause: str = Field(description="What led to it.")
    why: str = Field(description="What was found then, in a word; may be empty.")
    version: int


class StatementSeal(Out):
    key: str = Field(description="The public key: Ed25519, 32 bytes as base64url.")
    digests: dict[str, str] = Field(description="SHA-256 of the canonical form of each part, as base64url.")
    signature: str = Field(
        description='Over the line "regulars statement 1", a line feed and the canonical form of `digests`.'
    )


class StatementOut(Out):
    statement: int = Field(description="The form of the statement: 1.")
    program: StatementProgram = Field(description="Whose books these are.")
    member: StatementMember
    period: StatementPeriod = Field(description="The days that it is about.")
    made_at: datetime = Field(description="When it was made.")
    part: StatementPart = Field(description="Which part of a long statement this is.")
    units: list[StatementUnit] = Field(description="Each unit that ever moved: before, what happened, after.")
    entries: list[StatementEntry] = Field(description="Journal by journal, oldest first.")
    levels: list[StatementLevel] = Field(description="Rises and falls; in the first part.")
    person: dict[str, str | None] | None = Field(default=None, description="Only what `include` asked for.")
    seal: StatementSeal = Field(description="What proves it.")


class StatementKeyOut(Out):
    program: str = Field(description="The program, by its key.")
    algorithm: str = Field(description="`ed25519`.")
    key: str = Field(description="The public key: 32 bytes as base64url.")

"""The words of imports: a mapping says what a file means, a job carries it in, a reject says what stayed out."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from regulars.kernel.errors import Invalid, NotFound, Refusal


class Kind(StrEnum):
    """What a file tells about."""

    ORDERS = "orders"
    MEMBERS = "members"
    BALANCES = "balances"
    PRODUCTS = "products"
    STOCK = "stock"
    AUDIENCE = "audience"


class State(StrEnum):
    """How far a job is. `finished`, `failed` and `cancelled` are ends; a failed job can be run again."""

    WAITING = "waiting"
    STAGING = "staging"
    RECORDING = "recording"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN_STATES = (State.WAITING, State.STAGING, State.RECORDING, State.FAILED)


@dataclass(frozen=True, kw_only=True)
class Test:
    """A question asked of one column of one row; exactly one of the tests is set."""

    column: str
    equals: tuple[str, ...] = ()
    matches: str | None = None
    empty: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Drop:
    """Rows that are left out on purpose; they are counted under `name`, and are no rejects."""

    name: str
    when: Test


@dataclass(frozen=True, kw_only=True)
class Returns:
    """How a file tells that goods came back.

    when: the rows of a credit note. refund: a column with the money refunded on the row's own order.
    negative_quantity: in a sale, a line below zero is a return. order: the column that names the order returned from.
    """

    when: Test | None = None
    refund: str | None = None
    negative_quantity: bool = False
    order: str | None = None


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """What the columns of a file mean. `columns` is our name → the file's name; see docs/imports.md."""

    kind: Kind
    source: str
    format: Literal["csv", "parquet"]
    columns: MappingOf[str, tuple[str, ...]]
    encoding: str = "auto"
    delimiter: str = ","
    zone: str = "UTC"
    currency: str | None = None
    minor_units: bool = False
    times: tuple[str, ...] = ("iso",)
    constants: MappingOf[str, str] = field(default_factory=dict)
    attributes: MappingOf[str, str] = field(default_factory=dict)
    returns: Returns = field(default_factory=Returns)
    adjustments: Test | None = None
    drop: tuple[Drop, ...] = ()
    register_members: bool = True
    member_type: str = "external"


@dataclass(frozen=True, kw_only=True)
class Reject:
    """A row that did not come in: its line in the file and the code of the reason. Never its content."""

    line: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Job:
    """One file on its way in. `done` of `total` counts orders (or rows); `report` holds the figures so far."""

    id: UUID
    program_id: int
    kind: Kind
    source: str
    file: str
    path: str
    digest: str
    size: int
    mapping: MappingOf[str, Any]
    state: State
    done: int
    total: int | None
    rejected: int
    report: MappingOf[str, Any]
    rejects_path: str | None
    actor: str
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What a screen may show while a job runs. `unit` is bytes or rows while staging, orders while recording."""

    state: State
    done: int
    total: int | None
    unit: str


@dataclass(frozen=True, kw_only=True)
class ImportFinished:
    """A file has come in whole. Nothing else is announced for what it brought."""

    program_id: int
    job_id: UUID
    kind: str
    source: str
    recorded: int
    repeated: int


class UnknownMapping(NotFound):
    """There is no ready mapping of this name."""


class BadMapping(Invalid):
    """The mapping cannot be understood."""


class BadFile(Invalid):
    """The file cannot be read the way its mapping says."""


class ImportRunning(Refusal):
    """Another import into this program is running; wait for its end."""


class ImportOver(Refusal):
    """This import has ended; it cannot be changed any more."""


class FileGone(Refusal):
    """The file is no longer where the import began to read it, or its content has changed."""

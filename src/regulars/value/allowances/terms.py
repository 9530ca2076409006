"""The words of offline tills: devices, allowances, what tills upload, what did not fit, and why a call is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from regulars.kernel.errors import Forbidden, NotFound, Refusal

PREFIX = "alw"  # of public ids: alw_01h455vb4pex5vsknk084sn02q
CONFLICT_PREFIX = "cft"
MOST_ORDERS = 500  # in one upload
MOST_BURNS = 20  # in one order
SKEW_MS = 120_000  # a till's clock that is wrong by less is right


class DeviceState(StrEnum):
    ACTIVE = "active"
    REVOKED = "revoked"


class Bound(StrEnum):
    """What an allowance is bound to: one till, or any till of one store."""

    DEVICE = "device"
    STORE = "store"


class AllowanceState(StrEnum):
    OPEN = "open"
    USED = "used"  # all of it paid for something
    ENDED = "ended"  # its hold was let go: its time was over
    CANCELLED = "cancelled"  # somebody took it back


class Rule(StrEnum):
    """By which rule something was settled that did not fit. What each does: README.md."""

    OVERSPENT = "allowance_overspent"
    EXPIRED = "allowance_expired"
    LATE = "late_upload"
    CANCELLED = "allowance_cancelled"
    OTHER_DEVICE = "other_device"
    OTHER_MEMBER = "other_member"
    UNKNOWN_ALLOWANCE = "unknown_allowance"
    DEVICE_REVOKED = "device_revoked"
    CLOCK_SKEW = "clock_skew"
    MEMBER_MERGED = "member_merged"
    MEMBER_CLOSED = "member_closed"
    UNKNOWN_MEMBER = "unknown_member"
    TWO_TILLS = "told_by_two_tills"
    SEQUENCE_REUSED = "sequence_reused"
    OLDER_RULES = "older_rules"
    NOT_READABLE = "not_readable"


class ConflictState(StrEnum):
    NOTED = "noted"  # the rule settled all of it; for the record
    OPEN = "open"  # a person decides
    RESOLVED = "resolved"


class Resolution(StrEnum):
    """What a person decides about points that nothing has paid."""

    CHARGE_MEMBER = "charge_member"  # spent from her balance now
    WRITE_OFF = "write_off"  # the store bears it


class Outcome(StrEnum):
    """What became of one uploaded order."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"
    CONFLICT = "conflict"


@dataclass(frozen=True, kw_only=True)
class UnitPolicy:
    """How much of a unit one allowance may be."""

    unit: str
    max_amount: int


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a program allows offline. No units: nothing.

    `grace_hours`: how long a hold outlives its allowance, so that a till that used it in time can still upload it.
    """

    units: tuple[UnitPolicy, ...] = ()
    hours: int = 48
    grace_hours: int = 24
    max_open_member: int = 2
    max_open_device: int = 500

    def of_unit(self, unit: str) -> UnitPolicy | None:
        """The policy of a unit, if it may be spent offline."""
        return next((u for u in self.units if u.unit == unit), None)


@dataclass(frozen=True, kw_only=True)
class Device:
    """A till as it is registered. `upto`: all its orders up to this number are here; `last_seq`: the highest."""

    id: UUID
    program_id: int
    key: str
    name: str
    store: str
    store_id: int
    public_key: bytes
    state: DeviceState
    registered_at: datetime
    revoked_at: datetime | None
    revoked_reason: str
    upto: int
    last_seq: int
    clock_offset_ms: int | None
    seen_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """A public key of the program's allowances. `ends_at`: it signed nothing after; None: it is in use."""

    kid: str
    public: bytes
    made_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Token:
    """What is signed of an allowance."""

    kid: str
    program_id: int
    allowance_id: UUID
    member_id: UUID
    amount: int
    issued_at: datetime
    expires_at: datetime
    bound: Bound
    bound_to: str
    unit: str


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """Value set aside for one member, that tills may let pay without asking. `left` is what its hold still holds."""

    id: UUID
    program_id: int
    member_id: UUID
    hold_id: UUID
    unit: str
    amount: int
    used: int
    left: int
    bound: Bound
    bound_to: str
    state: AllowanceState
    issued_at: datetime
    expires_at: datetime
    closed_at: datetime | None
    text: str


@dataclass(frozen=True, kw_only=True)
class OptIn:
    """A member's wish that the tills of a store hold an allowance for her, renewed whenever one is used or over."""

    member_id: UUID
    store: str
    unit: str
    amount: int
    since: datetime


class Burn(NamedTuple):
    """What an order says an allowance paid: so many points, worth so much money."""

    allowance_id: UUID
    amount: int
    amount_minor: int


@dataclass(frozen=True, kw_only=True)
class Told:
    """One uploaded order: what the till said, as it said it. `body` is the order part, read when it is settled."""

    seq: int
    key: str
    ref: str
    chain: str
    occurred_at: datetime
    rule_version: int
    digest: bytes
    burns: tuple[Burn, ...]
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a rule makes of one burn: so much from its hold, so much from the balance, so much that nothing pays."""

    from_hold: int = 0
    from_balance: int = 0
    unpaid: int = 0
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Something that did not fit, by which rule it was settled, and what a person made of the rest.

    `asked` = `paid` + `unpaid` points, where points are concerned.
    """

    id: UUID
    program_id: int
    device: str
    store: str
    seq: int
    rule: Rule
    state: ConflictState
    ref: str
    order_id: UUID | None
    member_id: UUID | None
    allowance_id: UUID | None
    unit: str | None
    asked: int
    paid: int
    unpaid: int
    facts: Mapping[str, Any]
    found_at: datetime
    resolution: Resolution | None = None
    resolved_at: datetime | None = None
    resolved_by: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Settled:
    """The answer to one uploaded order."""

    seq: int
    outcome: Outcome
    order_id: UUID | None
    earned: Mapping[str, int]
    conflicts: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """The answer to an upload. `missing`: the gaps in the till's numbers, both ends included."""

    device: str
    items: tuple[Settled, ...]
    missing: tuple[tuple[int, int], ...]
    upto: int
    clock_offset_ms: int


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What a till takes along: keys, plain earn rates, what points are worth, the allowances for it."""

    store: str
    currency: str
    rule_version: int
    server_time: datetime
    keys: tuple[SigningKey, ...]
    earn_rates: tuple[tuple[str, int, int], ...]  # unit, points, per_minor
    tender_rates: tuple[tuple[str, int, int], ...]  # unit, points, minor
    allowances: tuple[Allowance, ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of conflicts; `cursor` begins the next one, None at the end."""

    items: tuple[Conflict, ...]
    cursor: tuple[Any, ...] | None


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """A broken promise: which, of what, and both numbers."""

    promise: str
    what: str
    program_id: int
    member_id: UUID | None = None
    expected: str = ""
    found: str = ""


@dataclass(frozen=True, kw_only=True)
class ConflictFound:
    """An upload did not fit and waits for a person."""

    conflict_id: UUID
    device: str
    rule: str
    unit: str | None
    unpaid: int


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A plain rate of the program document, exact."""

    unit: str
    points: int
    per: Decimal
    facts: Mapping[str, Any] = field(default_factory=dict)


class NoDevice(NotFound):
    """There is no such till here."""


class NoAllowance(NotFound):
    """There is no such allowance."""


class NoConflict(NotFound):
    """There is no such conflict."""


class DeviceTaken(Refusal):
    """A till with this key is registered with other facts."""


class DeviceRevoked(Refusal):
    """This till's key was revoked."""

    status = 403


class BadTillSignature(Forbidden):
    """The upload was not signed by the till that it names."""


class OfflineOff(Refusal):
    """The program does not let this unit be spent offline."""


class TooManyOpen(Refusal):
    """As many allowances are open as the program allows; use or cancel one first."""


class AllowanceClosed(Refusal):
    """This allowance is used, over or taken back."""


class NothingToResolve(Refusal):
    """Nothing waits for a decision here, or it was made already."""

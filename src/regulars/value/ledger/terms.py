"""The words of the ledger: what it keeps, answers and refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from regulars.kernel.errors import NotFound, Refusal

MAX_UNITS = 32


class UnitKind(StrEnum):
    SPENDABLE = "spendable"  # a promise to the member
    MEASURE = "measure"  # lifts tiers, is never spent


class DebtPolicy(StrEnum):
    """What a return does when the value it takes back was spent already."""

    ONLY_PENDING = "only_pending"  # active value is never touched
    WITHIN_BALANCE = "within_balance"  # as far as the balance reaches, the rest is forgiven
    OWE = "owe"  # the rest is a debt, which later earnings repay first


class Account(StrEnum):
    """The accounts of double entry. The first four are a member's, the others the program's."""

    WALLET = "wallet"
    PENDING = "pending"
    HELD = "held"
    DEBT = "debt"
    ISSUED = "issued"
    SPENT = "spent"
    EXPIRED = "expired"
    BREAKAGE = "breakage"
    PAYABLE = "payable"
    FUNDER = "funder"
    TRANSIT = "transit"


class LotState(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class HoldState(StrEnum):
    OPEN = "open"
    CAPTURED = "captured"
    RELEASED = "released"
    EXPIRED = "expired"


class AdjustmentState(StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One thing that is counted. `slot` is its place in the arrays of an account."""

    slot: int
    key: str
    names: Mapping[str, str]
    kind: UnitKind
    scale: int
    expiry: Mapping[str, Any]
    activation: Mapping[str, Any]
    debt_policy: DebtPolicy
    value_micro: int | None  # money per unit, millionths of a minor unit
    adjust_limit: int | None  # beyond it a second person approves; None = no limit
    renewed_by: tuple[str, ...]  # journal kinds that renew an inactivity clock
    transferable: bool
    retired_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a movement comes from: an order, a campaign, a person's desk."""

    type: str | None = None
    ref: str | None = None
    line: str | None = None


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """Value to give, which becomes one lot. No `activates_at` and no `event`: active at once."""

    slot: int
    amount: int
    activates_at: datetime | None = None
    event: str | None = None
    deadline: datetime | None = None
    expires_at: datetime | None = None
    funder: str | None = None


@dataclass(frozen=True, kw_only=True)
class Expiring:
    day: date  # the last local day on which it can be spent
    amount: int


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What a member holds of one unit. `active` leaves out what has expired and no night has booked yet."""

    unit: str
    slot: int
    active: int = 0
    pending: int = 0
    held: int = 0
    debt: int = 0
    expiring: tuple[Expiring, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Lot:
    """A parcel of value earned together."""

    member_id: UUID
    seq: int
    n: int
    unit: str
    amount: int
    remaining: int
    state: LotState
    activates_at: datetime | None
    activation_event: str | None
    activation_deadline: datetime | None
    expires_at: datetime | None
    funder: str | None
    origin: tuple[UUID, int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Posting:
    unit: str
    debit: Account
    credit: Account
    amount: int
    party: str | None = None


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """Which lot paid (`amount` > 0) or got back (< 0)."""

    lot_seq: int
    lot_n: int
    unit: str
    kind: str
    amount: int


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One journal: what happened, once, for ever."""

    member_id: UUID
    seq: int
    kind: str
    key: str
    source: Source
    rule_version: int | None
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    reverses: int | None
    reason: str | None
    hash: bytes
    postings: tuple[Posting, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Hold:
    id: UUID
    member_id: UUID
    unit: str
    amount: int
    captured: int
    released: int
    state: HoldState
    expires_at: datetime
    seq: int


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """A correction by hand that waits for a second person, or was decided."""

    id: int
    member_id: UUID
    unit: str
    amount: int
    kind: str
    reason: str
    state: AdjustmentState
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Moved:
    """The account after a movement. `seq` is the journal's number (None when nothing moved)."""

    seq: int | None
    version: int
    active: tuple[int, ...]
    debt: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a decision needs to know of an account. Arrays are by slot (first = slot 1); a missing tail is nothing."""

    version: int
    seq: int
    active: tuple[int, ...]
    pending: tuple[int, ...]
    held: tuple[int, ...]
    debt: tuple[int, ...]
    overdue: tuple[int, ...]  # the part of `active` that has ended and no night has booked
    counters: Mapping[str, Any]
    moved_into: UUID | None


@dataclass(frozen=True, kw_only=True)
class Clawed:
    """What a clawback got back, made a debt, and let go, per slot asked. The three sum to what was asked."""

    seq: int | None
    version: int
    taken: tuple[int, ...]
    owed: tuple[int, ...]
    forgiven: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One step back from a movement to where its value came from."""

    lot: Lot
    amount: int
    entry: Entry  # the journal that made the lot
    before: tuple[Trace, ...] = ()  # where a transferred, activated or merged lot came from


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a statement: what moved from `debit` to `credit`."""

    unit: str
    debit: Account
    credit: Account
    party: str | None
    amount: int
    postings: int


@dataclass(frozen=True, kw_only=True)
class DayTotal:
    day: date
    issued: int
    spent: int
    expired: int
    clawed: int


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """A broken promise: which, what, where, and the two numbers that should be one."""

    promise: str
    what: str
    program_id: int | None
    member_id: UUID | None
    seq: int | None
    expected: str
    found: str


class NotEnoughPoints(Refusal):
    """The member holds less than was asked."""


class KeyReused(Refusal):
    """This key already named another movement."""

    status = 422


class Stale(Refusal):
    """The account has changed since it was read; read again and decide again."""


class MemberMerged(Refusal):
    """This member was merged into another; use that one."""


class MemberSuspended(Refusal):
    """This member is suspended."""

    status = 403


class MemberEarnOnly(Refusal):
    """This member may collect but not spend."""

    status = 403


class MemberClosed(Refusal):
    """This membership is closed."""

    status = 403


class HoldNotOpen(Refusal):
    """This hold was captured, released or has run out."""


class UnknownUnit(Refusal):
    """The program has no such unit, or not for this."""

    status = 422


class UnknownEntry(NotFound):
    """There is no such journal entry."""


class UnknownMember(NotFound):
    """There is no such member."""


class ReversesTooMuch(Refusal):
    """More would be reversed than is left of the original."""


class CannotReverse(Refusal):
    """This kind of movement is undone in another way."""

    status = 422


class NotTransferable(Refusal):
    """This unit cannot be given to another member."""

    status = 422


class NeedsApproval(Refusal):
    """This amount needs the approval of a second person."""

    status = 403


class AlreadyDecided(Refusal):
    """Somebody has already decided this."""


class UnitInUse(Refusal):
    """Members still hold this unit, so it cannot be removed."""

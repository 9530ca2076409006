"""The verbs and nouns of the ledger: the only code that reads or writes its tables."""

from regulars.value.ledger.services.adjusting import adjust, adjustments, approve, corrected_alone, reject
from regulars.value.ledger.services.earning import activate, clawback, context, earn, parcel, parcel_for
from regulars.value.ledger.services.holding import capture, hold, hold_of, holds, holds_of, release
from regulars.value.ledger.services.merging import absorb, dossier, forget, note, notes, separate
from regulars.value.ledger.services.nights import (
    activate_at_night,
    activate_due,
    close_at_night,
    expire_at_night,
    expire_due,
    release_at_night,
    release_due_holds,
)
from regulars.value.ledger.services.periods import balances_booked, journal_booked
from regulars.value.ledger.services.proving import discrepancies
from regulars.value.ledger.services.reading import balances, entry_of, journal, lots, provenance
from regulars.value.ledger.services.spending import donate, exchange, gift, restore, reverse, spend, transfer
from regulars.value.ledger.services.statements import (
    close_days,
    head_of,
    heads_verify,
    sign_heads,
    statements,
    totals_by_day,
)
from regulars.value.ledger.services.units import apply, check, describe, plan, unit, units, units_of

__all__ = [
    "absorb",
    "activate",
    "activate_at_night",
    "activate_due",
    "adjust",
    "adjustments",
    "apply",
    "approve",
    "balances",
    "balances_booked",
    "capture",
    "check",
    "clawback",
    "close_at_night",
    "close_days",
    "context",
    "corrected_alone",
    "describe",
    "discrepancies",
    "donate",
    "dossier",
    "earn",
    "entry_of",
    "exchange",
    "expire_at_night",
    "expire_due",
    "forget",
    "gift",
    "head_of",
    "heads_verify",
    "hold",
    "hold_of",
    "holds",
    "holds_of",
    "journal",
    "journal_booked",
    "lots",
    "note",
    "notes",
    "parcel",
    "parcel_for",
    "plan",
    "provenance",
    "reject",
    "release",
    "release_at_night",
    "release_due_holds",
    "restore",
    "reverse",
    "separate",
    "sign_heads",
    "spend",
    "statements",
    "totals_by_day",
    "transfer",
    "unit",
    "units",
    "units_of",
]

"""Pure rules of the ledger: when value begins and when it ends, and what a unit's policies may say."""

from regulars.value.ledger.rules.lives import Life, activation, dated, ends_later, expires_at, month_later, sooner
from regulars.value.ledger.rules.policies import complete, unit_faults, without_defaults

__all__ = [
    "Life",
    "activation",
    "complete",
    "dated",
    "ends_later",
    "expires_at",
    "month_later",
    "sooner",
    "unit_faults",
    "without_defaults",
]

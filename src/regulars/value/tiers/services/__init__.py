"""What other contexts call: standings, progress, reviews, what is given, and the hooks of governance."""

from regulars.value.tiers.services.document import apply, base_level, check, describe, ladders, plan
from regulars.value.tiers.services.giving import given, grant, grant_as_reached, lock, revoke, take_back, unlock
from regulars.value.tiers.services.standings import (
    absorb,
    counts,
    discrepancies,
    dossier,
    forget,
    moves,
    progress,
    review,
    review_all,
    review_at_night,
    separate,
    standing,
    standings,
)

__all__ = [
    "absorb",
    "apply",
    "base_level",
    "check",
    "counts",
    "describe",
    "discrepancies",
    "dossier",
    "forget",
    "given",
    "grant",
    "grant_as_reached",
    "ladders",
    "lock",
    "moves",
    "plan",
    "progress",
    "review",
    "review_all",
    "review_at_night",
    "revoke",
    "separate",
    "standing",
    "standings",
    "take_back",
    "unlock",
]

"""What other contexts call: standings, progress, reviews, and the hooks of publishing, identity and privacy."""

from regulars.value.tiers.services.document import apply, base_level, check, describe, ladders, plan
from regulars.value.tiers.services.standings import (
    absorb,
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
)

__all__ = [
    "absorb",
    "apply",
    "base_level",
    "check",
    "describe",
    "discrepancies",
    "dossier",
    "forget",
    "ladders",
    "moves",
    "plan",
    "progress",
    "review",
    "review_all",
    "review_at_night",
    "separate",
    "standing",
]

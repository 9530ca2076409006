"""The verbs of checkout. The only code that reads or writes its table."""

from regulars.value.checkout.services.closing import close
from regulars.value.checkout.services.ending import cancel, expire, prune_at_night, reopen, sweep
from regulars.value.checkout.services.following import follow, unfollow
from regulars.value.checkout.services.people import absorb, dossier, forget, separate
from regulars.value.checkout.services.proving import discrepancies
from regulars.value.checkout.services.putting import put
from regulars.value.checkout.services.reading import get, must_store_of, recent, store_of
from regulars.value.checkout.services.replaying import replay
from regulars.value.checkout.services.tendering import tender

__all__ = [
    "absorb",
    "cancel",
    "close",
    "discrepancies",
    "dossier",
    "expire",
    "follow",
    "forget",
    "get",
    "must_store_of",
    "prune_at_night",
    "put",
    "recent",
    "reopen",
    "replay",
    "separate",
    "store_of",
    "sweep",
    "tender",
    "unfollow",
]

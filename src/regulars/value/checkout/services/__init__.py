"""The verbs of checkout. The only code that reads or writes its table."""

from regulars.value.checkout.services.closing import close
from regulars.value.checkout.services.ending import cancel, prune_at_night, reopen, sweep
from regulars.value.checkout.services.putting import put
from regulars.value.checkout.services.tendering import tender

__all__ = ["cancel", "close", "prune_at_night", "put", "reopen", "sweep", "tender"]

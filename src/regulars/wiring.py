"""Everything that happens by itself, on news and at night: one line per consequence; nothing else reacts."""

from __future__ import annotations

from regulars.kernel import nights, outbox
from regulars.kernel.nights import Step
from regulars.kernel.outbox import Reaction

# event -> one service call
WIRING: list[Reaction] = []

# at each program's local midnight, in this order: activate pending → expire lots → tiers → expiring soon → prune
NIGHTS: list[Step] = [
    Step("prune the outbox", outbox.prune_at_night),
    Step("forget old nights", nights.forget_old_at_night),
]

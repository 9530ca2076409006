"""The verbs of rewards. The only code that reads or writes their tables."""

from regulars.value.rewards.services.autos import redeem_at_night, redeem_by_itself
from regulars.value.rewards.services.document import (
    SECTIONS,
    apply,
    check,
    describe,
    forget_versions,
    plan,
    reward,
    rewards,
)
from regulars.value.rewards.services.identity import absorb, dossier, forget, separate
from regulars.value.rewards.services.looking import (
    Page,
    by_code,
    delivery,
    find,
    mall,
    redemptions,
    shelves,
    story,
    totals,
)
from regulars.value.rewards.services.moving import accept, cancel, fail, fulfil, make_ready, pay, ship
from regulars.value.rewards.services.nights import (
    end_unpaid,
    expire_unfetched,
    forget_waits_at_night,
    lapse_offers,
    sweep,
)
from regulars.value.rewards.services.pools import (
    import_codes,
    pools,
    read_codes,
    restock,
    show_codes,
    stockings,
    withdraw_codes,
)
from regulars.value.rewards.services.proving import discrepancies
from regulars.value.rewards.services.redeeming import grant, redeem
from regulars.value.rewards.services.waiting import follow_member, join, leave, waits, waits_of

__all__ = [
    "SECTIONS",
    "Page",
    "absorb",
    "accept",
    "apply",
    "by_code",
    "cancel",
    "check",
    "delivery",
    "describe",
    "discrepancies",
    "dossier",
    "end_unpaid",
    "expire_unfetched",
    "fail",
    "find",
    "follow_member",
    "forget",
    "forget_versions",
    "forget_waits_at_night",
    "fulfil",
    "grant",
    "import_codes",
    "join",
    "lapse_offers",
    "leave",
    "make_ready",
    "mall",
    "pay",
    "plan",
    "pools",
    "read_codes",
    "redeem",
    "redeem_at_night",
    "redeem_by_itself",
    "redemptions",
    "restock",
    "reward",
    "rewards",
    "separate",
    "shelves",
    "ship",
    "show_codes",
    "stockings",
    "story",
    "sweep",
    "totals",
    "waits",
    "waits_of",
    "withdraw_codes",
]

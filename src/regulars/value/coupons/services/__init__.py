"""The verbs of coupons. The only code that reads or writes their tables."""

from regulars.value.coupons.services.claiming import claim, claim_page, claimed_by, claims, close_claims, open_claims
from regulars.value.coupons.services.coining import coin, forget_numbers, is_twin
from regulars.value.coupons.services.document import (
    SECTIONS,
    apply,
    check,
    describe,
    forget_versions,
    plan,
    template,
    template_or_none,
    templates,
)
from regulars.value.coupons.services.exporting import codes_of
from regulars.value.coupons.services.holding import accept, decline, give, issue, share, void, withdraw
from regulars.value.coupons.services.identity import absorb, dossier, forget, separate
from regulars.value.coupons.services.looking import (
    Page,
    by_ids,
    count_miss,
    forget_misses,
    look_up,
    misses,
    must_not_guess,
    story,
    wallet,
)
from regulars.value.coupons.services.making import (
    AT_ONCE,
    batches,
    begin_batch,
    find_batch,
    make_batch,
    unfinished,
    void_batch,
)
from regulars.value.coupons.services.nights import expire_due, release_due, remind_due
from regulars.value.coupons.services.pools import import_pool
from regulars.value.coupons.services.proving import discrepancies
from regulars.value.coupons.services.using import canonical, find, judge, redeem, release, reserve, restore, settle

__all__ = [
    "AT_ONCE",
    "SECTIONS",
    "Page",
    "absorb",
    "accept",
    "apply",
    "batches",
    "begin_batch",
    "by_ids",
    "canonical",
    "check",
    "claim",
    "claim_page",
    "claimed_by",
    "claims",
    "close_claims",
    "codes_of",
    "coin",
    "count_miss",
    "decline",
    "describe",
    "discrepancies",
    "dossier",
    "expire_due",
    "find",
    "find_batch",
    "forget",
    "forget_misses",
    "forget_numbers",
    "forget_versions",
    "give",
    "import_pool",
    "is_twin",
    "issue",
    "judge",
    "look_up",
    "make_batch",
    "misses",
    "must_not_guess",
    "open_claims",
    "plan",
    "redeem",
    "release",
    "release_due",
    "remind_due",
    "reserve",
    "restore",
    "separate",
    "settle",
    "share",
    "story",
    "template",
    "template_or_none",
    "templates",
    "unfinished",
    "void",
    "void_batch",
    "wallet",
    "withdraw",
]

"""Everything that happens by itself, on news and at night: one line per consequence; nothing else reacts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from regulars.governance.assurance import services as assurance
from regulars.governance.publishing.terms import ProgramPublished
from regulars.kernel import idempotency, nights, outbox
from regulars.kernel.nights import Step, Work, only_last, until_nothing
from regulars.kernel.outbox import Reaction
from regulars.people.events import services as events
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.value.ledger import services as ledger
from regulars.value.orders.terms import OrderClaimed, OrderPlaced, OrderReturned
from regulars.value.tiers import services as tiers


def _review(cause: str) -> Any:
    """Her level is what her measures say now; a guest has none."""
    return lambda e, program_id: tiers.review(
        program_id=program_id, member_ids=[m for m in [e.member_id] if m], cause=cause
    )


# event -> one service call
WIRING: list[Reaction] = [
    Reaction(OrderPlaced, "review the level", _review("order")),
    Reaction(OrderReturned, "review the level", _review("return")),
    Reaction(OrderClaimed, "review the level", _review("claim")),
    Reaction(ProgramPublished, "review all levels", lambda e, p: tiers.review_all(program_id=p, cause="publish")),
]


def _by_ledger(batch: Any) -> Any:
    """One of the ledger's batches, for what was due by this midnight."""
    return until_nothing(lambda w: int(batch(program_id=w.program_id, before=w.at, limit=w.limit)))


def _close_day(work: Work) -> None:
    zone = programs.by_id(program_id=work.program_id).zone
    ledger.close_days(program_id=work.program_id, zone=zone, through=work.day - timedelta(days=1))


# at each program's local midnight, in this order: activate pending → expire lots → levels → notices → books → prune
NIGHTS: list[Step] = [
    Step("release holds", _by_ledger(ledger.release_due_holds)),
    Step("activate pending", _by_ledger(ledger.activate_due)),
    Step("expire lots", _by_ledger(ledger.expire_due)),
    Step("close the day's books", only_last(_close_day)),
    Step("sign the heads", only_last(lambda w: ledger.sign_heads(program_id=w.program_id, day=w.day))),
    Step("prune the outbox", outbox.prune_at_night),
    Step("prune first answers", only_last(lambda w: idempotency.forget_old())),
    Step("prune events", events.prune_at_night),
    Step("prune codes", members.forget_old_codes),
    Step("prune proofs", only_last(lambda w: assurance.forget_old())),
    Step("prune nights", nights.forget_old_at_night),
]

"""The last days of the demo's town at its tills: coupons, baskets sold, left or given up, and one being paid."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from regulars.kernel import clock
from regulars.people.programs.terms import Program
from regulars.simulator.baskets import Basket, Fate
from regulars.value.checkout import services as checkout
from regulars.value.checkout.terms import (
    MOST_TENDER_MINUTES,
    LineTold,
    NoSession,
    Session,
    SessionState,
    SessionTold,
)
from regulars.value.coupons import services as coupons

COUPONS, _TEMPLATE = 300, "come-again"
_NOTE = "Leaflets of the winter market. 冬日市集传单。"
_UNDONE = (None, SessionState.OPEN)


def sell(*, program: Program, baskets: Sequence[Basket], actor: str) -> int:
    """Print coupons, and tell the tills' baskets; answers how many were sold. Harmless when repeated.

    What is sold is recorded now, with the time when it happened, as all of the town's history.
    """
    with clock.at(baskets[0].at):
        codes = _codes(program, actor)
    brought = dict(zip([b.key for b in baskets if b.brings_coupon], codes, strict=False))
    sold = 0
    for basket in baskets:
        if basket.fate == Fate.PAYING or _state(program, basket) not in _UNDONE:
            continue
        if basket.fate == Fate.SOLD:
            told = _tell(program, basket, brought.get(basket.key), actor)
            checkout.close(program_id=program.id, key=basket.key, digest=told.digest, actor=actor)
            sold += 1
        else:
            with clock.at(basket.at):  # nothing of it is in the books
                _tell(program, basket, None, actor)
                if basket.fate == Fate.GIVEN_UP:
                    checkout.cancel(program_id=program.id, key=basket.key, actor=actor)
    return sold


def pay(*, program: Program, baskets: Sequence[Basket], actor: str) -> None:
    """Somebody stands at a till, her card in her hand, for as long as a till may wait. Harmless when repeated."""
    for basket in baskets:
        if basket.fate == Fate.PAYING and _state(program, basket) in _UNDONE:
            told = _tell(program, basket, None, actor)
            checkout.tender(
                program_id=program.id, key=basket.key, digest=told.digest, minutes=MOST_TENDER_MINUTES, actor=actor
            )


def _codes(program: Program, actor: str) -> list[str]:
    """The codes of the town's one batch, in their order; made unless they are there."""
    batch = coupons.begin_batch(
        program_id=program.id, template=_TEMPLATE, size=COUPONS, key="town/leaflets", note=_NOTE, actor=actor
    )
    coupons.make_batch(program_id=program.id, batch_id=batch.batch_id)
    told = b"".join(coupons.codes_of(program_id=program.id, batch_id=batch.batch_id)).decode()
    return [line.partition(",")[0] for line in told.splitlines()[1:]]


def _state(program: Program, basket: Basket) -> str | None:
    try:
        return checkout.get(program_id=program.id, key=basket.key).state
    except NoSession:
        return None


def _tell(program: Program, basket: Basket, code: str | None, actor: str) -> Session:
    told = SessionTold(
        channel=basket.channel,
        store=basket.store,
        currency=program.currency,
        occurred_at=None if basket.fate == Fate.PAYING else basket.at,
        member=f"external:{basket.member}" if basket.member else None,
        coupons=(code,) if code else (),
        lines=tuple(LineTold(str(n), sku, Decimal(count)) for n, (sku, count) in enumerate(basket.goods, start=1)),
    )
    return checkout.put(program_id=program.id, key=basket.key, told=told, actor=actor)

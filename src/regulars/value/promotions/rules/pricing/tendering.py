"""Points as tender: how many units of which kind pay how much of a basket, and on which lines that lies."""

from __future__ import annotations

from collections.abc import Mapping

from regulars.kernel.money import spread
from regulars.value.promotions.terms import (
    WHOLE_PPM,
    LineKind,
    MemberFacts,
    Spend,
    SpendPlan,
    TenderRate,
    Unapplied,
    UnitPlan,
    Unlock,
)

_ADJUSTMENT = LineKind.ADJUSTMENT.value


def tender(
    wishes: tuple[Spend, ...],
    rates: tuple[TenderRate, ...],
    member: MemberFacts | None,
    total: int,
    units: Mapping[str, UnitPlan],
) -> tuple[list[SpendPlan], list[Unapplied]]:
    """What points pay of a total, wish by wish, and why a wish is not met.

    Never more than the rate's share of the total, and never a point that pays nothing.

    Args: total: minor units to pay. units: those of the program, for their slots.
    """
    by_unit = {rate.unit: rate for rate in rates}
    plans: list[SpendPlan] = []
    refused: list[Unapplied] = []
    left = total
    seen: set[str] = set()
    for wish in wishes:
        key = f"points:{wish.unit}"
        rate, unit = by_unit.get(wish.unit), units.get(wish.unit)
        if rate is None or unit is None or wish.unit in seen:
            refused.append(Unapplied(key, None, "no_rate", f"{wish.unit} cannot pay here."))
            continue
        seen.add(wish.unit)
        if member is None or member.status != "active":
            refused.append(Unapplied(key, None, "members_only", "Only an active member pays with points."))
            continue
        most = min(left, total * rate.most_ppm // WHOLE_PPM)
        plan = _plan(rate, wish, member.active.get(wish.unit, 0), most)
        if isinstance(plan, int):
            plans.append(SpendPlan(wish.unit, unit.slot, plan, plan * rate.minor // rate.points))
            left -= plans[-1].minor
        else:
            refused.append(plan)
    return plans, refused


def _plan(rate: TenderRate, wish: Spend, active: int, most: int) -> int | Unapplied:
    """How many units pay at most `most` minor units, in whole steps; or why none do."""
    key, step = f"points:{rate.unit}", max(rate.step, 1)
    wanted = active if wish.amount is None else min(wish.amount, active)
    # the greatest amount that is worth no more than may be paid: n * minor // points <= most
    helpful = ((most + 1) * rate.points - 1) // rate.minor if rate.minor else 0
    amount = min(wanted, helpful) // step * step
    worth = amount * rate.minor // rate.points
    fewest = -(-worth * rate.points // rate.minor) if rate.minor else 0  # the fewest that are worth as much
    amount = -(-fewest // step) * step
    if worth > 0 and amount >= rate.min_points:
        return amount
    least = max(rate.min_points, -(-rate.points // rate.minor) if rate.minor else 0)
    least = -(-least // step) * step
    if active < least:
        unlock = Unlock("points", least - active, rate.unit, None, f"{least - active} more {rate.unit}.")
        return Unapplied(key, None, "too_little", f"From {least} {rate.unit} on; {active} are there.", unlock)
    return Unapplied(key, None, "too_little", f"From {least} {rate.unit} on, in steps of {step}.")


def shared(minor: int, kinds: list[str], nets: list[int]) -> list[int]:
    """What of a payment lies on each line: by largest remainder over what lines cost; adjustments take none."""
    weights = [max(0, net) if kind != _ADJUSTMENT else 0 for kind, net in zip(kinds, nets, strict=True)]
    return spread(minor, weights) if minor else [0] * len(nets)

"""What a till takes along when it has a line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import Q

from regulars.kernel import clock, money
from regulars.people.programs import services as programs
from regulars.value.allowances.models import AllowanceRow
from regulars.value.allowances.services import issuing, keys, tills
from regulars.value.allowances.services.rows import allowance_of
from regulars.value.allowances.terms import AllowanceState, Bound, DeviceRevoked, DeviceState, Snapshot
from regulars.value.promotions import services as promotions

MOST = 5_000


def snapshot(*, program_id: int, device: str, actor: str) -> Snapshot:
    """Everything a till needs to sell without a line; what members wish to have there is issued first.

    Raises: NoDevice; DeviceRevoked.
    """
    till = tills.device(program_id=program_id, key=device)
    if till.state is DeviceState.REVOKED:
        raise DeviceRevoked
    issuing.renew_wishes(program_id=program_id, device=device, store_id=till.store_id, actor=actor)
    place = programs.store(program_id=program_id, key=till.store)
    program, now = programs.by_id(program_id=program_id), clock.now()
    mine = Q(bound=Bound.DEVICE, bound_to=device) | Q(bound=Bound.STORE, bound_to=till.store)
    rows = AllowanceRow.objects.filter(
        mine, program_id=program_id, state=AllowanceState.OPEN, expires_at__gt=now
    ).order_by("id")
    said = promotions.describe(program_id)
    return Snapshot(
        store=till.store,
        currency=place.currency,
        rule_version=program.current_version,
        server_time=now,
        keys=tuple(keys.signing_keys(program_id=program_id)),
        earn_rates=tuple(earn_rates(said["earn_rules"], place.currency)),
        tender_rates=tuple(tender_rates(said["policies"].get("points_tender") or [], place.currency)),
        allowances=tuple(allowance_of(row) for row in rows[:MOST]),
    )


def earn_rates(rules: list[dict[str, Any]], currency: str) -> list[tuple[str, int, int]]:
    """The plain rates among earn rules (no condition of any kind), as (unit, points, per minor)."""
    found = []
    for rule in rules:
        per = (rule.get("rate") or {}).get("per")
        amount = per.get(currency) if isinstance(per, dict) else per
        if amount is None or any(rule.get(name) for name in _CONDITIONS):
            continue
        found.append((rule["unit"], int(rule["rate"]["points"]), money.to_minor(Decimal(amount), currency)))
    return [rate for rate in found if rate[1] > 0 and rate[2] > 0]


_CONDITIONS = ("when", "lines", "starts_on", "ends_on", "weekdays", "stores", "channels", "tiers", "tenders")


def tender_rates(rates: list[dict[str, Any]], currency: str) -> list[tuple[str, int, int]]:
    """What points are worth, as (unit, points, minor)."""
    found = []
    for rate in rates:
        amount = rate["amount"].get(currency) if isinstance(rate.get("amount"), dict) else rate.get("amount")
        if amount is not None and "points" in rate:
            found.append((rate["unit"], int(rate["points"]), money.to_minor(Decimal(amount), currency)))
    return [rate for rate in found if rate[1] > 0 and rate[2] > 0]

"""Struck-through prices are honest: each is the lowest that the catalog charged in the days before the promotion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from regulars.governance.publishing.services.wholes import Whole
from regulars.governance.publishing.terms import Change
from regulars.kernel import clock, money
from regulars.people.programs import services as programs
from regulars.value.catalog import services as catalog

SECTION = "promotions"


def faults(*, program_id: int, wanted: Whole, changes: Iterable[Change]) -> list[tuple[str, str]]:
    """Every struck-through price of a promotion that is new or changed and is not the lowest of its time.

    Asks nothing of the database where no policy asks for it, or no such price is said.
    """
    days = (wanted.bare.get("policies") or {}).get("lowest_price_days") or 0
    touched = {c.key for c in changes if c.section == SECTION and c.change != "removed"}
    if not days or not touched:
        return []
    program = programs.by_id(program_id=program_id)
    found: list[tuple[str, str]] = []
    for n, body in enumerate(wanted.bare.get(SECTION) or ()):
        was = body.get("was")
        if body.get("key") not in touched or not isinstance(was, Mapping) or not was:
            continue
        until = _begins(body, program.zone)
        lowest = catalog.lowest_prices(
            program_id=program_id,
            skus=was,
            currency=program.currency,
            since=until - timedelta(days=int(days)),
            until=until,
        )
        found += [
            (f"{SECTION}.{n}.was.{sku}", message)
            for sku, said in was.items()
            if (message := _fault(said, lowest.get(sku), program.currency, int(days)))
        ]
    return found


def _fault(said: Any, lowest: int | None, currency: str, days: int) -> str | None:
    if lowest is None:
        return f"the catalog knows no price of the last {days} days"
    if money.to_minor(Decimal(str(said)), currency) > lowest:
        return f"was {money.to_text(lowest, currency)} within the last {days} days: that is the lowest"
    return None


def _begins(body: Mapping[str, Any], zone: str) -> datetime:
    """The instant before which prices count: when the promotion begins, at the latest now."""
    now = clock.now()
    schedule = body.get("schedule")
    starts = schedule.get("starts") if isinstance(schedule, Mapping) else None
    if not isinstance(starts, str):
        return now
    try:
        begins = clock.day_starts(date.fromisoformat(starts[:10]), zone)
    except ValueError:
        return now
    return min(now, begins)

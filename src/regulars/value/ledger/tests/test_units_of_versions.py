"""How long value lasts by the terms of a version, and for who keeps older ones: whichever ends later."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from regulars.people.programs import services as programs
from regulars.value.ledger import services as ledger
from regulars.value.ledger.models import UnitTermsRow
from regulars.value.ledger.terms import DebtPolicy, Unit, UnitKind

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ROLLING_12 = {"kind": "rolling", "months": 12}
ROLLING_3 = {"kind": "rolling", "months": 3}


def a_unit(expiry: dict[str, Any], activation: dict[str, Any] | None = None) -> Unit:
    return Unit(
        slot=1, key="points", names={}, kind=UnitKind.SPENDABLE, scale=0, expiry=expiry,
        activation=activation or {"kind": "at_once"}, debt_policy=DebtPolicy.OWE, value_micro=None,
        adjust_limit=None, renewed_by=(), transferable=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("now", "older", "ends"),
    [
        (ROLLING_3, ROLLING_12, datetime(2027, 1, 6, tzinfo=UTC)),
        (ROLLING_12, ROLLING_3, datetime(2027, 1, 6, tzinfo=UTC)),
        (ROLLING_3, {"kind": "never"}, None),
        ({"kind": "never"}, ROLLING_3, None),
        ({"kind": "end_of", "period": "year"}, ROLLING_3, datetime(2027, 1, 1, tzinfo=UTC)),
        (ROLLING_3, {"kind": "inactivity", "months": 6}, datetime(2026, 7, 6, tzinfo=UTC)),
        (ROLLING_12, {"kind": "inactivity", "months": 6}, datetime(2027, 1, 6, tzinfo=UTC)),
        ({"kind": "inactivity", "months": 3}, {"kind": "inactivity", "months": 6}, None),  # the unit's clock ends it
    ],
)
def test_of_both_lives_hers_is_the_one_that_ends_later(
    now: dict[str, Any], older: dict[str, Any], ends: datetime | None
) -> None:
    parcel = ledger.parcel(unit=a_unit(now), older=a_unit(older), amount=5, earned_at=NOON, zone="UTC")
    assert parcel.expires_at == ends


def test_value_begins_as_in_the_life_that_is_hers() -> None:
    waits = a_unit(ROLLING_3, {"kind": "after", "days": 30})
    parcel = ledger.parcel(unit=waits, older=a_unit(ROLLING_12), amount=5, earned_at=NOON, zone="UTC")
    assert parcel.activates_at is None


AFTER = {"kind": "after", "days": 14}
EVENT = {"kind": "event", "event": "delivered", "deadline_days": 30}


@pytest.mark.parametrize(
    ("now", "older"), [(AFTER, None), (None, AFTER), (EVENT, None), (None, EVENT), (EVENT, AFTER)]
)
def test_a_beginning_that_is_later_waits_for_her_yes_though_what_waits_ends_later(
    now: dict[str, Any] | None, older: dict[str, Any] | None
) -> None:
    parcel = ledger.parcel(
        unit=a_unit(ROLLING_12, now), older=a_unit(ROLLING_12, older), amount=5, earned_at=NOON, zone="UTC"
    )
    waits = now is not None and older is not None  # at once is sooner than any day, and any day than an event
    assert (parcel.activates_at is not None, parcel.event, parcel.deadline) == (waits, None, None)
    assert parcel.expires_at == datetime(2027, 1, 20 if waits else 6, tzinfo=UTC)


def test_of_two_events_hers_has_the_later_deadline() -> None:
    longer = {**EVENT, "deadline_days": 60}
    for now, older in ((EVENT, longer), (longer, EVENT)):
        parcel = ledger.parcel(
            unit=a_unit(ROLLING_12, now), older=a_unit(ROLLING_12, older), amount=5, earned_at=NOON, zone="UTC"
        )
        assert (parcel.event, parcel.deadline) == ("delivered", datetime(2026, 3, 7, tzinfo=UTC))


@pytest.mark.django_db
def test_what_a_version_says_of_units_stays_known_and_is_written_once() -> None:
    program = programs.create(key="p", name="P", zone="UTC", currency="EUR", locale="en", actor="system:test")

    def publish(version: int, expiry: dict[str, Any]) -> None:
        unit = {"key": "points", "kind": "spendable", "expiry": expiry}
        ledger.apply(program.id, {"units": [unit]}, "staff:1", version)

    def at(version: int) -> dict[str, Any]:
        return {k: dict(u.expiry) for k, u in ledger.units_of(program_id=program.id, version=version).items()}

    publish(2, ROLLING_12)
    publish(3, ROLLING_12)
    publish(4, ROLLING_3)
    assert list(UnitTermsRow.objects.order_by("version").values_list("version", flat=True)) == [2, 4]
    assert [at(v) for v in (1, 2, 3, 4, 9)] == [{}, *[{"points": ROLLING_12}] * 2, *[{"points": ROLLING_3}] * 2]
    for sql in ("update ledger_unit_terms set version = 7", "delete from ledger_unit_terms"):
        with pytest.raises(DatabaseError, match="U6_"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)

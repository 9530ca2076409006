"""Totals by day: as the books took it, and as it happened."""

from datetime import UTC, date, datetime

import pytest

from regulars.kernel import clock
from regulars.value.ledger import services as ledger
from regulars.value.ledger.tests import world

pytestmark = pytest.mark.django_db

JAN, MAR = datetime(2026, 1, 10, 23, 30, tzinfo=UTC), datetime(2026, 3, 1, 12, tzinfo=UTC)


def totals(program_id, by, **more):
    found = ledger.totals_by_day(
        program_id=program_id, zone="Europe/London", unit="points", first=date(2026, 1, 1), last=date(2026, 3, 31),
        by=by, **more,
    )  # fmt: skip
    assert len(found) == 90
    return {d.day: (d.issued, d.spent, d.expired, d.clawed) for d in found if d.issued or d.spent or d.expired}


def test_an_imported_month_shows_when_it_happened_and_is_booked_when_it_came():
    program_id = world.program()
    one = world.member(program_id)
    world.earn(program_id, one, "a", (world.POINTS, 100), at=JAN, recorded=MAR)
    with clock.at(MAR):
        ledger.spend(
            program_id=program_id, member_id=one, key="s", unit="points", amount=30, actor="system:test",
            occurred_at=datetime(2026, 2, 5, 12, tzinfo=UTC),
        )  # fmt: skip
    assert totals(program_id, "recorded") == {date(2026, 3, 1): (100, 30, 0, 0)}
    assert totals(program_id, "occurred") == {date(2026, 1, 10): (100, 0, 0, 0), date(2026, 2, 5): (0, 30, 0, 0)}
    ledger.close_days(program_id=program_id, zone="Europe/London", through=date(2026, 3, 1))
    assert totals(program_id, "recorded") == {date(2026, 3, 1): (100, 30, 0, 0)}
    assert totals(program_id, "occurred") == {date(2026, 1, 10): (100, 0, 0, 0), date(2026, 2, 5): (0, 30, 0, 0)}

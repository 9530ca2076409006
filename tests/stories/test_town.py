"""The town of the demo: a whole year comes in, and everything that it shows agrees with its files."""

import csv
from datetime import date, timedelta
from random import Random

import pytest
from django.db import connection

from regulars.cli import town
from regulars.governance.assurance import services as assurance
from regulars.kernel import clock, nights
from regulars.people.consent import services as consent
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.people.programs.services.cache import memory
from regulars.people.staff import services as staff
from regulars.simulator.baskets import baskets
from regulars.value.checkout import services as checkout
from regulars.value.ledger import services as ledger
from regulars.value.promotions import services as promotions
from regulars.value.promotions.services import spending
from regulars.value.tiers import services as tiers
from regulars.wiring import NIGHTS

pytestmark = pytest.mark.django_db(transaction=True)


def count(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone()[0]


@pytest.fixture(autouse=True)
def nothing_remembered():
    """The database is emptied between these tests, and what is remembered of it for seconds must go too."""
    memory.forget()
    promotions.forget()


@pytest.fixture
def small(tmp_path):
    said = []
    logins = dict(town.load(said.append, members=120, folder=tmp_path / "town"))
    return programs.get(key="town"), tmp_path / "town", logins, said


def test_a_year_of_the_town_comes_in_whole_and_every_promise_holds(small):
    program, folder, logins, said = small
    with (folder / "orders.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    sold = {row["order_ref"] for row in rows if row["kind"] == "sale"}
    back = {row["order_ref"] for row in rows if row["kind"] == "return"}
    assert count("select count(*) from members_member") == 120
    assert count("select count(*) from orders_order where source <> 'session'") == len(sold)
    assert count("select count(*) from orders_return") == len(back)
    assert count("select sum(rejected) from imports_job") == 0
    assert assurance.discrepancies() == []
    assert sum(line.strip().startswith("done in") for line in said) == 11, said

    # what happened, by the day when it happened
    last = clock.local_day(clock.now(), program.zone)
    days = ledger.totals_by_day(
        program_id=program.id, zone=program.zone, unit="points", first=last - timedelta(days=365), last=last,
        by="occurred",
    )  # fmt: skip
    assert sum(day.issued > 0 for day in days) > 100
    assert sum(day.expired > 0 for day in days) > 20
    assert sum(day.spent > 0 for day in days) > 10
    assert sum(d.issued - d.clawed - d.spent - d.expired for d in days) == count(
        "select sum(coalesce(active[1], 0) + coalesce(held[1], 0) - coalesce(debt[1], 0)) from ledger_account"
    )
    # the books were closed over it last midnight, and signed
    assert count("select max(day) from ledger_daily") == last - timedelta(days=1)
    assert count("select count(*) from ledger_head") >= 1

    # people: levels, consents, one suspended, two who are one
    suspended = members.resolve(program_id=program.id, ref="external:T00042")
    assert members.fact(program_id=program.id, member_id=suspended).status == "suspended"
    both = [members.resolve(program_id=program.id, ref=f"external:T0010{n}") for n in (0, 1)]
    assert both[0] == both[1]
    levels = {level for (level,) in _rows("select distinct level from tiers_standing where level is not null")}
    assert {"member", "silver"} <= levels
    assert tiers.standing(program_id=program.id, member_id=both[0]) is not None
    assert {text.language for text in consent.texts(program_id=program.id)} == {"en", "zh-Hans"}
    assert count("select count(*) from consent_event where not granted") > 0

    # the tills: every state that a basket can have, coupons that were brought, a budget that was used
    states = dict(_rows("select state, count(*) from checkout_session group by state"))
    assert states == {"closed": 25, "open": 3, "cancelled": 1, "tendering": 1}
    assert count("select count(*) from checkout_session where member_id is null") == 2
    assert [made for (made,) in _rows("select made from coupons_batch")] == [300]
    assert count("select count(*) from coupons_coupon where state = 'redeemed'") == 5
    (budget,) = spending.spent(program_id=program.id)["ten-off-every-hundred"]
    assert budget.used > 0

    # what waits now
    assert [a.amount for a in ledger.adjustments(program_id=program.id)] == [5_000]
    assert count("select count(*) from ledger_hold where state = 'open'") > 0

    # who works there
    roles = {grant.role for grant in staff.grants(program_id=program.id)}
    assert roles == set(staff.grants(program_id=program.id)[0].role.__class__)
    assert staff.key_by_secret(logins["API key"]).program_id == program.id
    assert len(logins) == len(roles) + 1


def _rows(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


TABLES = "members_member orders_order orders_return ledger_journal ledger_lot_facts consent_event ledger_hold".split()
TABLES += "checkout_session coupons_coupon coupons_use".split()


def test_a_load_that_was_killed_goes_on_with_the_same_town(tmp_path, monkeypatch):
    class Killed(BaseException):
        """As abrupt as a signal."""

    folder = tmp_path / "town"
    lived = []

    def dies(*args):
        lived.append(args)
        if len(lived) == 40:
            raise Killed
        return redeem(*args)

    redeem = town._redeem
    monkeypatch.setattr(town, "_redeem", dies)
    with pytest.raises(Killed):
        town.load(lambda _: None, members=120, folder=folder)
    monkeypatch.setattr(town, "_redeem", redeem)

    close, closed = checkout.close, []

    def dies_at_the_till(**told):
        closed.append(close(**told))
        if len(closed) == 10:
            raise Killed

    monkeypatch.setattr(checkout, "close", dies_at_the_till)
    with pytest.raises(Killed):
        town.load(lambda _: None, members=120, folder=folder)
    monkeypatch.setattr(checkout, "close", close)
    first = (folder / "plan.json").read_text()
    logins = town.load(lambda _: None, members=120, folder=folder)
    assert (folder / "plan.json").read_text() == first
    assert (folder / "plan.json").stat().st_mode & 0o777 == 0o600
    assert count("select count(*) from orders_order where source = 'session'") == 25
    counted = [count(f"select count(*) from {table}") for table in TABLES]
    # once more: nothing is there twice, the log-ins are the same, only the key is a new one
    again = town.load(lambda _: None, members=120, folder=folder)
    assert [count(f"select count(*) from {table}") for table in TABLES] == counted
    assert again[:-1] == logins[:-1]
    assert assurance.discrepancies() == []


def test_the_same_seed_brings_the_same_baskets_and_another_seed_others():
    told = {"ends_on": date(2026, 3, 1), "members": 120}
    first = list(baskets(seed=7, **told))
    assert first == list(baskets(seed=7, **told)) != list(baskets(seed=8, **told))
    assert len(first) == len({b.key for b in first}) == 30
    assert {b.at.date() for b in first} == {date(2026, 2, 26 + n) if n < 3 else date(2026, 3, 1) for n in range(4)}


def test_nights_run_twice_do_nothing_and_killed_between_batches_lose_nothing(small):
    program = small[0]
    tomorrow = clock.day_ends(clock.local_day(clock.now(), program.zone), program.zone) + timedelta(minutes=1)
    day = {"program_id": program.id, "zone": program.zone, "first_day": clock.local_day(clock.now(), program.zone)}
    later = tomorrow + timedelta(days=40)  # some of what is there has ended by then
    asked, chance = [], Random(7)

    def stops():
        asked.append(1)
        return chance.random() < 0.1  # a worker that dies between batches, again and again

    with clock.at(later):
        while nights.last_night(program_id=program.id) != clock.local_day(later, program.zone):
            nights.run_due(NIGHTS, upto=later, should_stop=stops, **day)
        assert len(asked) > 2 * 40
        before = [count(f"select count(*) from {table}") for table in TABLES]
        assert count("select count(*) from ledger_lot_facts where remaining > 0 and expires_at <= %s", later) == 0
        assert count("select count(*) from ledger_hold where state = 'open'") == 0
        nights.reopen(program_id=program.id, from_day=clock.local_day(later, program.zone) - timedelta(days=10))
        assert nights.run_due(NIGHTS, upto=later, **day).nights == 11
        assert [count(f"select count(*) from {table}") for table in TABLES] == before
        assert assurance.discrepancies() == []

"""The overview's figures, counted from what happened and read without counting."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.interfaces.console import figures
from regulars.interfaces.console.figures import Range
from regulars.interfaces.console.tests.conftest import Desk, buyer
from regulars.interfaces.console.views.ledger import sheets
from regulars.people.programs import services as programs
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Account, Line

DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2030, 1, 1))
SOLD_ON = date(2026, 1, 5)  # cast.NOON, in Shanghai


@given(first=DAYS, length=st.integers(0, 900), step=st.sampled_from(figures.STEPS))
def test_steps_cover_every_day_once_and_are_few(first: date, length: int, step: str) -> None:
    last = first + timedelta(days=length)
    fitted = figures.fitting(first, last, step)
    starts = Range(first=first, last=last, step=fitted).starts()
    assert starts == sorted(set(starts)) and len(starts) <= figures.MOST_BUCKETS + 2
    covered = {figures.begin(first + timedelta(days=n), fitted) for n in range(length + 1)}
    assert covered == set(starts)


def test_what_was_bought_is_counted_on_its_local_day(desk: Desk) -> None:
    buyer(desk.program_id, "Bea", "+8613900139000", "c-2", "B-1")
    program = programs.by_id(program_id=desk.program_id)
    figures.count(program)
    found = figures.counted(program)
    assert found is not None and found.members == 2
    span = Range(first=SOLD_ON, last=SOLD_ON, step="day")
    names = ("orders", "sales", "buyers", "issued:1", "net:1")
    assert figures.series(program.id, span, names) == {
        "orders": [2], "sales": [60_000], "buyers": [2], "issued:1": [600], "net:1": [600],
    }  # fmt: skip
    assert figures.before(program.id, "net:1", SOLD_ON) == 0
    assert figures.before(program.id, "net:1", SOLD_ON + timedelta(days=1)) == 600


def test_counting_twice_changes_nothing(desk: Desk) -> None:
    program = programs.by_id(program_id=desk.program_id)
    figures.count(program)
    first = list(figures.FigureRow.objects.order_by("name", "day").values_list("name", "day", "value"))
    figures.count(program)
    assert list(figures.FigureRow.objects.order_by("name", "day").values_list("name", "day", "value")) == first


def test_a_program_without_anything_has_an_overview(desk: Desk) -> None:
    program = programs.create(key="empty", name="Empty", zone="UTC", currency="GBP", actor="system:test")
    page = desk.sits("owner", program_id=program.id).get("/console/")
    assert page.status_code == 200


ACCOUNTS = st.sampled_from(list(Account))


@given(st.lists(st.tuples(ACCOUNTS, ACCOUNTS, st.integers(1, 10**12)), max_size=30))
def test_a_statement_balances_whatever_moved(moves: list[tuple[Account, Account, int]]) -> None:
    lines = [Line(unit="points", debit=d, credit=c, party=None, amount=a, postings=1) for d, c, a in moves if d != c]
    for sheet in sheets(lines, {}):
        assert sheet.debit == sheet.credit == sum(line.amount for line in lines)
        assert sum(row.change for row in sheet.rows) == 0


@pytest.mark.django_db
def test_the_statement_page_says_what_the_books_say(desk: Desk) -> None:
    page = desk.sits("owner").get("/console/ledger/").content.decode()
    assert ("balances" in page, "does not balance" in page, "300" in page) == (True, False, True)
    assert ledger.discrepancies(program_id=desk.program_id) == []

"""The history of real shops comes in whole and exact. Needs REGULARS_DATA; the figures are in docs/online-retail.md."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from regulars.governance.publishing import services as publishing
from regulars.interfaces.imports import services
from regulars.interfaces.imports.terms import Job, State

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.deep, pytest.mark.timeout(1200)]
SCRIPT = Path(__file__).parents[2] / "scripts" / "recompute_online_retail.py"
JOURNEY = """
program: {key: journey, name: Complete Journey, zone: America/New_York, currency: USD, locale: en}
channels: [{key: store, name: Stores, kind: store}]
units: [{key: points, kind: spendable, expiry: {kind: never}, debt: owe}]
earn_rules: [{key: base, unit: points, rate: {points: 1, per: 1.00}}]
"""
TMALL = """
program: {key: tmall, name: Tmall, zone: Asia/Shanghai, currency: CNY, locale: zh-Hans}
channels: [{key: tmall, name: Tmall, kind: marketplace}]
units: [{key: points, kind: spendable, expiry: {kind: never}, debt: owe}]
earn_rules: [{key: base, unit: points, rate: {points: 1, per: 1.00}}]
"""


def a_program(document: str) -> int:
    return publishing.apply(document=document, actor="system:test").program_id


def bring(program_id: int, path: Path, mapping: str) -> Job:
    job = services.start(
        program_id=program_id, path=path, mapping=services.ready_mapping(mapping), actor="system:test"
    )
    return services.run(program_id=program_id, job_id=job.id, wait_seconds=60)


def asked(query: str, program_id: int) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"p": program_id})
        return tuple(cursor.fetchone())


def test_online_retail_comes_in_exactly_and_a_second_import_changes_nothing(real_data: Path) -> None:
    file = real_data / "online_retail" / "online_retail.csv.gz"
    told = subprocess.run([sys.executable, str(SCRIPT), str(file)], capture_output=True, check=True)
    truth = json.loads(told.stdout)
    program_id = a_program(publishing.blueprint(key="online-retail").text)
    report = bring(program_id, file, "online-retail").report
    assert (report["rows"], report["rows_kept"], report["rows_rejected"]) == (541_909, 541_909, 0)
    assert (report["sum_before_rounding"], report["sum_minor"]) == ("9747747.934", truth["lines minor"])
    of_file = report["file"]
    assert (of_file["members_lines"], of_file["members_who_bought"], of_file["members_orders"]) == (
        397_884,
        4_338,
        18_532,
    )
    assert report["members_sum_before_rounding"] == "8911407.904"
    assert (report["orders"], report["returns"], report["members_registered"]) == (22_064, 3_836, 4_372)
    names = {"no_member": "without customer", "bought_later": "bought only later"}
    for kind, count in report["returned_lines"].items():
        assert count == truth[f"credit lines {names.get(kind, kind.replace('_', ' '))}"], kind
    assert (report["returned_lines"]["never_bought"], report["returned_lines"]["bought_later"]) == (948, 358)
    for unit in ("points", "growth"):
        assert report["earned"][unit] == truth["gross points"]
        assert report["clawed"][unit] == truth["clawed back"]
    books = "select sum(active[1]), coalesce(sum(debt[1]), 0), max(active[1]) from ledger_account where program_id = %(p)s"
    balances = (truth["balances"], truth["debt"], truth["largest balance"])
    assert asked(books, program_id) == balances
    lines = "select count(*), sum(amount_minor) from orders_line where program_id = %(p)s"
    credits = (
        "select count(distinct (return_id, n)), sum(amount_minor) from orders_return_line where program_id = %(p)s"
    )
    (sold, sold_minor), (back, back_minor) = asked(lines, program_id), asked(credits, program_id)
    assert (sold + back, sold_minor - back_minor) == (541_909, truth["lines minor"])
    again = bring(program_id, file, "online-retail").report
    assert (again["orders"], again["returns"], again["repeated"]) == (0, 0, 25_900)
    assert asked(books, program_id) == balances


def test_the_complete_journey_comes_in_by_its_mapping(real_data: Path) -> None:
    program_id = a_program(JOURNEY)
    report = bring(program_id, real_data / "complete_journey" / "transactions.parquet", "complete-journey").report
    assert (report["rows_kept"], report["sum_before_rounding"]) == (1_469_307, "4596039.58")
    assert (report["orders"], report["members_registered"]) == (155_848, 2_469)
    lines = "select count(*), sum(amount_minor) from orders_line where program_id = %(p)s"
    assert asked(lines, program_id) == (1_469_307, 459_603_958)
    due = "select sum(div(m, 100)) from (select sum(amount_minor) filter (where kind = 'goods') m from orders_line"
    assert asked(f"{due} where program_id = %(p)s group by order_id) o", program_id)[0] == report["earned"]["points"]


def test_tmall_orders_come_in_with_their_refunds_and_unpaid_ones_stay_out(real_data: Path) -> None:
    program_id = a_program(TMALL)
    job = bring(program_id, real_data / "tmall_orders" / "tmall_order_report.csv.gz", "tmall")
    report = job.report
    assert job.state == State.FINISHED
    assert (report["rows"], report["rows_kept"], report["orders"]) == (28_010, 24_087, 24_087)
    assert report["rows_dropped"] == {"unpaid": {"rows": 3_923, "minor": 299_576_061 - 247_482_307}}
    assert (report["returns"], report["refund_minor"]) == (5_646, 57_233_592)
    paid = "select sum(total_minor) from orders_order where program_id = %(p)s"
    assert asked(paid, program_id)[0] - report["refund_minor"] == 190_248_715
    states = "select count(*) filter (where state = 'returned'), count(*) filter (where state <> 'placed') from orders_order"
    assert asked(f"{states} where program_id = %(p)s", program_id) == (5_132, 5_646)

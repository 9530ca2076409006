"""Mappings say all their faults at once; columns become exact values or the code of a fault."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.interfaces.imports import services
from regulars.interfaces.imports.rules import convert, read_mapping
from regulars.interfaces.imports.rules.convert import Chunk, decimals, instants, to_minor
from regulars.interfaces.imports.rules.people import Faulty, balance_of, birthday_of, newcomer_of
from regulars.interfaces.imports.terms import BadFile, BadMapping
from regulars.kernel.money import to_minor as one_to_minor

SHOP = {
    "source": "shop",
    "currency": "GBP",
    "zone": "Europe/London",
    "columns": {
        "order": "no",
        "sku": "sku",
        "quantity": "q",
        "unit_price": "p",
        "occurred_at": "at",
        "member": "who",
    },
    "returns": {"when": {"column": "no", "matches": "^C"}},
    "adjustments": {"column": "no", "matches": "^A"},
}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def chunk(*rows: tuple[str, ...], names: str = "no sku q p at who") -> Chunk:
    columns = list(zip(*rows, strict=True))
    arrays = {name: pa.array(column, pa.string()) for name, column in zip(names.split(), columns, strict=True)}
    return Chunk(lines=pa.array(range(2, len(rows) + 2), pa.int64()), columns=arrays)


def test_every_ready_mapping_can_be_read() -> None:
    assert set(services.ready_mappings()) == {"complete-journey", "online-retail", "tmall"}
    for name in services.ready_mappings():
        assert read_mapping(services.ready_mapping(name)).source == name


def test_a_bad_mapping_tells_all_its_faults_with_their_paths() -> None:
    with pytest.raises(BadMapping) as no:
        read_mapping(
            {
                "colums": {},
                "zone": "Mars/Olympus",
                "currency": "pounds",
                "format": "xls",
                "columns": {"order": "no", "price": "p", "occurred_at": ""},
                "returns": {"when": {"column": "no", "matches": "("}},
                "drop": [{"when": {}}],
            }
        )
    paths = {path for path, _ in no.value.errors}
    assert paths >= {"colums", "zone", "currency", "format", "columns.price", "columns.occurred_at", "drop.0"}
    assert paths >= {"returns.when.matches", "columns.amount", "columns.sku"}


def test_a_line_is_rounded_once_halves_away_from_zero_on_sales_and_credits_alike() -> None:
    staged = convert(
        chunk(
            ("1", "a", "1", "0.005", "2020-01-02 10:00:00", "7"),
            ("C1", "a", "-1", "0.005", "2020-01-03 10:00:00", "7"),
            ("1", "b", "3", "0.335", "2020-01-02 10:00:00", "7"),
        ),
        read_mapping(SHOP),
        "GBP",
    )
    assert staged.table["amount_minor"].to_pylist() == [1, 1, 101]
    assert staged.exact == Decimal("1.005")
    assert staged.minor == 1 - 1 + 101


def test_kinds_follow_the_mapping_and_what_is_not_above_zero_is_an_adjustment() -> None:
    staged = convert(
        chunk(
            ("1", "a", "2", "1.00", "2020-01-02 10:00:00", "7"),
            ("1", "a", "0", "1.00", "2020-01-02 10:00:00", "7"),
            ("1", "a", "1", "-1.00", "2020-01-02 10:00:00", "7"),
            ("A9", "a", "1", "5.00", "2020-01-02 10:00:00", ""),
            ("C9", "a", "-2", "5.00", "2020-01-02 10:00:00", "7"),
        ),
        read_mapping(SHOP),
        "GBP",
    )
    assert staged.table["kind"].to_pylist() == [0, 1, 1, 1, 2]
    assert staged.table["quantity"].to_pylist()[-1] == Decimal(2)
    assert staged.table["member"].to_pylist()[3] is None


def test_a_bad_row_is_rejected_with_its_line_and_first_fault_and_marks_its_order() -> None:
    staged = convert(
        chunk(
            ("1", "a", "2", "1.00", "2020-01-02 10:00:00", "7"),
            ("1", "b", "two", "1.00", "2020-01-02 10:00:00", "7"),
            ("2", "c", "1", "1.00", "2020-02-30 10:00:00", "7"),
            ("", "c", "1", "1.00", "2020-01-02 10:00:00", "7"),
            ("3", "d\ufffd", "1", "1.00", "2020-01-02 10:00:00", "7"),
            ("4", "d", "1", "1e5", "2020-01-02 10:00:00", "7"),
            ("x" * 101, "d", "1", "1", "2020-01-02 10:00:00", "7"),
        ),
        read_mapping(SHOP),
        "GBP",
    )
    assert [(r.line, r.reason) for r in staged.rejects] == [
        (3, "bad_number:quantity"),
        (4, "bad_time:occurred_at"),
        (5, "missing:order"),
        (6, "bad_encoding"),
        (7, "bad_number:unit_price"),
        (8, "too_long:order"),
    ]
    assert staged.kept == 1
    assert [r for r, k in zip(*(staged.table[n].to_pylist() for n in ("ref", "kind")), strict=True) if k == 9][
        :2
    ] == [
        "1",
        "2",
    ]


def test_a_row_of_the_future_or_of_no_clock_that_ever_was_is_rejected() -> None:
    staged = convert(
        chunk(
            ("1", "a", "1", "1.00", "2020-01-02 10:00:00", "7"),
            ("2", "a", "1", "1.00", "2020-01-02 10:00:01", "7"),
            ("3", "a", "1", "1.00", "0001-01-02 10:00:00", "7"),
        ),
        read_mapping(SHOP),
        "GBP",
        datetime(2020, 1, 2, 10, tzinfo=UTC),
    )
    assert [(r.line, r.reason) for r in staged.rejects] == [(3, "in_future:occurred_at"), (4, "bad_time:occurred_at")]
    assert staged.kept == 1


def test_a_missing_column_is_a_bad_file() -> None:
    with pytest.raises(BadFile, match="who"):
        convert(chunk(("1", "a", "1", "1", "2020-01-02"), names="no sku q p at"), read_mapping(SHOP), "GBP")


def test_local_times_become_utc_and_a_skipped_hour_is_the_change_itself() -> None:
    found = instants(
        pa.array(["2020-07-01 12:00", "2020-03-29 01:30", "2020-10-25 01:30", "2020-07-01T12:00:00+08:00", "x"]),
        formats=("iso",),
        zone="Europe/London",
    ).to_pylist()
    assert [at and at.isoformat() for at in found] == [
        "2020-07-01T11:00:00+00:00",
        "2020-03-29T01:00:00+00:00",
        "2020-10-25T00:30:00+00:00",
        "2020-07-01T04:00:00+00:00",
        None,
    ]


def test_a_refund_column_becomes_a_return_of_that_much_of_the_order() -> None:
    mapping = read_mapping(
        {
            "columns": {"order": "no", "amount": "total", "occurred_at": "at"},
            "constants": {"sku": "order"},
            "returns": {"refund": "back"},
            "drop": [{"name": "unpaid", "when": {"column": "paid", "empty": True}}],
        }
    )
    staged = convert(
        chunk(
            ("1", "10.00", "2020-01-02", "y", "2.50"),
            ("2", "4.00", "2020-01-02", "y", "4.01"),
            ("3", "9.99", "2020-01-02", "", "0"),
            ("4", "1.00", "2020-01-02", "y", ""),
            names="no total at paid back",
        ),
        mapping,
        "CNY",
    )
    rows = [staged.table[n].to_pylist() for n in ("ref", "kind", "amount_minor", "of_order")]
    assert list(zip(*rows, strict=True)) == [
        ("1", 0, 1000, None),
        ("4", 0, 100, None),
        ("1", 3, 250, "1"),
        ("2", 9, None, None),
    ]
    assert [(r.line, r.reason) for r in staged.rejects] == [(3, "refund_above_order")]
    assert staged.dropped == {"unpaid": (1, 999)}
    assert (staged.refunds, staged.refund_minor) == (1, 250)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6))
def test_whole_columns_round_as_one_amount_does(amount: Decimal) -> None:
    assert to_minor(pa.array([amount], pa.decimal128(18, 6)), 2).to_pylist() == [one_to_minor(amount, "GBP")]


@given(st.text(max_size=12))
def test_any_text_is_a_number_or_a_fault_never_a_crash(text: str) -> None:
    (value,), (bad,) = (a.to_pylist() for a in decimals(pa.array([text], pa.string())))
    assert bad or value == Decimal(text.strip())


def test_people_are_read_and_their_faults_have_codes() -> None:
    mapping = read_mapping({"kind": "members", "columns": {"external": "id"}, "zone": "Asia/Shanghai"})
    told = newcomer_of(
        {"external": "7", "phone": "13800138000", "birthday": "05-17", "joined_at": "2020-01-01"},
        mapping=mapping,
        zone="UTC",
    )
    assert told.joined_at == datetime(2019, 12, 31, 16, tzinfo=UTC)
    assert told.birthday == birthday_of("--05-17")
    for row, reason in (({}, "missing:external"), ({"external": "7", "birthday": "May"}, "bad:birthday")):
        with pytest.raises(Faulty) as no:
            newcomer_of(row, mapping=mapping, zone="UTC")
        assert no.value.reason == reason


def test_a_balance_ends_with_its_local_day_and_a_past_one_stays_out() -> None:
    mapping = read_mapping({"kind": "balances", "columns": {"member": "m", "unit": "u", "amount": "a"}})
    row = {"member": "7", "unit": "points", "amount": "5", "expires_on": "2026-03-31"}
    told = balance_of(row, mapping=mapping, zone="Europe/London", now=NOW)
    assert told.expires_at == datetime(2026, 3, 31, 23, tzinfo=UTC)
    assert told.key == "7/points/2026-03-31"
    for change, reason in (
        ({"expires_on": "2025-12-30"}, "expired_already"),
        ({"amount": "-1"}, "bad_number:amount"),
        ({"amount": "1.5"}, "bad_number:amount"),
        ({"unit": None}, "missing:unit"),
    ):
        with pytest.raises(Faulty) as no:
            balance_of({**row, **change}, mapping=mapping, zone="Europe/London", now=NOW)
        assert no.value.reason == reason

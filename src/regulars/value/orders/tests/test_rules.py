"""The pure rules: shares, matching, and reading what is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import orjson
import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from regulars.kernel.errors import Invalid
from regulars.value.orders.rules.reading import read_order, read_return
from regulars.value.orders.rules.returning import claw, match_credit, share, spread
from regulars.value.orders.terms import Bought, Match

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
quantities = st.decimals(min_value="0.000001", max_value="99999", places=6)


@given(earned=st.integers(0, 10**9), steps=st.lists(quantities, min_size=1, max_size=8))
def test_any_split_leaves_exactly_nothing(earned, steps):
    whole, done, reversed_ = sum(steps), Decimal(0), 0
    for step in steps:
        done += step
        now = claw(earned=earned, returned=done, quantity=whole, reversed_=reversed_)
        assert now >= 0
        reversed_ += now
    assert reversed_ == earned


@given(total=st.integers(0, 10**9), part=quantities, rest=quantities)
def test_a_share_is_never_half_a_unit_from_the_exact_one(total, part, rest):
    whole = part + rest
    exact_twice = 2 * total * part
    assert -whole <= exact_twice - 2 * share(total=total, part=part, whole=whole) * whole < whole


@pytest.mark.django_db
def test_the_share_of_the_database_is_the_share_of_the_rule():
    cases = [
        (total, Decimal(p), Decimal(w))
        for total in (0, 1, 7, 10, 999, 10**12)
        for p, w in (
            ("1", "3"),
            ("2", "3"),
            ("3", "3"),
            ("0.5", "1"),
            ("0.000001", "89638"),
            ("1.234567", "9.999999"),
        )
    ]
    with connection.cursor() as cursor:
        for total, part, whole in cases:
            cursor.execute("select orders_share(%s, %s, %s)", [total, part, whole])
            assert cursor.fetchone()[0] == share(total=total, part=part, whole=whole)


lots = st.lists(st.tuples(st.integers(-5, 5), quantities), max_size=6)


@given(lots=lots, wanted=quantities)
def test_a_credit_is_matched_whole_never_beyond_what_is_left_and_latest_first(lots, wanted):
    bought = [Bought(UUID(int=i), 1, AT + timedelta(days=d), q) for i, (d, q) in enumerate(lots)]
    parts = match_credit(quantity=wanted, at=AT, bought=bought)
    assert sum(p.quantity for p in parts) == wanted
    matched = [p for p in parts if p.match is Match.MATCHED]
    by_id = {b.order_id: b for b in bought}
    assert all(0 < p.quantity <= by_id[p.order_id].left for p in matched)
    assert all(by_id[p.order_id].occurred_at <= AT for p in matched)
    times = [by_id[p.order_id].occurred_at for p in matched]
    assert times == sorted(times, reverse=True)
    if len(matched) < len(parts):
        earlier = sum(b.left for b in bought if b.occurred_at <= AT)
        assert parts[-1].quantity == wanted - earlier
        reason = Match.EXHAUSTED if any(b.occurred_at <= AT for b in bought) else Match.BOUGHT_LATER
        assert parts[-1].match is (reason if bought else Match.NEVER_BOUGHT)


@given(total=st.integers(0, 10**9), over=st.lists(quantities, min_size=1, max_size=6))
def test_parts_of_an_amount_sum_to_it(total, over):
    assert sum(spread(total=total, over=over)) == total


GOOD = {
    "ref": "r1",
    "channel": "web",
    "currency": "GBP",
    "occurred_at": "2026-05-01T09:30:00+08:00",
    "lines": [{"id": "1", "sku": "tea", "quantity": "1.250", "amount_minor": 999}],
}


def test_a_good_body_is_read_whole():
    told = read_order(
        {
            **GOOD,
            "source": "till-4",
            "identifier": {"type": "phone", "value": "+447700900123"},
            "store": "high-street",
            "tenders": [{"type": "card", "amount_minor": 999, "token": "tok"}],
            "attributes": {"till": 4},
            "lines": [
                {
                    **GOOD["lines"][0],
                    "uom": "kg", "tax_rate": "0.2", "tax_included": False, "unit_price": "7.992", "category": "food",
                    "brand": "own", "kind": "shipping", "description": "\u3000茶", "attributes": {"a": [1]},
                }
            ],
        }
    )  # fmt: skip
    assert (told.source, told.identifier, told.store) == ("till-4", ("phone", "+447700900123"), "high-street")
    assert told.occurred_at == datetime(2026, 5, 1, 1, 30, tzinfo=UTC)
    (line,) = told.lines
    assert (line.n, line.quantity, line.uom, line.tax_rate) == (1, Decimal("1.25"), "kg", Decimal("0.2"))
    assert (line.tax_included, line.kind, line.attributes) == (False, "shipping", {"a": [1]})
    assert told.descriptions == ("\u3000茶",)


def _with(**line):
    return {**GOOD, "lines": [{**GOOD["lines"][0], **line}]}


NONSENSE = [
    (None, ""),
    ([], ""),
    ("text", ""),
    ({}, "ref"),
    ({**GOOD, "ref": 7}, "ref"),
    ({**GOOD, "ref": ""}, "ref"),
    ({**GOOD, "ref": "a\x00b"}, "ref"),
    ({**GOOD, "ref": "a\ud800"}, "ref"),
    ({**GOOD, "ref": "x" * 201}, "ref"),
    ({**GOOD, "source": "a/b"}, "source"),
    ({**GOOD, "source": ["a"]}, "source"),
    ({**GOOD, "currency": "gbp"}, "currency"),
    ({**GOOD, "currency": "£"}, "currency"),
    ({**GOOD, "occurred_at": "yesterday"}, "occurred_at"),
    ({**GOOD, "occurred_at": "2026-05-01T09:30:00"}, "occurred_at"),
    ({**GOOD, "occurred_at": 1777600000}, "occurred_at"),
    ({**GOOD, "occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at"),
    ({**GOOD, "lines": []}, "lines"),
    ({**GOOD, "lines": {}}, "lines"),
    ({**GOOD, "lines": [1]}, "lines.0"),
    ({**GOOD, "lines": GOOD["lines"] * 5001}, "lines"),
    ({**GOOD, "lines": GOOD["lines"] * 2}, "lines.1.id"),
    ({**GOOD, "colour": "red"}, "colour"),
    ({**GOOD, "identifier": "phone"}, "identifier"),
    ({**GOOD, "identifier": {"type": "phone"}}, "identifier.value"),
    ({**GOOD, "member": "m", "identifier": {"type": "phone", "value": "1"}}, "identifier"),
    ({**GOOD, "attributes": []}, "attributes"),
    ({**GOOD, "attributes": {"a": "\x00"}}, "attributes"),
    ({**GOOD, "attributes": {"a": "x" * 9000}}, "attributes"),
    ({**GOOD, "attributes": {"a": 1 << 70}}, "attributes"),
    ({**GOOD, "tenders": [{"type": "cash"}]}, "tenders.0.amount_minor"),
    ({**GOOD, "tenders": 5}, "tenders"),
    (_with(quantity=1.5), "lines.0.quantity"),
    (_with(quantity=True), "lines.0.quantity"),
    (_with(quantity="1,5"), "lines.0.quantity"),
    (_with(quantity="1e3"), "lines.0.quantity"),
    (_with(quantity="١"), "lines.0.quantity"),
    (_with(quantity="NaN"), "lines.0.quantity"),
    (_with(quantity="1.0000001"), "lines.0.quantity"),
    (_with(quantity="0"), "lines.0.quantity"),
    (_with(quantity=None), "lines.0.quantity"),
    (_with(amount_minor="999"), "lines.0.amount_minor"),
    (_with(amount_minor=9.99), "lines.0.amount_minor"),
    (_with(amount_minor=True), "lines.0.amount_minor"),
    (_with(amount_minor=-1), "lines.0.amount_minor"),
    (_with(amount_minor=10**30), "lines.0.amount_minor"),
    (_with(tax_rate=0.2), "lines.0.tax_rate"),
    (_with(tax_rate="20%"), "lines.0.tax_rate"),
    (_with(tax_included="yes"), "lines.0.tax_included"),
    (_with(kind="service"), "lines.0.kind"),
    (_with(kind=[]), "lines.0.kind"),
    (_with(unit_price=3), "lines.0.unit_price"),
    (_with(sku=None), "lines.0.sku"),
    (_with(colour="red"), "lines.0.colour"),
]


@pytest.mark.parametrize(("body", "path"), NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_is_refused_with_its_path(body, path):
    with pytest.raises(Invalid) as no:
        read_order(body)
    assert path in [p for p, _ in no.value.errors]


def test_every_fault_is_listed():
    with pytest.raises(Invalid) as no:
        read_order({"lines": [{"id": "", "quantity": "x"}, {"sku": "tea"}], "tenders": [7]})
    assert sorted(p for p, _ in no.value.errors) == [
        "channel", "currency", "lines.0.amount_minor", "lines.0.id", "lines.0.quantity", "lines.0.sku",
        "lines.1.amount_minor", "lines.1.id", "lines.1.quantity", "occurred_at", "ref", "tenders.0",
    ]  # fmt: skip


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted([*GOOD, "member", "tenders", "store"])), json_values))
def test_whatever_is_sent_is_an_order_or_a_list_of_faults(change):
    try:
        told = read_order({**GOOD, **change})
    except Invalid as no:
        faults = no.errors
    else:
        faults = [("", orjson.dumps(told.ref).decode())]
    assert faults


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"lines": [{"sku": "tea", "quantity": "1", "amount_minor": 5}]}, "ref"),
        ({"ref": "b", "lines": [{"sku": "tea", "quantity": "1"}]}, "lines.0.amount_minor"),
        ({"ref": "b", "lines": [{"sku": "tea", "quantity": "1", "amount_minor": -5}]}, "lines.0.amount_minor"),
        ({"ref": "b", "lines": [{"id": "1", "quantity": "1", "amount_minor": 5}]}, "lines.0.sku"),
        ({"ref": "b", "order": "o", "lines": [{"sku": "tea", "quantity": "1"}]}, "lines.0.id"),
        ({"ref": "b", "order": "o", "lines": [{"id": "1", "quantity": "-1"}]}, "lines.0.quantity"),
        ({"ref": "b", "order": "o", "lines": []}, "lines"),
    ],
)
def test_a_nonsense_return_is_refused_with_its_path(body, path):
    with pytest.raises(Invalid) as no:
        read_return({"occurred_at": "2026-05-01T09:30:00Z", **body})
    assert path in [p for p, _ in no.value.errors]

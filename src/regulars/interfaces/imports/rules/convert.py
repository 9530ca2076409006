"""Columns of text become typed columns, whole columns at a time; a row that cannot gets the code of its first fault.

Money: the amount of a line is quantity × unit price, exact, rounded once to the minor unit, halves away from zero, so
that a sale of half a penny and its credit note cancel.
"""

from __future__ import annotations

import json
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from regulars.interfaces.imports.terms import BadFile, Mapping, Reject, Test
from regulars.kernel import money

GOODS, ADJUSTMENT, CREDIT, REFUND, BAD = 0, 1, 2, 3, 9
MAX_KEY, MAX_TEXT = 100, 300
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)  # as of orders that tills tell
_NUMBER = r"^[+-]?(\d{1,12}(\.\d{0,6})?|\.\d{1,6})$"
_ISO = r"^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?$"
_ISO_OFFSET = r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)$"
_DECIMAL = pa.decimal128(18, 6)

SCHEMA = pa.schema(
    [
        ("line", pa.int64()),
        ("ref", pa.string()),
        ("member", pa.string()),
        ("sku", pa.string()),
        ("description", pa.string()),
        ("category", pa.string()),
        ("brand", pa.string()),
        ("uom", pa.string()),
        ("store", pa.string()),
        ("channel", pa.string()),
        ("quantity", _DECIMAL),
        ("amount_minor", pa.int64()),
        ("occurred_at", pa.timestamp("us", "UTC")),
        ("kind", pa.int8()),
        ("of_order", pa.string()),
        ("attributes", pa.string()),
        ("is_positive", pa.bool_()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Some rows of a file, by the file's own column names. `lines` are line (or row) numbers in the file."""

    lines: pa.Array
    columns: MappingOf[str, pa.Array]


@dataclass(frozen=True, kw_only=True)
class Staged:
    """What a chunk came to. `exact` is the sum of what was kept, before rounding; `minor` the sum of rounded lines.

    Rows of kind BAD hold only line and ref: they make their whole order stay out.
    """

    table: pa.Table
    rejects: list[Reject]
    dropped: dict[str, tuple[int, int]] = field(default_factory=dict)
    kept: int = 0
    exact: Decimal = Decimal(0)
    minor: int = 0
    refunds: int = 0
    refund_minor: int = 0
    members_exact: Decimal = Decimal(0)


class _Work:
    """The columns being made, and each row's first fault."""

    def __init__(self, chunk: Chunk, mapping: Mapping) -> None:
        self.chunk, self.mapping, self.size = chunk, mapping, len(chunk.lines)
        self.reason = pa.nulls(self.size, pa.string())

    def fault(self, bad: pa.Array, code: str) -> None:
        """Give rows where `bad` is true this code, unless they have one already."""
        if pc.any(bad).as_py():
            self.reason = pc.if_else(pc.and_(pc.fill_null(bad, True), pc.is_null(self.reason)), code, self.reason)

    def column(self, name: str) -> pa.Array:
        found = self.chunk.columns.get(name)
        if found is None:
            raise BadFile(errors=[("columns", f"the file has no column {name!r}")])
        return found

    def text(self, name: str) -> pa.Array:
        """A column of the file as trimmed text; empty is null."""
        return as_text(self.column(name))

    def ours(self, name: str, *, limit: int = MAX_KEY) -> pa.Array:
        """One of our columns as text, or its constant."""
        if name not in self.mapping.columns:
            constant = self.mapping.constants.get(name)
            return pa.nulls(self.size, pa.string()) if constant is None else pa.repeat(constant, self.size)
        parts = [self.text(theirs) for theirs in self.mapping.columns[name]]
        value = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, "/")
        self.fault(pc.greater(pc.fill_null(pc.utf8_length(value), 0), limit), f"too_long:{name}")
        return value


def as_text(column: pa.Array) -> pa.Array:
    """Any column as trimmed text, empty as null.

    >>> as_text(pa.array([" a ", "", None])).to_pylist()
    ['a', None, None]
    """
    if pa.types.is_floating(column.type):
        whole = pc.equal(column, pc.floor(column))
        column = pc.if_else(
            whole, pc.cast(pc.cast(column, pa.int64(), safe=False), pa.string()), column.cast(pa.string())
        )
    if not pa.types.is_string(column.type):
        column = column.cast(pa.string())
    trimmed = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(pc.binary_length(trimmed), 0), None, trimmed)


def holds(test: Test, work: _Work) -> pa.Array:
    """Which rows a test is true for; an empty value matches nothing but `empty: true` and `equals: ''`."""
    value = work.text(test.column)
    if test.empty is not None:
        return pc.is_null(value) if test.empty else pc.is_valid(value)
    if test.matches is not None:
        return pc.fill_null(pc.match_substring_regex(value, test.matches), False)
    return pc.is_in(pc.fill_null(value, ""), value_set=pa.array(test.equals, pa.string()))


def decimals(column: pa.Array) -> tuple[pa.Array, pa.Array]:
    """A column as exact decimals of at most six places, and which rows are no such number.

    >>> [str(v) for v in decimals(pa.array(["1.5", "x"]))[0].to_pylist()]
    ['1.500000', '0.000000']
    """
    if pa.types.is_integer(column.type):
        bad = pc.fill_null(pc.greater(pc.abs(column), 10**12 - 1), True)
        return pc.if_else(bad, 0, column).cast(pa.decimal128(19, 0)).cast(_DECIMAL), bad
    if pa.types.is_floating(column.type):
        bad = pc.or_kleene(pc.is_null(column), pc.invert(pc.fill_null(pc.is_finite(column), False)))
        bad = pc.or_(bad, pc.fill_null(pc.greater_equal(pc.abs(column), 1e12), True))
        rounded = pc.round(pc.if_else(bad, 0.0, column), ndigits=6)
        return rounded.cast(_DECIMAL), bad
    text = as_text(column)
    good = pc.fill_null(pc.match_substring_regex(text, _NUMBER), False)
    return pc.if_else(good, text, "0").cast(_DECIMAL), pc.invert(good)


def instants(column: pa.Array, *, formats: tuple[str, ...], zone: str) -> pa.Array:
    """A column as UTC instants; null where no format fits.

    A local time that a clock change skips is the instant of the change; one that happens twice is the first.
    """
    if pa.types.is_timestamp(column.type):
        whole = column.cast(pa.timestamp("us", column.type.tz), safe=False)
        return _to_utc(whole, zone) if column.type.tz is None else whole.cast(pa.timestamp("us", "UTC"))
    text = as_text(column)
    found = pa.nulls(len(text), pa.timestamp("us", "UTC"))
    for name in formats:
        if name == "iso":
            for pattern, offset in ((_ISO, False), (_ISO_OFFSET, True)):
                fits = pc.if_else(pc.match_substring_regex(text, pattern), text, None)
                if fits.null_count < len(fits):
                    found = pc.coalesce(found, _iso(fits, offset=offset, zone=zone))
        else:
            parsed = pc.strptime(text, format=name, unit="us", error_is_null=True)
            found = pc.coalesce(found, _to_utc(parsed, zone))
        if found.null_count == 0:
            break
    return found


def _iso(text: pa.Array, *, offset: bool, zone: str) -> pa.Array:
    kind = pa.timestamp("us", "UTC") if offset else pa.timestamp("us")
    try:
        parsed = text.cast(kind)
    except pa.ArrowInvalid:  # a day that no month has: find it row by row
        parsed = pa.array([_one_iso(value, kind) for value in text], kind)
    return parsed if offset else _to_utc(parsed, zone)


def _one_iso(value: pa.Scalar, kind: pa.DataType) -> Any:
    try:
        return value.cast(kind).as_py()
    except pa.ArrowInvalid:
        return None


def _to_utc(local: pa.Array, zone: str) -> pa.Array:
    return pc.assume_timezone(local, zone, ambiguous="earliest", nonexistent="latest").cast(pa.timestamp("us", "UTC"))


def to_minor(amount: pa.Array, digits: int) -> pa.Array:
    """Exact amounts to whole minor units, halves away from zero.

    >>> to_minor(pa.array([Decimal("-0.005"), Decimal("1.004")]), 2).to_pylist()
    [-1, 100]
    """
    rounded = pc.round(amount, ndigits=digits, round_mode="half_towards_infinity").cast(pa.decimal128(30, digits))
    return pc.multiply(rounded, pa.scalar(Decimal(10**digits), pa.decimal128(4, 0))).cast(pa.int64())


def _amounts(work: _Work, currency: str) -> tuple[pa.Array, pa.Array, pa.Array]:
    """(quantity, exact amount, amount in minor units) of each row."""
    mapping, digits = work.mapping, money.exponent(currency)
    quantity = None
    if "quantity" in mapping.columns:
        quantity, bad = decimals(work.column(mapping.columns["quantity"][0]))
        work.fault(bad, "bad_number:quantity")
    name = "amount" if "amount" in mapping.columns else "unit_price"
    told, bad = decimals(work.column(mapping.columns[name][0]))
    work.fault(bad, f"bad_number:{name}")
    if mapping.minor_units:
        told = pc.multiply(told, pa.scalar(Decimal(1).scaleb(-digits), pa.decimal128(4, 3))).cast(
            pa.decimal128(25, 9)
        )
    exact = pc.multiply(quantity, told.cast(_DECIMAL)) if name == "unit_price" else told
    minor = to_minor(exact, digits)
    return (told.cast(_DECIMAL) if quantity is None else quantity), exact, minor


def _kinds(work: _Work, quantity: pa.Array, minor: pa.Array) -> pa.Array:
    mapping = work.mapping
    below = pc.or_(pc.less_equal(quantity, pa.scalar(Decimal(0), _DECIMAL)), pc.less(minor, 0))
    kind = pc.if_else(below, ADJUSTMENT, GOODS)
    if mapping.adjustments:
        kind = pc.if_else(holds(mapping.adjustments, work), ADJUSTMENT, kind)
    if mapping.returns.negative_quantity:
        negative = pc.and_(pc.less(quantity, pa.scalar(Decimal(0), _DECIMAL)), pc.less_equal(minor, 0))
        kind = pc.if_else(negative, CREDIT, kind)
    if mapping.returns.when:
        kind = pc.if_else(holds(mapping.returns.when, work), CREDIT, kind)
    return kind.cast(pa.int8())


def _attributes(work: _Work) -> pa.Array:
    names = work.mapping.attributes
    if not names:
        return pa.nulls(work.size, pa.string())
    columns = {ours: work.text(theirs).dictionary_encode() for ours, theirs in names.items()}
    if len(columns) == 1:  # the common case: each distinct value is written once
        ((ours, encoded),) = columns.items()
        told = [json.dumps({ours: value}, ensure_ascii=False) for value in encoded.dictionary.to_pylist()]
        return pa.array(told, pa.string()).take(encoded.indices)
    rows = zip(*(c.to_pylist() for c in columns.values()), strict=True)
    told = [
        json.dumps({k: v for k, v in zip(columns, row, strict=True) if v is not None}, ensure_ascii=False)
        for row in rows
    ]
    return pa.array(told, pa.string())


class _Columns(NamedTuple):
    """The columns of orders made of a chunk; `exact` is the amount before rounding."""

    table: pa.Table
    exact: pa.Array
    is_mine: pa.Array  # a positive line of a member


def _at(instant: datetime) -> pa.Scalar:
    return pa.scalar(instant, pa.timestamp("us", "UTC"))


def _columns(work: _Work, currency: str, latest: datetime | None) -> _Columns:
    mapping = work.mapping
    ref, sku, member = work.ours("order"), work.ours("sku"), work.ours("member")
    work.fault(pc.is_null(ref), "missing:order")
    work.fault(pc.is_null(sku), "missing:sku")
    occurred_at = instants(work.column(mapping.columns["occurred_at"][0]), formats=mapping.times, zone=mapping.zone)
    long_ago = pc.less(occurred_at, _at(_EARLIEST))
    work.fault(pc.or_(pc.is_null(occurred_at), pc.fill_null(long_ago, False)), "bad_time:occurred_at")
    if latest is not None:
        work.fault(pc.fill_null(pc.greater(occurred_at, _at(latest)), False), "in_future:occurred_at")
    if "currency" in mapping.columns:
        work.fault(pc.fill_null(pc.not_equal(work.ours("currency"), currency), True), "other_currency")
    description = work.ours("description", limit=10_000)
    for value in (ref, sku, description):
        work.fault(pc.fill_null(pc.match_substring(value, "\ufffd"), False), "bad_encoding")
    quantity, exact, minor = _amounts(work, currency)
    kind = _kinds(work, quantity, minor)
    credit = pc.equal(kind, CREDIT)
    is_positive = pc.and_(pc.equal(kind, GOODS), pc.greater(exact, pa.scalar(Decimal(0), pa.decimal128(1, 0))))
    of_order = work.text(mapping.returns.order) if mapping.returns.order else pa.nulls(work.size, pa.string())
    values = [
        work.chunk.lines,
        ref,
        member,
        sku,
        pc.utf8_slice_codeunits(description, 0, MAX_TEXT),
        *(work.ours(name) for name in ("category", "brand", "uom", "store", "channel")),
        pc.if_else(credit, pc.abs(quantity), quantity),
        pc.if_else(credit, pc.abs(minor), minor),
        occurred_at,
        kind,
        pc.if_else(credit, of_order, None),
        _attributes(work),
        is_positive,
    ]
    # the signed amount is what the sums are made of
    table = pa.table(values, schema=SCHEMA).append_column("signed", minor)
    return _Columns(table, exact, pc.and_(is_positive, pc.is_valid(member)))


def convert(chunk: Chunk, mapping: Mapping, currency: str, latest: datetime | None = None) -> Staged:
    """The rows of orders in a chunk, typed; with what was left out, why, and the sums of what was kept.

    Args: latest: rows of later instants are rejected.
    Raises: BadFile when a column that the mapping names is not there.
    """
    work = _Work(chunk, mapping)
    dropped, keep = _dropped(work, currency)
    made = _columns(work, currency, latest)
    minor, table = made.table["signed"], made.table.drop_columns(["signed"])
    refunds = SCHEMA.empty_table()
    if mapping.returns.refund:
        refunds = _refunds(work, table, pc.and_(pc.is_null(work.reason), keep), currency)
    good = pc.and_(pc.is_null(work.reason), keep)
    bad = pc.and_(pc.is_valid(work.reason), keep)
    refunds = refunds.filter(pc.is_in(refunds["line"], value_set=chunk.lines.filter(good)))
    rejects, marks = _rejected(work, chunk, table["ref"], bad)
    return Staged(
        table=pa.concat_tables([table.filter(good), refunds, marks]),
        rejects=rejects,
        dropped=dropped,
        kept=_sum(good.cast(pa.int64())),
        exact=_sum(made.exact.filter(good)),
        minor=_sum(minor.filter(good)),
        refunds=refunds.num_rows,
        refund_minor=_sum(refunds["amount_minor"]),
        members_exact=_sum(made.exact.filter(pc.and_(good, made.is_mine))),
    )


def _sum(values: Any) -> Any:
    found = pc.sum(values).as_py()
    return Decimal(0) if found is None and pa.types.is_decimal(values.type) else found or 0


def _dropped(work: _Work, currency: str) -> tuple[dict[str, tuple[int, int]], pa.Array]:
    """Rows left out on purpose, as name → (rows, their amount in minor units), and which rows stay."""
    keep, dropped = pa.repeat(True, work.size), {}
    if not work.mapping.drop:
        return dropped, keep
    silent = _Work(work.chunk, work.mapping)
    minor = _amounts(silent, currency)[2]
    for drop in work.mapping.drop:
        out = pc.and_(holds(drop.when, work), keep)
        dropped[drop.name] = (pc.sum(out.cast(pa.int64())).as_py() or 0, pc.sum(minor.filter(out)).as_py() or 0)
        keep = pc.and_(keep, pc.invert(out))
    return dropped, keep


def _refunds(work: _Work, table: pa.Table, good: pa.Array, currency: str) -> pa.Table:
    """Rows whose refund column holds money, as returns of that much of their own order."""
    column = work.column(str(work.mapping.returns.refund))
    if pa.types.is_string(column.type):
        column = pc.fill_null(as_text(column), "0")
    told, bad = decimals(column)
    work.fault(pc.or_(bad, pc.less(told, pa.scalar(Decimal(0), _DECIMAL))), "bad_number:refund")
    digits = money.exponent(currency)
    minor = to_minor(told, digits)
    work.fault(
        pc.greater(minor, pc.if_else(pc.is_null(work.reason), table["amount_minor"], minor)), "refund_above_order"
    )
    rows = pc.and_(pc.and_(good, pc.greater(minor, 0)), pc.is_null(work.reason))
    refunds = table.filter(rows)
    for name, value in (
        ("quantity", told.filter(rows)),
        ("amount_minor", minor.filter(rows)),
        ("kind", pa.repeat(pa.scalar(REFUND, pa.int8()), refunds.num_rows)),
        ("of_order", refunds["ref"]),
        ("is_positive", pa.repeat(False, refunds.num_rows)),
    ):
        refunds = refunds.set_column(SCHEMA.get_field_index(name), SCHEMA.field(name), value)
    return refunds


def _rejected(work: _Work, chunk: Chunk, ref: pa.Array, bad: pa.Array) -> tuple[list[Reject], pa.Table]:
    if not pc.any(bad).as_py():
        return [], SCHEMA.empty_table()
    lines, codes, refs = (a.filter(bad).to_pylist() for a in (chunk.lines, work.reason, ref))
    rejects = [Reject(line=line, reason=code) for line, code in zip(lines, codes, strict=True)]
    told = [
        {"line": line, "ref": r, "kind": BAD, "is_positive": False}
        for line, r in zip(lines, refs, strict=True)
        if r is not None
    ]
    return rejects, pa.Table.from_pylist(told, schema=SCHEMA)

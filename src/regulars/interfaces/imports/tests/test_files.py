"""Files of every make are read the same, a piece at a time, and every row knows its line."""

from __future__ import annotations

import csv
import gzip
import io
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.interfaces.imports.rules import quotes, read_mapping
from regulars.interfaces.imports.services import files
from regulars.interfaces.imports.terms import BadFile

DOCUMENT = {"columns": {"order": "订单 ", "occurred_at": "t", "amount": "p"}, "constants": {"sku": "x"}}
ROWS = [("1", "2020-01-01", "1"), ("绿茶", "2020-01-02", "2")]


def text(rows: list[tuple[str, ...]] = ROWS) -> str:
    return "\r\n".join(",".join(row) for row in [("订单 ", "t", "p"), *rows]) + "\r\n"


def read(path: Path, **more: object) -> tuple[list[int], list[str], list[tuple[int, str]]]:
    source = files.Source(path, read_mapping({**DOCUMENT, **more}))
    lines: list[int] = []
    refs: list[str] = []
    for chunk in source.chunks():
        lines += chunk.lines.to_pylist()
        refs += chunk.columns["订单 "].to_pylist()
    return lines, refs, [(reject.line, told.strip()) for reject, told in source.bad]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_chinese_file_is_read_in_any_encoding_plain_or_packed(tmp_path: Path, encoding: str, packed: bool) -> None:
    raw = text().encode(encoding)
    path = tmp_path / "orders.csv"
    path.write_bytes(gzip.compress(raw) if packed else raw)
    assert read(path)[:2] == ([2, 3], ["1", "绿茶"])


def test_other_encodings_are_read_when_said(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes("o;t;p\nCafé;2020-01-01;1\n".encode("latin-1"))
    mapping = read_mapping(
        {
            "columns": {"order": "o", "occurred_at": "t", "amount": "p"},
            "constants": {"sku": "x"},
            "encoding": "latin-1",
            "delimiter": ";",
        }
    )
    (chunk,) = files.Source(path, mapping).chunks()
    assert chunk.columns["o"].to_pylist() == ["Café"]


def test_rows_know_their_lines_past_broken_rows_empty_lines_and_breaks_inside_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        '订单 ,t,p\r\n"a\nb",1,2\r\n\r\n2,1\r\n"x\n\ny",1,2\r\n4,1,2\r\nbad\r\n5,1,2\r\n6,1,2,3\r\n7,1,2', newline=""
    )
    for block in (64, 1 << 20):  # the pieces must not matter
        monkeypatch.setattr(files, "BLOCK", block)
        lines, refs, bad = read(path)
        assert list(zip(lines, refs, strict=True)) == [(2, "a\nb"), (6, "x\n\ny"), (9, "4"), (11, "5"), (13, "7")]
        assert bad == [(5, "2,1"), (10, "bad"), (12, "6,1,2,3")]


def test_parquet_is_read_by_rows(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    pq.write_table(pa.table({"订单 ": [1, 2], "t": ["2020-01-01"] * 2, "p": [1.5, 2.0], "more": [0, 0]}), path)
    assert read(path, format="parquet")[:2] == ([1, 2], [1, 2])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no header"),
        (b"a,t,p\n1,2,3\n", "no column '订单 '"),
        ("订单 ,t,t\n1,2,3\n".encode(), "twice"),
        (gzip.compress(text().encode() * 1000)[:-10], "breaks off"),
        (b"\x1f\x8bnonsense", "breaks off"),
    ],
)
def test_what_is_no_such_file_is_refused_with_the_reason(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with pytest.raises(BadFile, match=says):
        read(path)


def test_what_is_no_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    path.write_bytes(b"PAR1 nonsense")
    with pytest.raises(BadFile, match="Parquet"):
        read(path, format="parquet")


def test_bytes_that_no_encoding_explains_become_a_mark_that_is_rejected_later(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(
        "订单 ,t,p\n1\xff,2020-01-01,1\n".encode("utf-8", "surrogateescape").replace(b"\xc3\xbf", b"\xff")
    )
    assert read(path, encoding="utf-8")[1] == ["1\ufffd"]


def test_what_no_database_keeps_in_a_text_is_unreadable_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_bytes(text([("1\0", "2020-01-01", "1"), ("2", "2020-01-02", "2")]).encode())
    assert read(tmp_path / "orders.csv")[1] == ["1\ufffd", "2"]
    pq.write_table(pa.table({"订单 ": ["1\0", "2"], "t": ["2020-01-01"] * 2, "p": ["1"] * 2}), tmp_path / "o.parquet")
    assert read(tmp_path / "o.parquet", format="parquet")[1] == ["1\ufffd", "2"]


def test_a_file_that_is_no_parquet_says_so_before_its_size_is_asked(tmp_path: Path) -> None:
    (tmp_path / "o.parquet").write_text("hello")
    with pytest.raises(BadFile) as no:
        files.size_of(tmp_path / "o.parquet", read_mapping({**DOCUMENT, "format": "parquet"}))
    assert no.value.errors[0][1].startswith("is no Parquet file")


UNCLOSED = {
    "the rest of the file": ('1,"Tea,5\n2,Cup,5\n3,Pot,5\n', [(2, '1,"Tea,5')], [3, 4]),
    "the last column": ('1,5,"Tea\n2,5,Cup\n3,5,Pot\n', [(2, '1,5,"Tea')], [3, 4]),
    "up to a quoted value": ('1,"Tea,5\n2,"Cup",5\n3,Pot,5\n', [(2, '1,"Tea,5')], [3, 4]),
    "up to a value that begins with a comma": ('1,"Tea,5\n2,", Cup",5\n3,Pot,5\n', [(2, '1,"Tea,5')], [3, 4]),
    "behind a value of two lines": ('"1\n1",a,"Tea\n2,Cup,5\n', [(3, '"1\n1",a,"Tea')], [4]),
    "twice": ('1,"Tea,5\n2,"Cup,5\n3,"Pot""",5\n', [(2, '1,"Tea,5'), (3, '2,"Cup,5')], [4]),
    "the last line": ('1,Tea,5\r\n2,"Cup', [(3, '2,"Cup')], [2]),
    "nothing: a letter": ('1,12" Tea,5\n2,Cup"s",5\n"3" x,"Pot" old,5\n', [], [2, 3, 4]),
    "nothing: lines inside": ('1,"a\n""b"", c\r\n",5\n2,"""",5\n3,"x\n","\n"\n', [], [2, 5, 6]),
}


@pytest.mark.parametrize("block", [64, 1 << 20])
@pytest.mark.parametrize("swallows", list(UNCLOSED))
def test_an_unclosed_quote_is_a_reject_of_its_line_and_swallows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swallows: str, block: int
) -> None:
    content, bad, good = UNCLOSED[swallows]
    (tmp_path / "orders.csv").write_text("订单 ,t,p\n" + content, newline="")
    monkeypatch.setattr(files, "BLOCK", block)
    source = files.Source(tmp_path / "orders.csv", read_mapping(DOCUMENT))
    assert [line for chunk in source.chunks() for line in chunk.lines.to_pylist()] == good
    assert [(reject.line, reject.reason, text) for reject, text in source.bad] == [
        (line, "unclosed_quote", text) for line, text in bad
    ]


def test_a_file_of_one_column_tells_an_unclosed_quote_too(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text('m\na\n"b\nc\n')
    mapping = read_mapping({"kind": "audience", "columns": {"member": "m"}, "constants": {"audience": "x"}})
    source = files.Source(tmp_path / "list.csv", mapping)
    assert [value for chunk in source.chunks() for value in chunk.columns["m"].to_pylist()] == ["a", "c"]
    assert [(reject.line, reject.reason) for reject, _ in source.bad] == [(3, "unclosed_quote")]


def test_a_quote_that_is_open_in_the_header_is_refused(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text('订单 ,t,"p\n1,2,3\n')
    with pytest.raises(BadFile, match="line 1"):
        read(tmp_path / "orders.csv")


def fed(text: bytes, size: int) -> tuple[bytes, list[tuple[str, int]]]:
    flow = quotes.Quotes(delimiter=",", mark=b"\0")
    pieces = [flow.feed(text[n : n + size], final=False) for n in range(0, len(text), size)]
    return b"".join([*pieces, flow.feed(b"", final=True)]), list(flow.taken)


@given(rows=st.lists(st.lists(st.text('a",\n\r', max_size=5), min_size=2, max_size=3)), size=st.integers(1, 9))
def test_what_is_proper_flows_through_unchanged(rows: list[list[str]], size: int) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    text = out.getvalue().encode()
    assert fed(text, size) == (text, [])


@given(text=st.text('a",\n', max_size=60), size=st.integers(1, 9))
def test_pieces_do_not_matter_and_every_line_is_there_or_taken(text: str, size: int) -> None:
    whole, taken = fed(text.encode(), 1 << 20)
    assert fed(text.encode(), size) == (whole, taken)
    assert whole.count(b"\0") == len(taken)
    for told, _ in taken:
        whole = whole.replace(b"\0", told.encode(), 1)
    assert whole == text.encode()


def test_a_quoted_value_without_end_is_held_only_as_long_as_a_value_may_be() -> None:
    flow, most = quotes.Quotes(delimiter=",", mark=b"\0"), 0
    told = flow.feed(b'1,"open\n', final=False)
    for n in range(1000):
        told += flow.feed(b"%d,%s\n" % (n, b"x" * 1000), final=False)
        most = max(most, len(flow._rest))
    assert list(flow.taken) == [('1,"open', 0)]
    assert most <= quotes.LONGEST + 2000
    assert (told + flow.feed(b"", final=True)).count(b"\n") == 1001
    endless = quotes.Quotes(delimiter=",", mark=b"\0")
    for _ in range(100):
        endless.feed(b'1,"' if _ == 0 else b"x" * 100_000, final=False)
        assert len(endless._rest) <= quotes.LONGEST + 200_000
    assert endless.feed(b"\n2,3", final=True) == b"\n2,3"
    assert len(endless.taken) == 1


def test_a_long_row_of_quoted_values_costs_no_more_for_each_of_them() -> None:
    def cost(values: int) -> float:
        flow, row = quotes.Quotes(delimiter=",", mark=b"\0"), b"a," + b'"",' * values + b"\n"
        begun = time.process_time()
        assert flow.feed(row, final=True) == row and not flow.taken
        return time.process_time() - begun

    assert cost(200_000) < 40 * max(cost(20_000), 0.02)  # by the square it was some hundred times as much

"""Files of every make are read the same, a piece at a time, and every row knows its line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regulars.interfaces.imports.rules import read_mapping
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

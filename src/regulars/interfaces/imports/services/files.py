"""Files as chunks of columns, without holding more than a chunk: CSV of any encoding, plain or gzip, and Parquet."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from regulars.interfaces.imports.rules.convert import Chunk
from regulars.interfaces.imports.rules.quotes import Quotes
from regulars.interfaces.imports.terms import BadFile, Mapping, Reject

ROWS = 20_000
BLOCK = 1 << 22
_SNIFF = 1 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_UNREADABLE = "\ufffd".encode()
Seen = Callable[[int], None]


def digest(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex.

    Raises: BadFile when it cannot be read.
    """
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                found.update(block)
    except OSError as no:
        raise BadFile(errors=[("file", f"cannot be read: {no.strerror}")]) from no
    return found.hexdigest()


def encoding_of(path: Path, said: str) -> str:
    """The encoding of a text file: by its byte-order mark, else what was said, else UTF-8 if it is, else GB18030."""
    with _bytes(path) as file:
        head = file.read(_SNIFF)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if said != "auto":
        return said
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _bytes(path: Path) -> IO[bytes]:
    try:
        file = path.open("rb")
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
    except OSError as no:
        raise BadFile(errors=[("file", f"cannot be read: {no.strerror}")]) from no
    return gzip.GzipFile(fileobj=file) if packed else file  # type: ignore[return-value]


class _Utf8(io.RawIOBase):
    """Any text file as UTF-8 bytes; what cannot be read or kept becomes U+FFFD, for which rows are rejected later."""

    def __init__(self, raw: IO[bytes], encoding: str) -> None:
        super().__init__()
        self.raw, self.ready = raw, b""
        self.decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self.quotes: Quotes | None = None

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes (all when negative); none only at the end."""
        while not self.ready or size < 0:
            block = self.raw.read(BLOCK)
            text = self.decoder.decode(block, final=not block).encode().replace(b"\0", _UNREADABLE)
            self.ready += text if self.quotes is None else self.quotes.feed(text, final=not block)
            if not block:
                break
        size = len(self.ready) if size < 0 else size
        out, self.ready = self.ready[:size], self.ready[size:]
        return out

    def first_line(self) -> str:
        """The text up to the first line break, which is used up."""
        block = self.read(BLOCK)
        line, _, rest = block.partition(b"\n")
        self.ready = rest + self.ready
        return line.decode().rstrip("\r").removeprefix("\ufeff")

    def watch(self, quotes: Quotes) -> None:
        """From here on a row with an unclosed quote comes as its mark."""
        self.quotes = quotes
        self.ready = quotes.feed(self.ready, final=False)


def _kept(column: pa.Array) -> pa.Array:
    """A column of Parquet without what no database keeps in a text."""
    if pa.types.is_string(column.type) and pc.any(pc.match_substring(column, "\0")).as_py():
        return pc.replace_substring(column, "\0", "\ufffd")
    return column


def _blank(batch: pa.RecordBatch) -> pa.Array | None:
    """Which rows are empty lines, if any."""
    blank = pc.equal(batch.column(0), "")
    if not pc.any(blank).as_py():
        return None
    for column in batch.columns[1:]:
        blank = pc.and_(blank, pc.equal(column, ""))
    return blank


def _breaks(batch: pa.RecordBatch) -> dict[int, int]:
    """Rows of a batch whose values hold line breaks, and how many."""
    found: dict[int, int] = {}
    for column in batch.columns:
        counts = pc.count_substring(column, "\n")
        if pc.max(counts).as_py():
            for n, count in enumerate(counts.to_pylist()):
                if count:
                    found[n] = found.get(n, 0) + count
    return found


class Source:
    """A file read once, in order. `bad` gathers rows that are none, with their text; `seen(n)` is told progress."""

    def __init__(self, path: Path, mapping: Mapping, seen: Seen | None = None) -> None:
        self.path, self.mapping, self.seen = path, mapping, seen or (lambda _: None)
        self.bad: list[tuple[Reject, str]] = []
        self.header: list[str] = []
        self._skipped: deque[tuple[int, str, int | None]] = deque()
        self._quotes = Quotes(delimiter=",", mark=b"\0")

    def chunks(self) -> Iterator[Chunk]:
        """The rows of the file in order.

        Raises: BadFile when it is no such file at all.
        """
        return self._parquet() if self.mapping.format == "parquet" else self._csv()

    def _wanted(self, header: list[str]) -> list[str]:
        wanted = wanted_columns(self.mapping)
        missing = [name for name in wanted if name not in header]
        if missing:
            raise BadFile(
                errors=[
                    ("columns", f"the file has no column {name!r}; it has {', '.join(header)}") for name in missing
                ]
            )
        return wanted

    def _csv(self) -> Iterator[Chunk]:
        wanted = wanted_columns(self.mapping)
        for lines, batch in self.records():
            blank = _blank(batch)
            if blank is not None:
                lines, batch = lines.filter(pc.invert(blank)), batch.filter(pc.invert(blank))
            yield Chunk(lines=lines, columns={name: batch.column(name) for name in wanted})

    def records(self) -> Iterator[tuple[pa.Array, pa.RecordBatch]]:
        """The rows of a CSV as (their first lines in the file, all columns as text); broken rows go to `bad`.

        Raises: BadFile when it is empty, breaks off, or has no proper header.
        """
        with _bytes(self.path) as packed:
            try:
                text = _Utf8(packed, encoding_of(self.path, self.mapping.encoding))
                header = self._header(text)
                self._quotes = Quotes(delimiter=self.mapping.delimiter, mark=_mark(header, self.mapping.delimiter))
                text.watch(self._quotes)
                reader = pcsv.open_csv(
                    pa.PythonFile(text, mode="r"),
                    read_options=pcsv.ReadOptions(use_threads=False, block_size=BLOCK, column_names=header),
                    parse_options=pcsv.ParseOptions(
                        delimiter=self.mapping.delimiter,
                        newlines_in_values=True,
                        ignore_empty_lines=False,
                        invalid_row_handler=self._broken,
                    ),
                    convert_options=pcsv.ConvertOptions(column_types=dict.fromkeys(header, pa.string())),
                )
                yield from self._numbered(reader, packed)
            except (OSError, EOFError, zlib.error) as no:
                raise BadFile(errors=[("file", f"breaks off or is no gzip file: {no}")]) from no
            except pa.ArrowInvalid as no:
                if "Empty CSV file" not in str(no):
                    raise BadFile(errors=[("file", f"is no CSV file: {no}")]) from no

    def _header(self, text: _Utf8) -> list[str]:
        line = text.first_line()
        try:
            header = next(csv.reader([line], delimiter=self.mapping.delimiter, strict=True), None)
        except csv.Error as no:
            raise BadFile(errors=[("file", f"line 1, with the names of the columns: a quote is wrong: {no}")]) from no
        if not header:
            raise BadFile(errors=[("file", "has no header line")])
        twice = sorted({name for name in header if header.count(name) > 1})
        if twice:
            raise BadFile(errors=[("columns", f"the file has the column {name!r} twice") for name in twice])
        self._wanted(header)
        self.header = header
        return header

    def _broken(self, row: Any) -> str:
        is_mark = row.text.startswith("\0")  # no other text has it
        text, breaks = self._quotes.taken.popleft() if is_mark else (row.text, None)
        self._skipped.append((row.number, text, breaks))
        return "skip"

    def _numbered(self, reader: Any, packed: Any) -> Iterator[tuple[pa.Array, pa.RecordBatch]]:
        """Give each row its line: rows before it, broken rows before it, and line breaks inside values before it."""
        place = packed.fileobj if isinstance(packed, gzip.GzipFile) else packed
        row, extra = 1, 0  # of the next row: its number after the header, and lines it is pushed down by breaks
        for batch in reader:
            breaks = _breaks(batch)
            if not breaks and not (self._skipped and self._skipped[0][0] < row + batch.num_rows):
                lines = pa.array(range(row + 1 + extra, row + 1 + extra + batch.num_rows), pa.int64())
                row += batch.num_rows
            else:
                found = []
                for n in range(batch.num_rows):
                    row, extra = self._past_skipped(row, extra)
                    found.append(row + 1 + extra)
                    row, extra = row + 1, extra + breaks.get(n, 0)
                lines = pa.array(found, pa.int64())
            self.seen(place.tell())
            yield lines, batch
        self._past_skipped(row, extra)

    def _past_skipped(self, row: int, extra: int) -> tuple[int, int]:
        while self._skipped and self._skipped[0][0] <= row:
            number, text, breaks = self._skipped.popleft()
            if breaks is not None:
                self.bad.append((Reject(line=number + 1 + extra + breaks, reason="unclosed_quote"), text))
            elif text.strip():
                self.bad.append((Reject(line=number + 1 + extra, reason="wrong_number_of_columns"), text))
            row, extra = row + 1, extra + text.strip("\r\n").count("\n")
        return row, extra

    def rows(self) -> Iterator[tuple[pa.Array, pa.RecordBatch]]:
        """The rows with all their columns, whatever the format; the first look tells `header`."""
        return self._row_groups(None) if self.mapping.format == "parquet" else self.records()

    def _parquet(self) -> Iterator[Chunk]:
        for lines, batch in self._row_groups(wanted_columns(self.mapping)):
            columns = (_kept(column) for column in batch.columns)
            yield Chunk(lines=lines, columns=dict(zip(batch.schema.names, columns, strict=True)))

    def _row_groups(self, columns: list[str] | None) -> Iterator[tuple[pa.Array, pa.RecordBatch]]:
        file = _parquet_file(self.path)
        self.header, line = list(file.schema_arrow.names), 1
        self._wanted(self.header)
        for batch in file.iter_batches(batch_size=ROWS, columns=columns, use_threads=False):
            yield pa.array(range(line, line + batch.num_rows), pa.int64()), batch
            line += batch.num_rows
            self.seen(line - 1)


def _mark(header: list[str], delimiter: str) -> bytes:
    """A row that no file has, with another number of columns than this one."""
    return b"\0" if len(header) > 1 else f"\0{delimiter}\0".encode()


def wanted_columns(mapping: Mapping) -> list[str]:
    """The file's columns that a mapping reads, each once."""
    names = [name for theirs in mapping.columns.values() for name in theirs]
    names += mapping.attributes.values()
    tests = [drop.when for drop in mapping.drop] + [t for t in (mapping.adjustments, mapping.returns.when) if t]
    names += [test.column for test in tests]
    names += [name for name in (mapping.returns.refund, mapping.returns.order) if name]
    return list(dict.fromkeys(names))


def size_of(path: Path, mapping: Mapping) -> int:
    """How much there is to read: rows of a Parquet file, bytes of any other."""
    if mapping.format == "parquet":
        return int(_parquet_file(path).metadata.num_rows)
    return path.stat().st_size


def _parquet_file(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as no:
        raise BadFile(errors=[("file", f"is no Parquet file: {no}")]) from no

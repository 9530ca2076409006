"""`regulars export`: the views that contexts publish, as Parquet or CSV."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import orjson
import psycopg
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet
from django.db import connection
from psycopg import sql
from rich.progress import Progress, SpinnerColumn, TextColumn

from regulars.cli.common import answer, as_json, chosen_programs
from regulars.kernel.errors import NotFound

BATCH = 20_000
_TYPES: dict[str, pa.DataType] = {
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "bool": pa.bool_(),
    "float8": pa.float64(),
    "date": pa.date32(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "_int8": pa.list_(pa.int64()),
    "_text": pa.list_(pa.string()),
}


@click.command("export")
@click.argument("table")
@click.option("--to", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="A folder.")
@click.option("--format", "form", type=click.Choice(["parquet", "csv"]), default="parquet", show_default=True)
@click.option("--program", "key", help="Only the program with this key.")
@as_json
def command(table: str, folder: Path, form: str, key: str | None, as_json: bool) -> None:
    """Write the published view TABLE, or `all` of them, to a folder: one file each, read at one instant.

    Names and phones are never in them: published views hold ids.
    """
    program_id = chosen_programs(key)[0].id if key else None
    there = published()
    if table != "all" and table not in there:
        raise NotFound(f"There is no published view {table}. There are: {', '.join(there) or 'none yet'}.")
    folder.mkdir(parents=True, exist_ok=True)
    done = {}
    with (
        Progress(SpinnerColumn(), TextColumn("{task.description}"), disable=as_json, transient=True) as bar,
        _one_instant(),
    ):
        task = bar.add_task("")
        for name in there if table == "all" else [table]:
            told = _teller(bar, task, name)
            done[name] = write(name, folder / f"{name}.{form}", form=form, program_id=program_id, told=told)
    answer(done, as_json=as_json, text=lambda d: [f"{n:>12,} rows  {v}" for v, n in d.items()])


def _teller(bar: Progress, task: Any, name: str) -> Callable[[int], None]:
    return lambda rows: bar.update(task, description=f"{name}: {rows:,} rows")


@contextmanager
def _one_instant() -> Iterator[None]:
    """All views of one export are read at the same instant."""
    with connection.cursor() as cursor:
        cursor.execute("begin isolation level repeatable read, read only")
        try:
            yield
        finally:
            cursor.execute("rollback")


def published() -> list[str]:
    """The views that contexts publish for bulk reading."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_name from information_schema.views where table_schema = current_schema()"
            " and table_name like '%\\_facts' order by 1"
        )
        return [name for (name,) in cursor.fetchall()]


def write(name: str, path: Path, *, form: str, program_id: int | None, told: Callable[[int], None]) -> int:
    """Stream one view to a file, which appears whole or not at all; answers how many rows."""
    part = path.with_suffix(path.suffix + ".part")
    batches = _batches(name, program_id)
    first = next(batches)
    opens = parquet.ParquetWriter if form == "parquet" else arrow_csv.CSVWriter
    shown = first if form == "parquet" else _flat(first)
    rows: int = 0
    with opens(str(part), shown.schema) as out:
        while True:
            out.write_table(shown) if form == "parquet" else out.write(shown)
            rows += int(shown.num_rows)
            told(rows)
            following = next(batches, None)
            if following is None:
                break
            shown = following if form == "parquet" else _flat(following)
    part.replace(path)
    return rows


def _flat(table: pa.Table) -> pa.Table:
    """CSV has no lists: they become JSON text."""
    for n, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            texts = [None if v is None else orjson.dumps(v).decode() for v in table.column(n).to_pylist()]
            table = table.set_column(n, field.name, pa.array(texts, pa.string()))
    return table


def _batches(name: str, program_id: int | None) -> Iterator[pa.Table]:
    """The view in tables of 20,000 rows; at least one, so that an empty view is a file with columns."""
    query = sql.SQL("select * from {}").format(sql.Identifier(name))
    if program_id is not None:
        query += sql.SQL(" where program_id = {}").format(sql.Literal(program_id))
    with psycopg.ServerCursor(connection.connection, "regulars_export") as cursor:
        cursor.itersize = BATCH
        cursor.execute(query)
        schema = pa.schema([(column.name, _arrow(column.type_code)) for column in cursor.description or []])
        is_first = True
        while (rows := cursor.fetchmany(BATCH)) or is_first:
            is_first = False
            columns = zip(*rows, strict=True) if rows else [()] * len(schema)
            arrays = [pa.array([_plain(v, f.type) for v in c], f.type) for c, f in zip(columns, schema, strict=True)]
            yield pa.Table.from_arrays(arrays, schema=schema)


def _arrow(oid: int) -> pa.DataType:
    known = psycopg.adapters.types.get(oid)
    if known is None:
        return pa.string()
    return _TYPES.get(f"_{known.name}" if oid == known.array_oid else known.name, pa.string())


def _plain(value: Any, kind: pa.DataType) -> Any:
    if value is None or not pa.types.is_string(kind) or isinstance(value, str):
        return value
    if isinstance(value, uuid.UUID | Decimal):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return orjson.dumps(value, default=str).decode()

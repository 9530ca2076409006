"""What an export promises: whole files, of one instant, with the types they had."""

import json
from datetime import UTC, date, datetime

import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet
import pytest
from click.testing import CliRunner
from django.db import connection

from regulars import cli
from regulars.cli import export
from regulars.kernel.errors import NotFound

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def view():
    with connection.cursor() as cursor:
        cursor.execute(
            "create view odd_facts as select n::bigint as n, 1::smallint as small, true as yes, 1.50::numeric as price,"
            " 'a,\"b\"'::text as words, '{\"x\": [1]}'::jsonb as body, array[1, 2]::bigint[] as list,"
            " '00000000-0000-0000-0000-000000000001'::uuid as id, '\\xff'::bytea as raw, null::text as nothing,"
            " date '2026-02-28' as day, timestamptz '2026-02-28 23:30+08' as at from generate_series(1, 25) n"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute("drop view odd_facts")


def run(*words):
    return CliRunner().invoke(cli.regulars, ["export", *words])


@pytest.mark.parametrize("batch", [7, 25, 1000])
def test_parquet_keeps_every_row_and_type(view, tmp_path, monkeypatch, batch):
    monkeypatch.setattr(export, "BATCH", batch)
    done = run("odd_facts", "--to", str(tmp_path), "--json")
    assert json.loads(done.stdout) == {"odd_facts": 25}
    table = parquet.read_table(tmp_path / "odd_facts.parquet")
    assert sorted(table.column("n").to_pylist()) == list(range(1, 26))
    assert table.slice(0, 1).drop_columns(["n"]).to_pylist() == [
        {
            "small": 1,
            "yes": True,
            "price": "1.50",
            "words": 'a,"b"',
            "body": '{"x": [1]}',
            "list": [1, 2],
            "id": "00000000-0000-0000-0000-000000000001",
            "raw": "ff",
            "nothing": None,
            "day": date(2026, 2, 28),
            "at": datetime(2026, 2, 28, 15, 30, tzinfo=UTC),
        }
    ]
    assert [p.name for p in tmp_path.iterdir()] == ["odd_facts.parquet"]


def test_csv_can_be_read_back(view, tmp_path):
    run("odd_facts", "--to", str(tmp_path), "--format", "csv")
    table = arrow_csv.read_csv(tmp_path / "odd_facts.csv")
    assert table.num_rows == 25
    assert table.column("words")[0].as_py() == 'a,"b"'
    assert table.column("list")[0].as_py() == "[1,2]"


def test_all_writes_each_published_view_even_an_empty_one(tmp_path):
    done = json.loads(run("all", "--to", str(tmp_path), "--json").stdout)
    assert {f"{name}.parquet" for name in done} == {p.name for p in tmp_path.iterdir()}
    assert parquet.read_table(tmp_path / "members_facts.parquet").num_rows == done["members_facts"] == 0


def test_what_is_not_published_is_not_exported(tmp_path):
    done = run("members_member", "--to", str(tmp_path))
    assert isinstance(done.exception, NotFound)
    assert list(tmp_path.iterdir()) == []

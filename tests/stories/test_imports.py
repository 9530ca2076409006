"""A retailer brings in her history from the command line: looks first, brings it in, mends what stayed out, runs it twice."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from regulars.cli.imports import command
from regulars.value.orders import services as orders
from tests.stories.cast import a_caller, a_program

pytestmark = pytest.mark.django_db(transaction=True)

MAPPING: dict[str, Any] = {
    "source": "old-till",
    "zone": "Asia/Shanghai",
    "times": ["%Y/%m/%d %H:%M"],
    "columns": {
        "order": "小票号",
        "occurred_at": "时间",
        "sku": "货号",
        "quantity": "数量",
        "unit_price": "单价",
        "member": "会员 ",
        "store": "门店",
    },
    "constants": {"channel": "store"},
    "returns": {"negative_quantity": True},
}
HEADER = "小票号,时间,货号,数量,单价,会员 ,门店"
ROWS = [
    "1001,2025/03/01 10:00,龙井,2,88.50,王姐,bund",
    "1001,2025/03/01 10:00,茶杯,1,19.99,王姐,bund",
    "1002,2025/03/02 11:30,龙井,一包,88.50,王姐,bund",
    "1003,2025/03/03 12:00,普洱,0.355,400,,web",
    "1004,2025/03/05 09:00,龙井,-1,88.50,王姐,bund",
    "1005,2025/03/06 09:00,龙井,1,88.50,李叔,harbour",
]


def run(*words: object) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words])


@pytest.fixture
def shop(tmp_path: Path) -> tuple[int, Path, Path]:
    file, mapping = tmp_path / "sales.csv", tmp_path / "sales.yaml"
    file.write_bytes("\r\n".join([HEADER, *ROWS, ""]).encode("gb18030"))
    mapping.write_text(yaml.safe_dump(MAPPING, allow_unicode=True), "utf-8")
    return a_program(), file, mapping


def test_a_retailer_looks_brings_in_mends_and_runs_it_twice(shop: tuple[int, Path, Path]) -> None:
    program_id, file, mapping = shop
    looked = run("orders", file, "--mapping", mapping, "--dry-run", "--json")
    assert looked.exit_code == 3
    report = json.loads(looked.stdout)
    assert report["would_earn"] == {"points": 196, "growth": 196}
    assert report["first_rejects"] == [[4, "bad_number:quantity"]]
    assert report["refused"] == {"unknown_store": 1}
    assert orders.recent(program_id=program_id).items == ()

    done = run("orders", file, "--mapping", mapping, "--json")
    assert done.exit_code == 3
    job = json.loads(done.stdout)
    assert (job["state"], job["rejected"]) == ("finished", 2)
    assert job["report"]["reasons"] == {"bad_number:quantity": 1, "unknown_store": 1}
    assert (job["report"]["orders"], job["report"]["returns"]) == (2, 1)

    rejects = Path(job["rejects_file"])
    rows = list(csv.reader(rejects.open(encoding="utf-8", newline="")))
    assert [row[:2] for row in rows[1:]] == [["4", "bad_number:quantity"], ["7", "unknown_store"]]
    mended = file.with_name("mended.csv")
    with mended.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([[{"一包": "1", "harbour": "bund"}.get(c, c) for c in row[2:]] for row in rows])
    assert run("orders", mended, "--mapping", mapping).exit_code == 0

    again = run("orders", file, "--mapping", mapping)
    assert "Nothing was changed" in again.stdout
    status, answer = a_caller(program_id).get("/members/external:王姐/balances")
    assert status == 200
    points = next(b for b in answer["items"] if b["unit"] == "points")
    # 196.99 gives 196, of which the returned tin takes back its half of 176; the mended receipt gives 88
    assert points["active"] == 196 - 88 + 88


def test_a_mapping_that_cannot_be_understood_is_told_with_all_its_faults(shop: tuple[int, Path, Path]) -> None:
    _, file, mapping = shop
    mapping.write_text("columns: {order: 小票号}\nzone: Nowhere\n", "utf-8")
    done = run("orders", file, "--mapping", mapping)
    assert done.exit_code == 1
    for path in ("zone", "columns.occurred_at", "columns.amount", "columns.sku"):
        assert path in done.output
    assert run("orders", file).exit_code == 2


def test_a_file_of_another_make_is_refused_in_a_sentence(shop: tuple[int, Path, Path]) -> None:
    _, file, mapping = shop
    file.write_text("a,b\n1,2\n")
    done = run("orders", file, "--mapping", mapping)
    assert done.exit_code == 1
    assert "no column '小票号'" in done.output
    assert run("jobs", "--json").exit_code == 0
    assert json.loads(run("jobs", "--json").stdout)[0]["state"] == "failed"

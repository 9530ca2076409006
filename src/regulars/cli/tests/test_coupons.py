"""`regulars coupons` and `regulars import coupons` as people type them."""

from __future__ import annotations

import csv
import json

import pytest
from click.testing import CliRunner

from regulars.cli import coupons as cli
from regulars.kernel.errors import Invalid
from regulars.value.coupons import services as coupons
from regulars.value.coupons.terms import BatchDiffers
from regulars.value.coupons.tests import house

pytestmark = pytest.mark.django_db


def run(command, *words):
    return CliRunner().invoke(command, [str(w) for w in words])


def test_a_batch_is_made_once_by_its_key_and_written_to_a_file(tmp_path):
    shop = house.program()
    told = run(cli.command, "batch", "ten", 25, "--key", "spring", "--note", "for the fair", "--json")
    assert told.exit_code == 0, told.output
    made = json.loads(told.stdout)
    assert (made["size"], made["made"]) == (25, 25)
    again = json.loads(run(cli.command, "batch", "ten", 25, "--key", "spring", "--json").stdout)
    assert again == made
    other = run(cli.command, "batch", "ten", 26, "--key", "spring")
    assert isinstance(other.exception, BatchDiffers)
    file = tmp_path / "codes.csv"
    assert run(cli.command, "export", made["id"], file).exit_code == 0
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert sorted(row["code"] for row in rows) == sorted(house.made(shop))
    assert coupons.discrepancies() == []


def test_a_pool_is_taken_in_and_what_is_refused_is_told_with_its_reason(tmp_path):
    shop = house.program()
    (taken,) = house.batch(shop, 1)
    file = tmp_path / "pool.csv"
    file.write_text(f"code\nSPRING-ONE\nspring one\n{taken}\nAB\nSUMMER7\n")
    dry = run(cli.pool, file, "--template", "ten", "--dry-run", "--json")
    assert (dry.exit_code, house.find(shop, "SUMMER7")[0].refused) == (3, "unknown_code")
    done = run(cli.pool, file, "--template", "ten", "--key", "p1", "--json")
    assert done.exit_code == 3
    told = json.loads(done.stdout)
    assert (told["lines"], told["stored"], told["rejected"]) == (5, 2, 3)
    with (tmp_path / "pool.rejects.csv").open(newline="") as lines:
        refused = {row[1]: row[2] for row in csv.reader(lines)}
    assert refused == {
        "spring one": "stands in the file twice",
        taken: "is a code already",
        "AB": "must have 4 to 64 signs",
    }
    again = run(cli.pool, file, "--template", "ten", "--key", "p1", "--json")
    assert json.loads(again.stdout)["batch"] == told["batch"]
    assert [h.template for h in house.find(shop, "SUMMER7", "SPRINGONE")] == ["ten", "ten"]


def test_where_there_are_two_programs_one_has_to_be_named():
    house.program()
    house.program(key="other")
    said = run(cli.command, "batch", "ten", 1, "--key", "x")
    assert isinstance(said.exception, Invalid)
    assert "name one of" in str(said.exception)
    assert run(cli.command, "batch", "ten", 1, "--key", "x", "--program", "other").exit_code == 0

"""`regulars program` as people type it."""

import json

import pytest
from click.testing import CliRunner

from regulars.cli.program import command

pytestmark = pytest.mark.django_db


def run(*args, **more):
    return CliRunner().invoke(command, list(args), **more)


def test_from_a_blueprint_to_a_file_and_back(tmp_path):
    assert "No programs yet" in run("list").output
    assert "+  earn_rules.base" in run("plan", "online-retail").output
    assert run("apply", "online-retail").output == "online-retail now follows version 1.\n"
    file = tmp_path / "shop.yaml"
    assert run("export", "online-retail", "-o", str(file)).exit_code == 0
    assert "says so already" in run("apply", str(file)).output
    file.write_text(file.read_text("utf-8").replace("enter: 1000\n", "enter: 900\n"), "utf-8")
    assert "ladders.main" in run("plan", str(file)).output
    told = json.loads(run("apply", str(file), "--note", "lower", "--expect", "1", "--json").output)
    assert (told["version"], told["unchanged"]) == (2, False)
    listed = json.loads(run("versions", "online-retail", "--json").output)["versions"]
    assert [(v["number"], v["note"]) for v in listed] == [(2, "lower"), (1, "from blueprint online-retail")]
    assert "enter: 1000" in run("export", "online-retail", "--version", "1").output
    assert "version 2" in run("show", "online-retail").output


def test_every_fault_is_a_line_and_nothing_changes():
    said = run("apply", "-", input="program: {key: x}\nearn_rules: [{key: a, unit: points}]\n")
    assert said.exit_code == 1
    lines = said.stderr.splitlines()
    assert lines[0] == "program.name: is needed"
    assert any(line.startswith("earn_rules.0: must say exactly one of") for line in lines)
    assert lines[-1].endswith("nothing changed")
    assert "No programs yet" in run("list").output


def test_what_is_neither_file_nor_blueprint_is_told():
    said = run("apply", "nowhere.yaml")
    assert "is no file and no blueprint" in str(said.exception)


def test_a_document_is_checked_without_a_database_and_has_a_schema(tmp_path):
    assert json.loads(run("schema").output)["title"] == "Program document"
    assert run("validate", "online-retail").output == "blueprint online-retail is sound.\n"
    said = run("validate", "-", input="units: [{key: A B}]\n")
    assert said.exit_code == 1
    assert "units.0.key" in said.stderr


def test_a_version_is_compared_gone_back_to_scheduled_and_counted(tmp_path):
    run("apply", "online-retail")
    file = tmp_path / "shop.yaml"
    run("export", "online-retail", "-o", str(file))
    text = file.read_text("utf-8")
    file.write_text(
        text.replace("name: Web shop", "name: Shop on the web").replace("per: 1.00", "per: 2.00"), "utf-8"
    )
    plan = run("plan", str(file), "--cost")
    assert "! it gives less" in plan.output
    assert "No orders of last year" in plan.output
    assert json.loads(run("plan", str(file), "--json").output)["changes"]
    run("apply", str(file))
    assert "rate.per: 1.00 → 2.00" in run("diff", "online-retail", "2").output
    assert "now follows version 3" in run("rollback", "online-retail", "1", "--reason", "a slip").output
    waiting = json.loads(run("apply", str(file), "--at", "2099-01-31T09:00", "--json").output)
    assert waiting["told"]
    assert waiting["schedule"] in run("schedules", "online-retail").output
    assert "was withdrawn" in run("withdraw", "online-retail", waiting["schedule"]).output
    drift = run("drift", "online-retail")
    assert (drift.exit_code, "says what the version in force says" in drift.output) == (0, True)

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

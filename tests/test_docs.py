"""The documentation says what is there: the made pages are fresh, commands exist, languages keep step."""

from __future__ import annotations

import importlib.util
import itertools
import re
from pathlib import Path
from typing import Any

import click
import pytest

from regulars.cli import regulars

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "README.zh-Hans.md"])
LATER = {"benchmarks.md"}  # made by `regulars bench`
_COMMAND = re.compile(r"(?:^|[\s$/(])regulars +([^#&|;]*)")
_WORD = re.compile(r"[a-z][a-z-]*")


def reference() -> Any:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def told_commands(text: str) -> list[tuple[list[str], list[str]]]:
    """Commands of the command line in code: the words and the options that follow `regulars`."""
    code = re.findall(r"`([^`\n]+)`", text)
    code += [line for line in text.splitlines() if line.startswith(("    ", "$ "))]
    found = [m for piece in code for m in _COMMAND.finditer(" " + piece.split("#")[0])]
    lines = [m.group(1).split() for m in found]
    words = [list(itertools.takewhile(_WORD.fullmatch, line)) for line in lines]
    return [(w, re.findall(r"--[a-z][a-z-]*", " ".join(line))) for w, line in zip(words, lines, strict=True) if w]


def unknown(words: list[str], options: list[str]) -> str:
    """What of a told command does not exist; empty when all does."""
    command: click.Command = regulars
    context = click.Context(command, info_name="regulars")
    for word in words:
        if not isinstance(command, click.Group):
            break
        found = command.get_command(context, word)
        if found is None:
            return f"regulars {' '.join(words)}: no `{word}`"
        command, context = found, click.Context(found, info_name=word, parent=context)
    known = {o for p in command.get_params(context) for o in p.opts} | {"--version"}
    return f"regulars {' '.join(words)}: no {set(options) - known}" if set(options) - known else ""


def test_the_made_reference_is_fresh():
    stale = [p.name for p, text in reference().pages().items() if not p.exists() or p.read_text() != text]
    assert stale == [], "make them again: .venv/bin/python scripts/reference.py (or make docs)"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_in_a_page_exists(page):
    assert [said for words, options in told_commands(page.read_text()) if (said := unknown(words, options))] == []


def test_a_command_that_is_not_there_is_found():
    assert unknown(["program", "frobnicate"], []) == "regulars program frobnicate: no `frobnicate`"
    assert unknown(["program", "plan"], ["--now"]) == "regulars program plan: no {'--now'}"
    assert told_commands("    $ regulars program plan x.yaml --json") == [(["program", "plan"], ["--json"])]


def test_every_page_of_the_menu_is_there():
    named = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text().partition("\nnav:")[2]))
    assert {name for name in named if not (DOCS / name).exists()} <= LATER
    assert {str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md") if "decisions/0" not in str(p)} <= named | LATER


def test_every_how_to_speaks_both_languages():
    assert {p.name for p in (DOCS / "how-to").glob("*.md")} == {p.name for p in (DOCS / "zh/how-to").glob("*.md")}


def test_every_decision_is_listed_once():
    listed = re.findall(r"\((\d{4}-[\w-]+\.md)\)", (DOCS / "decisions" / "index.md").read_text())
    assert listed == sorted(p.name for p in (DOCS / "decisions").glob("0*.md"))

"""What every command shares: the house set up, programs by key, answers for people and for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

import click
import django
import orjson
from django.apps import apps

as_json = click.option("--json", "as_json", is_flag=True, help="Answer as JSON, for programs.")


def open_house() -> None:
    """Read the settings and load every context. Bad settings are told and end the program with status 2."""
    if not apps.ready:
        django.setup(set_prefix=False)


def service(dotted: str) -> Any:
    """A module of the house, imported once it is open (`people.programs.services`)."""
    open_house()
    return import_module(f"regulars.{dotted}")


def chosen_programs(key: str | None) -> list[Any]:
    """The program with a key, or all of them.

    Raises: NotFound for an unknown key.
    """
    programs = service("people.programs.services")
    return [programs.get(key=key)] if key else programs.all_programs()


def answer(value: Any, *, as_json: bool, text: Callable[[Any], Iterable[str]]) -> None:
    """Print a result: one JSON document, or the lines that `text` makes of it."""
    if as_json:
        sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode() + "\n")
        return
    for line in text(value):
        click.echo(line)

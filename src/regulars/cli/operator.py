"""`regulars operator`."""

from __future__ import annotations

import os

import click

from regulars.cli.common import answer, as_json
from regulars.people.staff import services as staff


@click.command("operator")
@click.argument("email")
@click.option("--name", default="", help="What to call her.")
@click.option("--locale", default="en", show_default=True, type=click.Choice(["en", "zh-hans"]))
@as_json
def command(email: str, name: str, locale: str, as_json: bool) -> None:
    """Make the first person who may log in: she runs the installation and gives others their grants.

    The password is asked for, or taken from REGULARS_OPERATOR_PASSWORD; it is never an argument, which others could
    see. In production she sets up a second factor at her first log-in.
    """
    password = os.environ.get("REGULARS_OPERATOR_PASSWORD") or click.prompt(
        "Password", hide_input=True, confirmation_prompt=True
    )
    person = staff.add_person(
        email=email, name=name, locale=locale, password=password, operator=True, actor="system:cli"
    )
    answer({"id": person.id, "email": person.email}, as_json=as_json, text=lambda a: [f"{a['email']} can log in."])

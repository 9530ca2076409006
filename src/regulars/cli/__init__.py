"""The command line: `regulars --help`. Each command is a module of this folder, imported when it is asked for."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec

import click

from regulars import __version__
from regulars.cli import common
from regulars.kernel.errors import Refusal

# name -> (module with `command`, what it does). A module that is not there is not offered.
COMMANDS = {
    "demo": ("demo", "Everything on this machine: database, a town of members, server and worker."),
    "serve": ("serve", "Serve the API and the console."),
    "worker": ("worker", "Deliver news, work the nights, run long jobs."),
    "migrate": ("migrate", "Bring the database to this version."),
    "doctor": ("doctor", "Check settings, database, clock, keys and mail; say what production still lacks."),
    "operator": ("operator", "Make the first person who may log in to the console."),
    "key": ("key", "Make, list and revoke keys of the API."),
    "import": ("imports", "Take in members, balances and orders from files."),
    "export": ("export", "Write tables to Parquet or CSV."),
    "program": ("program", "Show, apply and export the document that is a program."),
    "coupons": ("coupons", "Make batches of coupon codes, and write them to files."),
    "catch-up": ("catch_up", "Work the nights that an import or a stopped worker has left out, in order."),
    "verify": ("verify", "Prove the ledger and every context's promises."),
    "verify-statement": ("verify_statement", "Check a member's statement: its signature, its sums, the books."),
    "bench": ("bench", "Measure this machine, as ratios to references of the same run."),
}
# these look at the environment before the house is opened
OPENS_LATER = {"demo", "doctor", "bench", "verify_statement"}


class Commands(click.Group):
    """Finds a command by the table above; help needs none of the modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, (module, _) in COMMANDS.items() if find_spec(f"regulars.cli.{module}")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module, _ = COMMANDS.get(cmd_name, ("", ""))
        if not module or not find_spec(f"regulars.cli.{module}"):
            return None
        if module not in OPENS_LATER:
            common.open_house()  # so that commands may import what they use at their top
        command: click.Command = import_module(f"regulars.cli.{module}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="regulars")
def regulars() -> None:
    """Regulars: membership and loyalty for retailers, on PostgreSQL.

    Settings come from the environment; `regulars doctor` explains each. Without DATABASE_URL an embedded
    PostgreSQL is used. Exit status: 0 done, 1 refused or found wanting, 2 bad usage or bad settings.
    """


def main() -> None:
    """Run the command line; a refusal is one line, `code: detail`, and status 1."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.settings")
    try:
        regulars(prog_name="regulars")
    except Refusal as no:
        sys.stderr.write(f"{no.code}: {no.detail}\n")
        sys.exit(1)

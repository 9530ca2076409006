"""`regulars migrate`."""

from __future__ import annotations

import click
from django.core.management import call_command
from django.db import connection

_LOCK = 7_263_001  # any number, the same for all: one migration at a time over all machines


@click.command("migrate")
@click.option("--check", is_flag=True, help="Only say whether migrations wait: status 1 if so.")
@click.option("--quiet", is_flag=True, help="Say nothing when all goes well.")
def command(check: bool, quiet: bool) -> None:
    """Bring the database to this version. Two at once do no harm: the second waits, and finds nothing to do."""
    run(check=check, verbosity=0 if quiet else 1)


def run(*, check: bool = False, verbosity: int = 1) -> None:
    """Migrate under an advisory lock. Waiting for locks of tills is not cut short here."""
    with connection.cursor() as cursor:
        cursor.execute("set lock_timeout = 0")
        cursor.execute("select pg_advisory_lock(%s)", [_LOCK])
        try:
            call_command("migrate", interactive=False, verbosity=verbosity, check_unapplied=check)
        finally:
            cursor.execute("select pg_advisory_unlock(%s)", [_LOCK])
            cursor.execute("reset lock_timeout")

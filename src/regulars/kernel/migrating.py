"""Loading the stored functions of a context's sql/ folder in its migrations."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations


def load(migration: str, *names: str) -> list[migrations.RunSQL]:
    """Operations that create or replace what the files of `sql/` hold.

    Bodies are not checked when they are created: a file speaks of the tables as the latest migration leaves them, and
    an earlier migration loads the same file on a new database.

    Args: migration: the migration's `__file__`. names: files, by their path from `sql/`.
    """
    folder = Path(migration).parent.parent / "sql"
    return [
        migrations.RunSQL("set local check_function_bodies = off", migrations.RunSQL.noop),
        *(migrations.RunSQL((folder / name).read_text("utf-8"), migrations.RunSQL.noop) for name in names),
    ]

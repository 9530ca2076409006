"""The function that counts the overview's figures."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("console", "0001_initial"),
        ("members", "0002_functions"),
        ("ledger", "0002_functions"),
        ("orders", "0005_facts"),
    ]
    operations = [
        migrations.RunSQL(
            (SQL / "count.sql").read_text("utf-8"),
            "drop function if exists console_count_figures(int, text, timestamptz)",
        )
    ]

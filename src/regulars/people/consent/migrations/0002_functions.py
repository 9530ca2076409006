"""Triggers that keep evidence, and the published view."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [("consent", "0001_initial"), ("members", "0002_functions")]
    operations = [
        migrations.RunSQL(
            (HERE / "sql" / "functions.sql").read_text(), "drop function consent_is_append_only() cascade"
        ),
        migrations.RunSQL((HERE / "facts.sql").read_text(), "drop view consent_facts"),
    ]

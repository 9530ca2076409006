"""The published view."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial"), ("members", "0002_functions")]
    operations = [migrations.RunSQL((HERE / "facts.sql").read_text(), "drop view events_facts")]

"""The published view of care."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [("care", "0001_initial")]
    operations = [migrations.RunSQL((HERE / "facts.sql").read_text(), "drop view care_assignment_facts")]

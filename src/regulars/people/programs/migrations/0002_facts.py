"""The views that programs publish."""

from pathlib import Path

from django.db import migrations

FACTS = Path(__file__).parent.parent / "facts.sql"


class Migration(migrations.Migration):
    dependencies = [("programs", "0001_initial")]
    operations = [migrations.RunSQL(FACTS.read_text(), reverse_sql="drop view programs_facts")]

"""The proofs of the catalog."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_functions")]
    operations = [
        migrations.RunSQL((SQL / "proving.sql").read_text(), "drop function catalog_discrepancies"),
    ]

"""The proofs know what returns of decided orders settle."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("orders", "0008_settling")]
    operations = [migrations.RunSQL((SQL / "proving.sql").read_text())]

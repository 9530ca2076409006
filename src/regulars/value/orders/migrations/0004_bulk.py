"""The stored functions of bulk import."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_functions")]
    operations = [migrations.RunSQL((SQL / "bulk.sql").read_text())]

"""What a basket at the till reserves and uses of an account."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_functions")]
    operations = [migrations.RunSQL((SQL / "reserving.sql").read_text())]

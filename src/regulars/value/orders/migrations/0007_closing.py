"""A basket that was decided here becomes an order."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("orders", "0006_sessions"), ("ledger", "0003_reserving")]
    operations = [migrations.RunSQL((SQL / "closing.sql").read_text())]

"""What the ledger publishes of holds."""

from pathlib import Path

from django.db import migrations

FILE = Path(__file__).parent.parent / "hold_facts.sql"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_reserving")]
    operations = [migrations.RunSQL(FILE.read_text(), "drop view ledger_hold_facts")]

"""The stored functions of checkout."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"
FILES = ("context", "writing", "proving")


class Migration(migrations.Migration):
    dependencies = [
        ("checkout", "0001_initial"),
        ("kernel", "0001_initial"),
        ("orders", "0007_closing"),
        ("orders", "0005_facts"),
        ("ledger", "0004_hold_facts"),
    ]
    operations = [migrations.RunSQL((SQL / f"{name}.sql").read_text()) for name in FILES]

"""The stored functions of orders."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"
FILES = ("context", "commit", "returning", "claiming", "proving", "timeline")


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_constraints"), ("kernel", "0001_initial"), ("programs", "0002_facts"), ("members", "0002_functions"), ("ledger", "0002_functions")]
    operations = [migrations.RunSQL((SQL / f"{name}.sql").read_text()) for name in FILES]

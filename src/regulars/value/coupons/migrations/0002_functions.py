"""The stored functions of coupons, its guards and its numbers."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"
FILES = ("guards", "context", "using", "holding", "nights", "merging", "proving")


class Migration(migrations.Migration):
    dependencies = [("coupons", "0001_initial"), ("kernel", "0001_initial"), ("programs", "0002_facts")]
    operations = [migrations.RunSQL((SQL / f"{name}.sql").read_text("utf-8")) for name in FILES]

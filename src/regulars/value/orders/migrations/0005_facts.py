"""The view that orders publish for bulk reading."""

from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0004_bulk")]
    operations = [
        migrations.RunSQL(
            (Path(__file__).parent.parent / "facts.sql").read_text("utf-8"), "drop view if exists orders_facts"
        )
    ]

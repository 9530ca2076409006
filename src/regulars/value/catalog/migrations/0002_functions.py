"""The stored functions of the catalog."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"
UNDO = "drop function catalog_take; drop function catalog_give_back"


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial"), ("programs", "0002_facts")]
    operations = [
        migrations.RunSQL((SQL / "goods.sql").read_text(), "drop function catalog_goods"),
        migrations.RunSQL((SQL / "stock.sql").read_text(), UNDO),
    ]

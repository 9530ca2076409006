from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("promotions", "0001_initial")]
    operations = [
        migrations.RunSQL((SQL / "guards.sql").read_text(), "drop function promotions_refuse_change cascade"),
    ]

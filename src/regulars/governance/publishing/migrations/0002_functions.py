from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("publishing", "0001_initial")]
    operations = [
        migrations.RunSQL((SQL / "guards.sql").read_text(), "drop function publishing_refuse_change cascade"),
    ]

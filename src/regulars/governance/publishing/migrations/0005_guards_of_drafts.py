from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("publishing", "0004_schedules_and_drafts")]
    operations = [
        migrations.RunSQL(
            (SQL / "guards_drafts.sql").read_text("utf-8"), "drop function publishing_keep_schedule cascade"
        ),
    ]

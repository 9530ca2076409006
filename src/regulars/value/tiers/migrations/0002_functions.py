from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("tiers", "0001_initial"), ("ledger", "0002_functions"), ("kernel", "0001_initial")]
    operations = [
        migrations.RunSQL((SQL / "guards.sql").read_text(), "drop function tiers_refuse_change cascade"),
        migrations.RunSQL(
            (SQL / "review.sql").read_text(),
            "drop function tiers_standing_of; drop function tiers_review; drop function tiers_movers;"
            " drop view tiers_measure_facts",
        ),
    ]

"""The functions that take from limits and budgets, the guards of published promotions, and the published view."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parents[1]


class Migration(migrations.Migration):
    dependencies = [("promotions", "0004_promotions")]
    operations = [
        migrations.RunSQL((HERE / "sql" / "promotions_guards.sql").read_text("utf-8"), migrations.RunSQL.noop),
        migrations.RunSQL((HERE / "sql" / "usage.sql").read_text("utf-8"), migrations.RunSQL.noop),
        migrations.RunSQL((HERE / "facts.sql").read_text("utf-8"), "drop view if exists promotions_usage_facts"),
    ]

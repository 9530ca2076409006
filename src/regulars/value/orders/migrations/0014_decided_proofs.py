"""What orders that were decided here promise of themselves is proved."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("orders", "0013_line_guard"), ("coupons", "0003_facts")]
    operations = [
        migrations.RunSQL(migrations.RunSQL.noop, "drop view if exists orders_taken_facts"),
        *load(__file__, "taken_facts.sql", "proving_decided.sql"),
    ]

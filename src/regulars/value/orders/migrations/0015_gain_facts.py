"""What rules were worth to members, order by order: for statements of floors above."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("orders", "0014_decided_proofs")]
    operations = [
        *load(__file__, "../gain_facts.sql"),
        migrations.RunSQL(migrations.RunSQL.noop, "drop view if exists orders_gain_facts"),
    ]

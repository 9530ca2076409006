"""History comes in packed, and its returns are taken back together."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("orders", "0018_packed_lines")]
    operations = [
        *load(__file__, "bulk.sql"),
        migrations.RunSQL("drop function if exists orders_lines_back", migrations.RunSQL.noop),
    ]

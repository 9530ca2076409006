"""Whoever sells asks the ledger for its one way of selling; a basket that closes keeps its lines packed, as other orders do."""

from django.db import migrations

from regulars.kernel.migrating import load

_BEFORE = "drop function orders_close"  # its lines come as json now, not as jsonb
_NOBODY_CALLS = """
drop function if exists ledger_earn_usual(uuid, int, bigint, text, text, text, text, int, timestamptz, timestamptz, text,
  bytea, bigint[], timestamptz[], jsonb)
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0021_short_way_first"), ("ledger", "0011_selling")]
    operations = [
        migrations.RunSQL(_BEFORE, migrations.RunSQL.noop),
        *load(__file__, "packing.sql", "bulk.sql", "closing.sql", "commit.sql"),
        migrations.RunSQL(_NOBODY_CALLS, migrations.RunSQL.noop),
    ]

"""Baskets know the member's benefits and plans where a condition names them, and tenders reserve uses."""

from django.db import migrations

from regulars.kernel.migrating import load

_BEFORE = (
    "drop function if exists checkout_context(int, text, uuid, boolean, bigint, text, text, text[], text, text[],"
    " text[], bigint[], text[], timestamptz, timestamptz)"
)


class Migration(migrations.Migration):
    dependencies = [
        ("checkout", "0003_usage_proofs"),
        ("benefits", "0002_functions"),
        ("orders", "0017_benefits"),
    ]
    operations = [  # what it answers is wider: it cannot be replaced
        migrations.RunSQL(_BEFORE, migrations.RunSQL.noop),
        *load(__file__, "context.sql", "writing.sql"),
    ]

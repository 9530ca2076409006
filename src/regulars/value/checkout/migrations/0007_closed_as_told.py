"""A close soon after its telling asks whether all is as it was in the statement that closes."""

from django.db import migrations

from regulars.kernel.migrating import load

_BEFORE = (
    "drop function if exists checkout_context(int, text, uuid, boolean, bigint, text, text, text[], text, text[],"
    " text[], bigint[], text[], timestamptz, timestamptz)"
)


class Migration(migrations.Migration):
    dependencies = [("checkout", "0006_closed_by_its_key")]
    operations = [  # what it answers is wider: it cannot be replaced
        migrations.RunSQL(_BEFORE, migrations.RunSQL.noop),
        *load(__file__, "context.sql", "closing.sql"),
    ]

"""A journal whose lots are born packed is sealed by what differs from one such journal to the next, in binary."""

from django.db import migrations, models

from regulars.kernel.migrating import load

_OLD = """
drop aggregate if exists ledger_chain(bytea, uuid, bigint, text);
drop function if exists ledger_chain_step(bytea, bytea, uuid, bigint, text);
drop type ledger_discrepancy cascade;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0008_packed_lots")]

    operations = [
        migrations.AddIndex(
            "accountrow",
            models.Index(
                fields=["moved_into"], condition=models.Q(moved_into__isnull=False), name="ledger_account_merged"
            ),
        ),
        *load(__file__, "holding.sql", "sealing.sql", "canonical.sql", "earning.sql", "earning_usual.sql", "bulk.sql", "bulk_claw.sql"),
        migrations.RunSQL(_OLD, migrations.RunSQL.noop),
        *load(__file__, "proving.sql"),
    ]

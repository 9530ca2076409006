"""Lots stay packed in the journal that gave them until something of their member is taken, ended or moved."""

import django.contrib.postgres.fields
from django.db import migrations, models

from regulars.kernel.migrating import load

_LOT = [
    ("pk", models.CompositePrimaryKey("member_id", "seq", "n", blank=True, editable=False, primary_key=True, serialize=False)),
    ("member_id", models.UUIDField()),
    ("seq", models.BigIntegerField()),
    ("n", models.SmallIntegerField()),
    ("program_id", models.IntegerField()),
    ("unit", models.SmallIntegerField()),
    ("amount", models.BigIntegerField()),
    ("remaining", models.BigIntegerField()),
    ("state", models.TextField()),
    ("activates_at", models.DateTimeField(null=True)),
    ("activation_event", models.TextField(null=True)),
    ("activation_deadline", models.DateTimeField(null=True)),
    ("expires_at", models.DateTimeField(null=True)),
    ("funder", models.TextField(null=True)),
    ("cost_micro", models.BigIntegerField(null=True)),
    ("origin_member", models.UUIDField(null=True)),
    ("origin_seq", models.BigIntegerField(null=True)),
    ("origin_n", models.SmallIntegerField(null=True)),
]


class Migration(migrations.Migration):
    dependencies = [("ledger", "0007_lean_guards")]

    operations = [
        migrations.AddField(
            "journalrow",
            "packed",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.DateTimeField(null=True),
                help_text="When each lot ends that was born packed.",
                null=True,
                size=None,
            ),
        ),
        migrations.AddField(
            "accountrow",
            "unpacked",
            models.BigIntegerField(db_default=0, help_text="Lots of journals up to this number are rows: sql/packing.sql."),
        ),
        migrations.AddField(
            "accountrow",
            "packed_until",
            models.DateTimeField(help_text="When the first packed lot ends.", null=True),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameModel("LotRow", "StoredLotRow"),
                migrations.AlterModelTable("StoredLotRow", "ledger_lot"),
                migrations.CreateModel(
                    name="LotRow", fields=_LOT, options={"db_table": "ledger_lot_facts", "managed": False}
                ),
            ],
        ),
        *load(__file__, "packing.sql", "../gain_facts.sql", "../measure_facts.sql", "accounts.sql", "writing.sql", "earning.sql"),
        *load(__file__, "earning_usual.sql", "spending.sql", "nights.sql", "bulk.sql", "bulk_claw.sql"),
        migrations.RunSQL("drop type ledger_discrepancy cascade", migrations.RunSQL.noop),
        *load(__file__, "proving.sql"),
    ]

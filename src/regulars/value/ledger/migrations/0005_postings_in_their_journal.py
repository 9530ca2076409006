"""Postings move into the arrays of their journal; `ledger_posting` becomes a view over them."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

from regulars.kernel.migrating import load

_COLUMNS = {
    "units": models.SmallIntegerField(),
    "debits": models.TextField(),
    "credits": models.TextField(),
    "amounts": models.BigIntegerField(),
    "parties": models.TextField(null=True),
}
_MOVE = """
alter table ledger_journal disable trigger user;
update ledger_journal j set units = p.units, debits = p.debits, credits = p.credits, amounts = p.amounts, parties = p.parties
  from (select member_id, seq, array_agg(unit order by n) as units, array_agg(debit order by n) as debits,
               array_agg(credit order by n) as credits, array_agg(amount order by n) as amounts,
               case when count(party) > 0 then array_agg(party order by n) end as parties
          from ledger_posting group by member_id, seq) p
 where p.member_id = j.member_id and p.seq = j.seq;
set constraints all immediate;
alter table ledger_journal enable trigger user;
drop table ledger_posting cascade;
drop type ledger_discrepancy cascade;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_hold_facts")]

    operations = [
        *(
            migrations.AddField(
                "journalrow", name, django.contrib.postgres.fields.ArrayField(base_field=field, size=None, null=True)
            )
            for name, field in _COLUMNS.items()
        ),
        migrations.RunSQL(_MOVE),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel("PostingRow"),
                migrations.CreateModel(
                    name="PostingRow",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "member_id", "seq", "n", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("member_id", models.UUIDField()),
                        ("seq", models.BigIntegerField()),
                        ("n", models.SmallIntegerField()),
                        ("program_id", models.IntegerField()),
                        ("unit", models.SmallIntegerField()),
                        ("debit", models.TextField()),
                        ("credit", models.TextField()),
                        ("amount", models.BigIntegerField()),
                        ("party", models.TextField(null=True)),
                        ("recorded_at", models.DateTimeField()),
                    ],
                    options={"db_table": "ledger_posting", "managed": False},
                ),
            ],
        ),
        *load(__file__, "postings.sql", "accounts.sql", "writing.sql", "earning.sql", "clawing.sql", "spending.sql", "holding.sql"),
        *load(__file__, "moving.sql", "merging.sql", "nights.sql", "bulk.sql", "bulk_claw.sql", "proving.sql", "../facts.sql"),
        migrations.RunSQL(
            'alter table ledger_journal add constraint "L3_a_posting_moves_value_somewhere"'
            " check (ledger_posts_move(units, debits, credits, amounts))"
        ),
        migrations.AddIndex(
            "journalrow",
            django.contrib.postgres.indexes.BrinIndex(fields=["recorded_at"], name="ledger_journal_recorded"),
        ),
    ]

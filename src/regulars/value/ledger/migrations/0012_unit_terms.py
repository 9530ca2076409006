"""What each version says of how long value lasts; of before, what is said now."""

import django.db.models.deletion
from django.db import migrations, models

from regulars.kernel.migrating import load

_NOW = """
insert into ledger_unit_terms (program_id, version, units)
select u.program_id, p.current_version,
       jsonb_object_agg(u.key, jsonb_build_object('expiry', case when u.expiry = '{}' then '{"kind": "never"}' else u.expiry end,
         'activation', case when u.activation = '{}' then '{"kind": "at_once"}' else u.activation end))
  from ledger_unit u join programs_program p on p.id = u.program_id
 where u.retired_at is null and p.current_version > 0 group by 1, 2;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0011_selling"), ("programs", "0002_facts"), ("agreements", "0003_keeping")]
    operations = [
        migrations.CreateModel(
            name="UnitTermsRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program", "version", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.IntegerField()),
                ("units", models.JSONField()),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="programs.programrow",
                    ),
                ),
            ],
            options={"db_table": "ledger_unit_terms"},
        ),
        migrations.RunSQL(_NOW, migrations.RunSQL.noop),
        *load(__file__, "unit_terms.sql"),
    ]

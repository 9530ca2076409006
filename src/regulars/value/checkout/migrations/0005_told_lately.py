"""Sessions keep the long part of their answer by itself; what is read by keys is planned once."""

from django.db import migrations, models

from regulars.kernel.migrating import load

_BEFORE = """
drop function if exists checkout_context(int, text, uuid, boolean, bigint, text, text, text[], text, text[], text[],
  bigint[], text[], timestamptz, timestamptz);
drop function if exists checkout_put(uuid, int, text, bigint, uuid, text, text, jsonb, int, bytea, bytea, timestamptz,
  timestamptz, text);
drop function if exists checkout_tender(int, text, bigint, uuid, bigint, int, bytea, bytea, bytea, jsonb, timestamptz,
  timestamptz, timestamptz, text);
drop function if exists checkout_close(int, text, bigint, uuid, uuid, int, bytea, bytea, timestamptz, text);
"""


class Migration(migrations.Migration):
    dependencies = [("checkout", "0004_benefits")]
    operations = [
        migrations.AlterField(
            model_name="sessionrow",
            name="answer",
            field=models.BinaryField(help_text="The last answer, without its long part where `explained` has it."),
        ),
        migrations.AddField(
            model_name="sessionrow",
            name="explained",
            field=models.BinaryField(help_text="What did not act, why, and what would unlock more.", null=True),
        ),
        migrations.RunSQL(_BEFORE, migrations.RunSQL.noop),
        migrations.RunSQL(
            "alter table checkout_session alter column explained set storage external", migrations.RunSQL.noop
        ),
        *load(__file__, "context.sql", "writing.sql"),
    ]

"""The counter of numbers, the stored function for floors above, and the published view."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [("members", "0001_initial")]
    operations = [
        migrations.RunSQL(
            (HERE / "sql" / "functions.sql").read_text(),
            "drop function members_standing(uuid); drop sequence members_number_seq",
        ),
        migrations.RunSQL((HERE / "facts.sql").read_text(), "drop view members_facts"),
    ]

"""The stored functions of audiences, and the published view."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).resolve().parent.parent
UNDO = (
    "drop function audiences_discrepancies; drop function audiences_expire; drop function audiences_remove;"
    " drop function audiences_add; drop function audiences_of"
)


class Migration(migrations.Migration):
    dependencies = [("audiences", "0001_initial"), ("members", "0002_functions")]
    operations = [
        migrations.RunSQL((HERE / "sql" / "functions.sql").read_text(), UNDO),
        migrations.RunSQL((HERE / "facts.sql").read_text(), "drop view audiences_facts"),
    ]

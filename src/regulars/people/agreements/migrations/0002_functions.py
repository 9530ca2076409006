from pathlib import Path

from django.db import migrations

from regulars.kernel.migrating import load

HERE = Path(__file__).parents[1]


class Migration(migrations.Migration):
    dependencies = [("agreements", "0001_initial"), ("members", "0002_functions"), ("programs", "0002_facts")]
    operations = [
        *load(__file__, "functions.sql"),
        migrations.RunSQL((HERE / "facts.sql").read_text("utf-8"), "drop view agreements_facts"),
    ]

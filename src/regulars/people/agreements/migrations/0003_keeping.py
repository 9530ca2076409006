"""Since when what holds for whom; a yes counts from when it is known."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("agreements", "0002_functions")]
    operations = load(__file__, "functions.sql", "keeping.sql")

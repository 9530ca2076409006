"""Codes of a pool that nobody has can be withdrawn."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("rewards", "0003_facts")]
    operations = [*load(__file__, "withdrawing.sql")]

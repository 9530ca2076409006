"""A member's first sale takes the short way too."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("ledger", "0009_plain_seal")]
    operations = [*load(__file__, "earning_usual.sql")]

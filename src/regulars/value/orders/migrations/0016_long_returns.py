"""A return of thousands of lines takes its time once."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("orders", "0015_gain_facts")]
    operations = [*load(__file__, "returning.sql")]

"""The stored functions of paid membership, its guards and its numbers, and what it publishes."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0001_initial"), ("programs", "0002_facts"), ("orders", "0015_gain_facts")]
    operations = [*load(__file__, "guards.sql", "income.sql", "proving.sql", "../facts.sql")]

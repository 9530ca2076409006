"""Guards and stored functions, from sql/."""

from django.db import migrations

from regulars.kernel.migrating import load

FILES = [
    "canonical.sql",
    "guards.sql",
    "accounts.sql",
    "writing.sql",
    "earning.sql",
    "clawing.sql",
    "spending.sql",
    "holding.sql",
    "moving.sql",
    "merging.sql",
    "nights.sql",
    "bulk.sql",
    "bulk_claw.sql",
    "proving.sql",
    "../facts.sql",
]


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial"), ("members", "0002_functions"), ("programs", "0002_facts")]

    operations = load(__file__, *FILES)

"""Stored functions and triggers of rewards."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [
        ("rewards", "0001_initial"),
        ("kernel", "0001_initial"),
        ("ledger", "0005_postings_in_their_journal"),
    ]
    operations = load(__file__, "guards.sql", "shelves.sql", "proving.sql")

"""What ladders read of measures: dated amounts, what was taken back of them, and how far each journal has come."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_postings_in_their_journal")]
    operations = [*load(__file__, "../measure_facts.sql")]

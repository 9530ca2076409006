"""A sale uses benefits when it closes, and returns give them back."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("orders", "0016_long_returns"), ("benefits", "0002_functions")]
    operations = load(__file__, "closing.sql", "settling.sql")

"""A review of one member, as it follows each order, by steps that are planned once per session."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("tiers", "0006_quiet_nights")]
    operations = load(__file__, "alone.sql", "review.sql")

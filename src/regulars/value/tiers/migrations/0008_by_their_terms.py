"""Who keeps the terms of before is judged by the ladder of that version."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("tiers", "0007_alone"), ("agreements", "0003_keeping")]
    operations = load(__file__, "keeping.sql", "judging.sql", "settling.sql", "alone.sql", "review.sql")

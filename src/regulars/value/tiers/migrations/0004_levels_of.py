"""What others ask of where a member stands: her levels on all ladders."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("tiers", "0003_standing_by_walks")]
    operations = load(__file__, "levels_of.sql")

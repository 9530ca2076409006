"""Levels are asked of those who keep them."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("benefits", "0003_merging_and_proofs"), ("tiers", "0004_levels_of")]
    operations = [
        *load(__file__, "entitling.sql", "using.sql"),
        migrations.RunSQL("drop function if exists benefits_levels(int, int, uuid)", migrations.RunSQL.noop),
    ]

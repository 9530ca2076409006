"""Who keeps the terms of before has the benefits of that version."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("benefits", "0004_levels_of"), ("agreements", "0003_keeping"), ("tiers", "0008_by_their_terms")]
    operations = load(__file__, "entitling.sql")

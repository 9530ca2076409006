"""The stored functions of benefits and its guards."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [
        ("benefits", "0001_initial"),
        ("tiers", "0002_functions"),
        ("audiences", "0001_initial"),
        ("members", "0001_initial"),
        ("kernel", "0001_initial"),
    ]
    operations = load(
        __file__, "guards.sql", "periods.sql", "entitling.sql", "holding.sql", "using.sql", "occasions.sql"
    )

"""A single code is found on its sheet by keys alone."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("coupons", "0007_redeemed_at_once")]
    operations = [*load(__file__, "lying.sql", "sheets.sql", "redeeming.sql")]

"""A single coupon is redeemed by a few statements; one from a sheet is written once."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("coupons", "0006_context_by_keys")]
    operations = [*load(__file__, "redeeming.sql", "using.sql")]

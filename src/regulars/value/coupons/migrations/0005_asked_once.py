"""Whether a coupon has a row is asked once; sheets are looked at only for those that have none."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("coupons", "0004_sheets")]
    operations = [*load(__file__, "sheets.sql", "context.sql", "using.sql")]

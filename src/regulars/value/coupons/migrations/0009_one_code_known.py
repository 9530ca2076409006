"""A basket with one code asks for one coupon, whatever the planner expects of many."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("coupons", "0008_one_from_a_sheet")]
    operations = [*load(__file__, "context.sql", "sheets.sql")]

"""Whether a sale is a usual one is asked first, and once."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("orders", "0020_short_way"), ("ledger", "0010_first_sale")]
    operations = [*load(__file__, "closing.sql", "commit.sql")]

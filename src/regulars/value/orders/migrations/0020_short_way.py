"""A basket that closes takes the ledger's short way where it may, as an order does that was made elsewhere."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("orders", "0019_bulk_packed"), ("ledger", "0008_packed_lots")]
    operations = [*load(__file__, "closing.sql")]

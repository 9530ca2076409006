"""What comes free is offered to who may redeem it."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("rewards", "0004_withdrawing")]
    operations = [*load(__file__, "shelves.sql")]

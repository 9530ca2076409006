"""What is used of limits is proved against orders and tenders."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [
        ("checkout", "0002_functions"),
        ("orders", "0014_decided_proofs"),
        ("promotions", "0005_usage"),
    ]
    operations = [*load(__file__, "proving_usage.sql")]

"""What an order gave says whose earn rules gave it: those of the version whose terms decided."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("orders", "0022_selling")]
    operations = load(__file__, "../gain_facts.sql")

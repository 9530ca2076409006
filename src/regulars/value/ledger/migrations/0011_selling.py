"""One way for whoever sells, the short one where it may; a question about an account makes no plan for packed lots ready."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("ledger", "0010_first_sale")]
    operations = [*load(__file__, "canonical.sql", "packing.sql", "accounts.sql", "earning_usual.sql")]

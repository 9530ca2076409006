"""Guards of single columns become domains, and the usual sale has a way of its own."""

from django.db import migrations, models

from regulars.kernel.migrating import load

_NAME = "L2_a_lot_stays_between_nothing_and_its_amount"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_measure_facts")]
    operations = [
        *load(__file__, "domains.sql", "../facts.sql", "../measure_facts.sql", "earning_usual.sql"),
        migrations.RunSQL("drop type ledger_discrepancy cascade", migrations.RunSQL.noop),
        *load(__file__, "proving.sql"),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint("lotrow", _NAME),
                migrations.AddConstraint(
                    "lotrow",
                    models.CheckConstraint(condition=models.Q(remaining__lte=models.F("amount")), name=_NAME),
                ),
            ]
        ),
    ]

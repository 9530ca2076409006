"""What others may read of rewards in bulk; and the proofs as they are now."""

from pathlib import Path

from django.db import migrations

from regulars.kernel.migrating import load

FACTS = Path(__file__).parent.parent / "facts.sql"
DROP = "drop view if exists rewards_redemption_facts; drop view if exists rewards_gift_facts"


class Migration(migrations.Migration):
    dependencies = [("rewards", "0002_functions")]
    operations = [migrations.RunSQL(FACTS.read_text("utf-8"), DROP), *load(__file__, "proving.sql")]

"""When members become one, the proofs, and what others may read in bulk."""

from pathlib import Path

from django.db import migrations

from regulars.kernel.migrating import load

FACTS = Path(__file__).parent.parent / "facts.sql"


class Migration(migrations.Migration):
    dependencies = [("benefits", "0002_functions"), ("members", "0002_functions")]
    operations = [
        *load(__file__, "merging.sql", "proving.sql"),
        migrations.RunSQL(FACTS.read_text("utf-8"), "drop view if exists benefits_use_facts"),
    ]

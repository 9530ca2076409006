"""What other contexts may read of coupons in bulk."""

from pathlib import Path

from django.db import migrations

FACTS = Path(__file__).parent.parent / "facts.sql"


class Migration(migrations.Migration):
    dependencies = [("coupons", "0002_functions")]
    operations = [migrations.RunSQL(FACTS.read_text("utf-8"), "drop view if exists coupons_use_facts")]

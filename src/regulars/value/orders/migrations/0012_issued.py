"""A return withdraws the coupons that its order had brought."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("orders", "0010_proofs")]
    operations = [migrations.RunSQL((SQL / "settling.sql").read_text())]

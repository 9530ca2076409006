"""A close finds its session by its key, whatever the planner thinks of open sessions."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("checkout", "0005_told_lately")]
    operations = [*load(__file__, "writing.sql")]

"""A night writes where rows lie: no index holds what changes, and pages have room for what comes after."""

from django.db import migrations, models
from django.db.models.deletion import PROTECT

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("tiers", "0005_who_stands_alike")]
    operations = [
        migrations.RemoveIndex(model_name="standingrow", name="tiers_standing_by_level"),
        migrations.RunSQL(
            "alter table tiers_standing set (fillfactor = 50)", "alter table tiers_standing reset (fillfactor)"
        ),
        migrations.AlterField(
            model_name="moverow",
            name="program",
            field=models.ForeignKey(
                db_constraint=False, db_index=False, on_delete=PROTECT, related_name="+", to="programs.programrow"
            ),
        ),
        *load(__file__, "quiet.sql", "settling.sql", "review.sql"),
    ]

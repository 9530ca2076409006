"""What returns undo of a decided order, and how far an order to be picked up was handed over or cancelled."""

from pathlib import Path

from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Greatest

SQL = Path(__file__).parent.parent / "sql"


def _quantity() -> models.DecimalField:
    return models.DecimalField(max_digits=18, decimal_places=6, db_default=0)


class Migration(migrations.Migration):
    dependencies = [("orders", "0007_closing")]
    operations = [
        migrations.AddField("orderrow", "undone", models.JSONField(null=True, help_text="How much of the extras returns have undone: terms.Undone.")),
        migrations.AddField("linerow", "restocked", _quantity()),
        migrations.AddField("linerow", "handed_over", _quantity()),
        migrations.AddField("linerow", "cancelled", _quantity()),
        migrations.AddField("returnrow", "kind", models.TextField(db_default="return", help_text="Which call brought it: terms.ReturnKind.")),
        migrations.AddField("returnrow", "tendered_minor", models.BigIntegerField(db_default=0, help_text="What came back as points, in money's worth.")),
        migrations.AddField("returnrow", "charged_minor", models.BigIntegerField(db_default=0, help_text="Kept back because promotions hold no longer.")),
        migrations.AddField("returnlinerow", "refund_minor", models.BigIntegerField(null=True, help_text="In money; null: all of the amount.")),
        migrations.AddConstraint(
            "linerow",
            models.CheckConstraint(
                condition=Q(
                    handed_over__gte=0,
                    cancelled__gte=0,
                    cancelled__lte=Greatest(F("returned"), 0),
                    handed_over__lte=Greatest(F("quantity"), 0) - F("cancelled"),
                    restocked__gte=0,
                    restocked__lte=Greatest(F("returned"), 0),
                ),
                name="O18_nothing_is_handed_over_and_cancelled",
            ),
        ),
        migrations.RunSQL((SQL / "settling.sql").read_text()),
    ]

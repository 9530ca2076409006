from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("imports", "0001_initial")]
    operations = [
        migrations.RemoveConstraint(model_name="jobrow", name="I1_kind_is_known"),
        migrations.AddConstraint(
            model_name="jobrow",
            constraint=models.CheckConstraint(
                condition=Q(kind__in=["orders", "members", "balances", "products", "stock", "audience"]),
                name="I1_kind_is_known",
            ),
        ),
    ]

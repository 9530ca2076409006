"""What a basket that was decided here leaves on its order: discounts by promotion, points that paid, the question."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0005_facts")]
    operations = [
        migrations.AddField("orderrow", "subtotal_minor", models.BigIntegerField(null=True, help_text="Before discounts; null: decided elsewhere.")),
        migrations.AddField("orderrow", "extras", models.JSONField(null=True, help_text="What its basket's decision brought beside points: terms.Extras.")),
        migrations.AddField("linerow", "discount_minor", models.BigIntegerField(db_default=0)),
        migrations.AddField("linerow", "shares", models.JSONField(null=True, help_text="[[promotion, coupon or null, minor], …]")),
        migrations.AddField("linerow", "tendered_minor", models.BigIntegerField(db_default=0, help_text="The part of the amount that points paid.")),
        migrations.CreateModel(
            name="QuestionRow",
            fields=[
                ("order_id", models.UUIDField(primary_key=True, serialize=False)),
                ("program_id", models.IntegerField()),
                ("member_id", models.UUIDField(null=True)),
                ("body", models.BinaryField()),
            ],
            options={"db_table": "orders_question"},
        ),
    ]

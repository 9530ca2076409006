"""Lines are kept packed with their order until one of them changes; an order takes the ledger's short way where it may."""

import django.contrib.postgres.fields
from django.db import migrations, models

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("orders", "0017_benefits"), ("ledger", "0007_lean_guards"), ("kernel", "0002_answers_domain")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL("alter table orders_line rename to orders_line_row")],
            state_operations=[
                migrations.RenameModel("LineRow", "StoredLineRow"),
                migrations.AlterModelTable("StoredLineRow", "orders_line_row"),
                migrations.CreateModel(
                    name="LineRow",
                    fields=[
                        ("pk", models.CompositePrimaryKey("order", "n", blank=True, editable=False, primary_key=True, serialize=False)),
                        ("n", models.IntegerField()),
                        ("member_id", models.UUIDField(null=True)),
                        ("line_ref", models.TextField()),
                        ("sku", models.TextField()),
                        ("quantity", models.DecimalField(decimal_places=6, max_digits=18)),
                        ("uom", models.TextField(db_default="")),
                        ("amount_minor", models.BigIntegerField()),
                        ("tax_rate", models.DecimalField(decimal_places=6, max_digits=7, null=True)),
                        ("tax_included", models.BooleanField(db_default=True)),
                        ("kind", models.TextField(db_default="goods")),
                        ("category", models.TextField(null=True)),
                        ("brand", models.TextField(null=True)),
                        ("description", models.TextField(null=True)),
                        ("attributes", models.JSONField(null=True)),
                        ("earned", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), null=True, size=None)),
                        ("returned", models.DecimalField(db_default=0, decimal_places=6, max_digits=18)),
                        ("returned_minor", models.BigIntegerField(db_default=0)),
                        ("reversed", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), null=True, size=None)),
                        ("discount_minor", models.BigIntegerField(db_default=0)),
                        ("shares", models.JSONField(help_text="[[promotion, coupon or null, minor], …]", null=True)),
                        ("tendered_minor", models.BigIntegerField(db_default=0, help_text="The part of the amount that points paid.")),
                        ("restocked", models.DecimalField(db_default=0, decimal_places=6, max_digits=18)),
                        ("handed_over", models.DecimalField(db_default=0, decimal_places=6, max_digits=18)),
                        ("cancelled", models.DecimalField(db_default=0, decimal_places=6, max_digits=18)),
                    ],
                    options={"db_table": "orders_line", "managed": False},
                ),
            ],
        ),
        migrations.RunSQL("drop function orders_commit", migrations.RunSQL.noop),
        *load(__file__, "packing.sql", "commit.sql", "closing.sql", "returning.sql", "../gain_facts.sql"),
    ]

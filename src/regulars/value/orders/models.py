"""Tables of orders. Promises that Django cannot spell (arrays) are in sql/constraints.sql.

Foreign keys to programs, stores and orders are not enforced by the database: none of these rows is ever deleted, and
a check per line would lock the one program row of all tills. `discrepancies` proves the links instead.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from regulars.value.orders.terms import Match, OrderState

PROGRAM = "programs.ProgramRow"


class OrderRow(models.Model):
    """A sale. Kept: for ever; it names the member by id only.

    Its column `packed` is known to SQL alone: sql/packing.sql.
    """

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    member_id = models.UUIDField(null=True)
    source = models.TextField()
    ref = models.TextField()
    store = models.ForeignKey(
        "programs.StoreRow", models.PROTECT, related_name="+", db_constraint=False, db_index=False, null=True
    )
    channel = models.TextField()
    currency = models.CharField(max_length=3)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    state = models.TextField(db_default=OrderState.PLACED)
    total_minor = models.BigIntegerField()
    tenders = models.JSONField(null=True)
    rule_version = models.IntegerField()
    seq = models.BigIntegerField(null=True, help_text="The journal entry that earned.")
    earned = ArrayField(models.BigIntegerField(), null=True, help_text="By slot of the unit, from 1.")
    decision = models.JSONField(null=True)
    digest = models.BinaryField()
    claimed_at = models.DateTimeField(null=True)
    attributes = models.JSONField(null=True)
    subtotal_minor = models.BigIntegerField(null=True, help_text="Before discounts; null: decided elsewhere.")
    extras = models.JSONField(null=True, help_text="What its basket's decision brought beside points: terms.Extras.")
    undone = models.JSONField(null=True, help_text="How much of the extras returns have undone: terms.Undone.")

    class Meta:
        db_table = "orders_order"
        constraints = [
            models.UniqueConstraint(fields=["program", "source", "ref"], name="O1_a_sale_counts_once"),
            models.CheckConstraint(
                condition=Q(seq=None) | Q(member_id__isnull=False), name="O5_only_members_orders_earn"
            ),
        ]
        indexes = [models.Index(fields=["member_id", "occurred_at"], name="orders_of_member")]

    @property
    def terms_version(self) -> int | None:
        """The older version whose terms decided beside the offers of `rule_version`, where the member kept them."""
        found: int | None = (self.decision or {}).get("terms")
        return found


class _Line(models.Model):
    pk = models.CompositePrimaryKey("order", "n")
    order = models.ForeignKey(OrderRow, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    n = models.IntegerField()
    program = models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    member_id = models.UUIDField(null=True)
    line_ref = models.TextField()
    sku = models.TextField()
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    uom = models.TextField(db_default="")
    amount_minor = models.BigIntegerField()
    tax_rate = models.DecimalField(max_digits=7, decimal_places=6, null=True)
    tax_included = models.BooleanField(db_default=True)
    kind = models.TextField(db_default="goods")
    category = models.TextField(null=True)
    brand = models.TextField(null=True)
    description = models.TextField(null=True)
    attributes = models.JSONField(null=True)
    earned = ArrayField(models.BigIntegerField(), null=True)
    returned = models.DecimalField(max_digits=18, decimal_places=6, db_default=0)
    returned_minor = models.BigIntegerField(db_default=0)
    reversed = ArrayField(models.BigIntegerField(), null=True)
    discount_minor = models.BigIntegerField(db_default=0)
    shares = models.JSONField(null=True, help_text="[[promotion, coupon or null, minor], …]")
    tendered_minor = models.BigIntegerField(db_default=0, help_text="The part of the amount that points paid.")
    restocked = models.DecimalField(max_digits=18, decimal_places=6, db_default=0)
    handed_over = models.DecimalField(max_digits=18, decimal_places=6, db_default=0)
    cancelled = models.DecimalField(max_digits=18, decimal_places=6, db_default=0)

    class Meta:
        abstract = True


class LineRow(_Line):
    """A line of a sale: a view over packed and unpacked ones, which may be written. Kept: as long as its order."""

    class Meta:
        db_table = "orders_line"  # sql/packing.sql
        managed = False


class StoredLineRow(_Line):
    """A line that changed, or was not told in one piece. Kept: as long as its order."""

    class Meta:
        db_table = "orders_line_row"  # what it may give back: sql/line_guard.sql


class QuestionRow(models.Model):
    """The question of the decision behind an order (compressed JSON), to replay it. Kept: as long as its order."""

    order_id = models.UUIDField(primary_key=True)
    program_id = models.IntegerField()
    member_id = models.UUIDField(null=True)
    body = models.BinaryField()

    class Meta:
        db_table = "orders_question"


class ReturnRow(models.Model):
    """Goods that came back. Kept: for ever."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    member_id = models.UUIDField(null=True)
    source = models.TextField()
    ref = models.TextField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    refund_minor = models.BigIntegerField()
    digest = models.BinaryField()
    answer = models.JSONField()
    kind = models.TextField(db_default="return", help_text="Which call brought it: terms.ReturnKind.")
    tendered_minor = models.BigIntegerField(db_default=0, help_text="What came back as points, in money's worth.")
    charged_minor = models.BigIntegerField(db_default=0, help_text="Kept back because promotions hold no longer.")

    class Meta:
        db_table = "orders_return"
        constraints = [
            models.UniqueConstraint(fields=["program", "source", "ref"], name="O2_a_return_counts_once"),
        ]
        indexes = [models.Index(fields=["member_id", "occurred_at"], name="orders_returns_of_member")]


class ReturnLineRow(models.Model):
    """A part of a returned line, matched to a line of an order or to nothing. Kept: as long as its return."""

    pk = models.CompositePrimaryKey("parent", "n", "part")
    parent = models.ForeignKey(
        ReturnRow, models.PROTECT, related_name="+", db_constraint=False, db_index=False, db_column="return_id"
    )
    n = models.IntegerField()
    part = models.IntegerField()
    program = models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    order_id = models.UUIDField(null=True)
    order_n = models.IntegerField(null=True)
    sku = models.TextField()
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    amount_minor = models.BigIntegerField()
    match = models.TextField()
    reversed = ArrayField(models.BigIntegerField(), null=True)
    refund_minor = models.BigIntegerField(null=True, help_text="In money; null: all of the amount.")

    class Meta:
        db_table = "orders_return_line"
        constraints = [
            models.CheckConstraint(condition=Q(match__in=list(Match)), name="O6_a_match_is_known"),
            models.CheckConstraint(
                condition=Q(match=Match.MATCHED, order_id__isnull=False, order_n__isnull=False)
                | (~Q(match=Match.MATCHED) & Q(order_id=None, order_n=None)),
                name="O6_a_match_names_its_line",
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="O6_something_comes_back"),
        ]
        indexes = [
            models.Index(fields=["order_id"], condition=Q(order_id__isnull=False), name="orders_returns_of_order")
        ]

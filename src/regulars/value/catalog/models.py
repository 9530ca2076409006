"""Tables of the catalog. No personal data. Each promise in README.md that a table can keep is a constraint here."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

KEY = r"^[a-z0-9][a-z0-9_.-]*$"


class _OfProgram(models.Model):
    program = models.ForeignKey(
        "programs.ProgramRow",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("program"),
    )

    class Meta:
        abstract = True


class CategoryRow(_OfProgram):
    """A category of goods; `above` is its key and all above it, nearest first. Kept: for ever, as orders name it."""

    key = models.CharField(_("key"), max_length=64)
    names = models.JSONField(pgettext_lazy("thing", "names"), default=dict)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("lies below")
    )
    above = models.JSONField(default=list)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        db_table = "catalog_category"
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="K1_category_key_is_unique"),
            models.CheckConstraint(condition=Q(key__regex=KEY), name="K1_category_key_is_a_slug"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="K2_category_is_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.key


class AttributeRow(_OfProgram):
    """A declared fact of products, with its type. Kept: for ever."""

    key = models.CharField(_("key"), max_length=60)
    kind = models.CharField(_("kind"), max_length=10)
    names = models.JSONField(default=dict)
    choices = models.JSONField(default=list)

    class Meta:
        db_table = "catalog_attribute"
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="K1_attribute_key_is_unique"),
            models.CheckConstraint(
                condition=Q(kind__in=["text", "number", "flag", "choice"]), name="K3_attribute_type_is_known"
            ),
        ]


class ProductRow(_OfProgram):
    """A product by its sku. Kept: for ever (made inactive, never deleted, because orders name it)."""

    sku = models.CharField(_("sku"), max_length=100)
    name = models.CharField(pgettext_lazy("thing", "name"), max_length=300)
    category = models.ForeignKey(
        CategoryRow, on_delete=models.PROTECT, related_name="+", null=True, verbose_name=_("category")
    )
    brand = models.CharField(_("brand"), max_length=64, null=True)
    uom = models.CharField(_("unit of measure"), max_length=20, default="")
    attributes = models.JSONField(_("attributes"), default=dict)
    active = models.BooleanField(_("active"), default=True)
    updated_at = models.DateTimeField(_("changed"))

    class Meta:
        db_table = "catalog_product"
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.UniqueConstraint(fields=["program", "sku"], name="K1_sku_is_unique"),
            models.CheckConstraint(condition=~Q(sku=""), name="K1_sku_says_something"),
        ]

    def __str__(self) -> str:
        return self.sku


class PriceRow(_OfProgram):
    """What a unit costs in a channel, a store and a time. Kept: as long as the product tells it."""

    product = models.ForeignKey(ProductRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    channel = models.CharField(max_length=64, default="")
    store = models.ForeignKey(
        "programs.StoreRow", on_delete=models.PROTECT, related_name="+", null=True, db_index=False
    )
    currency = models.CharField(max_length=3)
    price_minor = models.BigIntegerField()
    member_minor = models.BigIntegerField(null=True)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "catalog_price"
        constraints = [
            models.UniqueConstraint(
                fields=["product", "currency", "channel", "store", "starts_at"],
                nulls_distinct=False,
                name="K4_one_price_per_place_and_beginning",
            ),
            models.CheckConstraint(condition=Q(price_minor__gte=0), name="K4_price_is_not_negative"),
            models.CheckConstraint(
                condition=Q(member_minor__isnull=True) | Q(member_minor__gte=0, member_minor__lte=F("price_minor")),
                name="K4_member_price_is_not_above_the_price",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(starts_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="K4_a_price_ends_after_it_begins",
            ),
        ]


class StockRow(_OfProgram):
    """What lies in a store (None: in no store, for sales without one). Kept: while the product exists."""

    product = models.ForeignKey(
        ProductRow, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("product")
    )
    store = models.ForeignKey(
        "programs.StoreRow",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        db_index=False,
        verbose_name=_("store"),
    )
    tracked = models.BooleanField(_("tracked"), default=True)
    quantity = models.DecimalField(_("in stock"), max_digits=18, decimal_places=6)
    counted = models.DecimalField(_("counted"), max_digits=18, decimal_places=6)
    counted_at = models.DateTimeField(_("counted at"))
    taken = models.DecimalField(_("sold since"), max_digits=18, decimal_places=6, default=0)
    given_back = models.DecimalField(_("come back since"), max_digits=18, decimal_places=6, default=0)

    class Meta:
        db_table = "catalog_stock"
        verbose_name = _("stock")
        verbose_name_plural = _("stock")
        constraints = [
            models.UniqueConstraint(F("product"), Coalesce("store", 0), name="K5_one_stock_per_store"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="K6_never_oversold"),
            models.CheckConstraint(
                condition=Q(quantity=F("counted") - F("taken") + F("given_back")), name="K7_stock_adds_up"
            ),
            models.CheckConstraint(
                condition=Q(counted__gte=0, taken__gte=0, given_back__gte=0), name="K7_stock_moves_are_not_negative"
            ),
        ]
        indexes = [models.Index(fields=["store", "product"], name="catalog_stock_of_store")]

    def __str__(self) -> str:
        return f"{self.product_id} {self.store_id or ''}"


class RightRow(_OfProgram):
    """A purchase right. `body` is what the rules read. Kept: for ever (made inactive, because counters name it)."""

    key = models.CharField(_("key"), max_length=64)
    names = models.JSONField(default=dict)
    body = models.JSONField(default=dict)
    starts_at = models.DateTimeField(_("from"), null=True)
    ends_at = models.DateTimeField(_("until"), null=True)
    active = models.BooleanField(_("active"), default=True)
    updated_at = models.DateTimeField(_("changed"))

    class Meta:
        db_table = "catalog_right"
        verbose_name = _("purchase right")
        verbose_name_plural = _("purchase rights")
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="K1_right_key_is_unique"),
            models.CheckConstraint(condition=Q(key__regex=KEY), name="K1_right_key_is_a_slug"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(starts_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="K8_a_right_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class ScopeRow(_OfProgram):
    """A sku or category that a right stands on. Kept: as long as the right names it."""

    right = models.ForeignKey(RightRow, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=8)
    value = models.CharField(max_length=100)

    class Meta:
        db_table = "catalog_scope"
        constraints = [
            models.UniqueConstraint(fields=["right", "kind", "value"], name="K8_goods_are_named_once"),
            models.CheckConstraint(condition=Q(kind__in=["sku", "category"]), name="K8_goods_are_skus_or_categories"),
        ]
        indexes = [models.Index(fields=["program", "kind", "value"], name="catalog_scope_of_goods")]


class PastPriceRow(_OfProgram):
    """What a price was and when it could be charged; written by triggers of sql/price_history.sql only.

    `price_id` names the price while it stands. Kept: three years after it ended, as evidence of honest reductions.
    """

    product = models.ForeignKey(ProductRow, on_delete=models.CASCADE, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    channel = models.CharField(max_length=64, default="")
    store_id = models.BigIntegerField(null=True)
    price_minor = models.BigIntegerField()
    price_id = models.BigIntegerField(null=True)
    charged_from = models.DateTimeField()
    charged_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "catalog_price_past"
        indexes = [
            models.Index(fields=["product", "charged_from"], name="catalog_past_of_product"),
            models.Index(fields=["price_id"], condition=Q(price_id__isnull=False), name="catalog_past_standing"),
        ]

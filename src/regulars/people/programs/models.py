"""Tables of programs. Each promise of README.md that a table can keep is a named constraint here."""

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from regulars.people.programs.terms import ChannelKind, StoreKind

KEY = r"^[a-z0-9][a-z0-9_.-]*$"


class ProgramRow(models.Model):
    """A program, the tenant. Kept: for ever."""

    id = models.AutoField(primary_key=True)
    key = models.CharField(_("key"), max_length=64)
    name = models.CharField(pgettext_lazy("thing", "name"), max_length=200)
    zone = models.CharField(_("time zone"), max_length=64)
    currency = models.CharField(_("currency"), max_length=3)
    locale = models.CharField(_("language"), max_length=16, default="en")
    current_version = models.IntegerField(_("version in force"), default=0)
    settings = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("made"))

    class Meta:
        db_table = "programs_program"
        verbose_name = _("program")
        verbose_name_plural = _("programs")
        constraints = [
            models.UniqueConstraint(fields=["key"], name="P1_program_key_is_unique"),
            models.CheckConstraint(condition=Q(key__regex=KEY), name="P1_program_key_is_a_slug"),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="P3_program_currency_is_iso"),
            models.CheckConstraint(condition=Q(current_version__gte=0), name="P2_version_is_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name


class BrandRow(models.Model):
    """A brand. Kept: for ever (retired, never deleted, because orders name it)."""

    program = models.ForeignKey(
        ProgramRow, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("program")
    )
    key = models.CharField(_("key"), max_length=64)
    name = models.CharField(pgettext_lazy("thing", "name"), max_length=200)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        db_table = "programs_brand"
        verbose_name = _("brand")
        verbose_name_plural = _("brands")
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="P1_brand_key_is_unique"),
            models.CheckConstraint(condition=Q(key__regex=KEY), name="P1_brand_key_is_a_slug"),
        ]

    def __str__(self) -> str:
        return self.name


class StoreRow(models.Model):
    """A store or region. Kept: for ever (retired, never deleted, because orders name it)."""

    program = models.ForeignKey(
        ProgramRow, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("program")
    )
    key = models.CharField(_("key"), max_length=64)
    name = models.CharField(pgettext_lazy("thing", "name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=8, choices=[(k.value, k.value) for k in StoreKind])
    brand = models.ForeignKey(
        BrandRow, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("brand")
    )
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("region")
    )
    zone = models.CharField(_("time zone"), max_length=64)
    currency = models.CharField(_("currency"), max_length=3)
    opening_hours = models.JSONField(_("opening hours"), default=dict)
    address = models.TextField(_("address"), default="", blank=True)
    active = models.BooleanField(_("active"), default=True)
    path = models.TextField(_("path"))

    class Meta:
        db_table = "programs_store"
        verbose_name = _("store")
        verbose_name_plural = _("stores")
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="P1_store_key_is_unique"),
            models.CheckConstraint(condition=Q(key__regex=KEY), name="P1_store_key_is_a_slug"),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="P3_store_currency_is_iso"),
            models.CheckConstraint(condition=Q(kind__in=[k.value for k in StoreKind]), name="P4_store_kind_is_known"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="P4_store_is_not_its_own_parent"),
            models.CheckConstraint(condition=Q(path__regex=r"^(/[a-z0-9][a-z0-9_.-]*)+/$"), name="P5_path_is_keys"),
        ]
        indexes = [
            # LIKE 'prefix%' uses this index whatever the collation of the database
            models.Index(F("program"), OpClass(F("path"), name="text_pattern_ops"), name="programs_store_subtree"),
        ]

    def __str__(self) -> str:
        return self.name


class ChannelRow(models.Model):
    """A channel. Kept: for ever (retired, never deleted, because orders name it)."""

    program = models.ForeignKey(
        ProgramRow, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("program")
    )
    key = models.CharField(_("key"), max_length=64)
    name = models.CharField(pgettext_lazy("thing", "name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=16, choices=[(k.value, k.value) for k in ChannelKind])
    online = models.BooleanField(_("online"), default=False)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        db_table = "programs_channel"
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="P1_channel_key_is_unique"),
            models.CheckConstraint(condition=Q(key__regex=KEY), name="P1_channel_key_is_a_slug"),
            models.CheckConstraint(
                condition=Q(kind__in=[k.value for k in ChannelKind]), name="P4_channel_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

"""Tables of staff. Each promise of README.md that a table can keep is a named constraint here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from regulars.kernel import clock
from regulars.people.staff.terms import Role

if TYPE_CHECKING:
    _Field = models.Field[str, Any]  # the class is generic for the type checker only
else:
    _Field = models.Field


class CidrField(_Field):
    """A network address with its mask, as PostgreSQL's `cidr`."""

    def db_type(self, connection: Any) -> str:
        return "cidr"


class LengthIs32(models.Func):
    """Whether a bytea has 32 bytes."""

    template = "octet_length(%(expressions)s) = 32"
    output_field = models.BooleanField()


class StaffManager(BaseUserManager["StaffUser"]):
    """Makes staff with an e-mail address as their log-in name."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> StaffUser:
        """Make a person. Without a password she cannot log in until one is set."""
        user = self.model(email=email.strip().lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> StaffUser:
        """Make an operator of the whole installation."""
        return self.create_user(email, password, is_superuser=True, **extra)

    def get_by_natural_key(self, username: str | None) -> StaffUser:
        return self.get(email=(username or "").strip().lower())


class StaffUser(AbstractBaseUser, PermissionsMixin):
    """A person who works here. Kept: until two years after she left; then e-mail and name are blanked."""

    email = models.EmailField(_("e-mail"))
    name = models.CharField(_("name"), max_length=200, default="", blank=True)
    locale = models.CharField(_("language"), max_length=16, default="en")
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []
    objects = StaffManager()

    class Meta:
        db_table = "staff_user"
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(fields=["email"], name="S1_one_person_per_email"),
            models.CheckConstraint(condition=Q(email__regex=r"^[^A-Z\s]+$"), name="S1_email_is_lower_case"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email


class GrantRow(models.Model):
    """A person's role in a program. Kept: until taken away; the audit trail remembers it."""

    user = models.ForeignKey(StaffUser, on_delete=models.CASCADE, related_name="+", verbose_name=_("person"))
    role = models.CharField(_("role"), max_length=16, choices=[(r.value, r.value) for r in Role])
    program = models.ForeignKey(
        "programs.ProgramRow", on_delete=models.PROTECT, related_name="+", verbose_name=_("program")
    )
    store = models.ForeignKey(
        "programs.StoreRow",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("store"),
    )
    adjust_limit = models.BigIntegerField(_("adjustment limit"), null=True, blank=True)
    granted_by = models.CharField(_("given by"), max_length=80)
    granted_at = models.DateTimeField(_("given"), default=clock.now)

    class Meta:
        db_table = "staff_grant"
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "program", "store"], name="S2_a_grant_is_given_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(role__in=[r.value for r in Role]), name="S2_role_is_known"),
            models.CheckConstraint(
                condition=Q(adjust_limit__isnull=True) | Q(adjust_limit__gte=0), name="S2_grant_limit_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} #{self.pk}"


class KeyRow(models.Model):
    """An API key; only the hash of its secret is here. Kept: for ever (journals name it), revoked keys too."""

    program = models.ForeignKey(
        "programs.ProgramRow", on_delete=models.PROTECT, related_name="+", verbose_name=_("program")
    )
    name = models.CharField(pgettext_lazy("thing", "name"), max_length=200)
    prefix = models.CharField(_("begins with"), max_length=24)
    hash = models.BinaryField(max_length=32)
    scopes = ArrayField(models.TextField(), verbose_name=_("scopes"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    store = models.ForeignKey(
        "programs.StoreRow",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("store"),
    )
    ip_allow = ArrayField(CidrField(), null=True, blank=True, verbose_name=_("allowed networks"))
    adjust_limit = models.BigIntegerField(_("adjustment limit"), default=0)
    rate_per_minute = models.IntegerField(_("calls a minute"), default=6000)
    created_by = models.CharField(_("made by"), max_length=80)
    created_at = models.DateTimeField(_("made"), default=clock.now)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    class Meta:
        db_table = "staff_key"
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = [
            models.UniqueConstraint(fields=["hash"], name="S5_one_key_per_secret"),
            models.CheckConstraint(condition=LengthIs32(F("hash")), name="S5_only_a_hash_is_kept"),
            models.CheckConstraint(condition=Q(adjust_limit__gte=0), name="S5_key_limit_not_negative"),
            models.CheckConstraint(condition=Q(rate_per_minute__gt=0), name="S5_rate_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class AuditRow(models.Model):
    """One act of somebody. Append-only by trigger. Kept: ten years, then by whole partitions of time."""

    program = models.ForeignKey(
        "programs.ProgramRow",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        db_index=False,
        verbose_name=_("program"),
    )
    actor = models.CharField(_("who"), max_length=80)
    action = models.CharField(_("did"), max_length=80)
    object = models.CharField(_("to"), max_length=200)
    facts = models.JSONField(_("facts"), default=dict)
    at = models.DateTimeField(_("when"))

    class Meta:
        db_table = "staff_audit"
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit trail")
        indexes = [
            models.Index(F("program"), F("id").desc(), name="staff_audit_newest"),
            models.Index(F("actor"), F("id").desc(), name="staff_audit_by_actor"),
            models.Index(F("object"), F("id").desc(), name="staff_audit_by_object"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.object}"

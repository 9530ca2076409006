"""Tables of audiences. Each promise in README.md that a table can keep is a named constraint here."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

KEY = r"^[a-z0-9][a-z0-9_.-]*$"


class AudienceRow(models.Model):
    """A list of members, with how many are on it. Kept: for ever (retired, never deleted, because orders name it)."""

    program = models.ForeignKey(
        "programs.ProgramRow",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("program"),
    )
    key = models.CharField(_("key"), max_length=64)
    names = models.JSONField(pgettext_lazy("thing", "names"), default=dict)
    note = models.CharField(_("note"), max_length=500, default="")
    active = models.BooleanField(_("active"), default=True)
    members = models.BigIntegerField(_("members"), default=0)
    created_at = models.DateTimeField(_("made"))

    class Meta:
        db_table = "audiences_audience"
        verbose_name = _("audience")
        verbose_name_plural = _("audiences")
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="G1_audience_key_is_unique"),
            models.CheckConstraint(condition=Q(key__regex=KEY), name="G1_audience_key_is_a_slug"),
            models.CheckConstraint(condition=Q(members__gte=0), name="G3_nobody_is_counted_below_zero"),
        ]

    def __str__(self) -> str:
        return self.key


class MembershipRow(models.Model):
    """A member on an audience, or one who was. Kept: as long as the member; deleted when she is forgotten."""

    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    audience = models.ForeignKey(AudienceRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey("members.MemberRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    source = models.CharField(max_length=60)
    actor = models.CharField(max_length=80)
    added_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    removed_source = models.CharField(max_length=60, default="")

    class Meta:
        db_table = "audiences_membership"
        constraints = [
            models.UniqueConstraint(fields=["member", "audience"], name="G2_a_member_is_on_it_once"),
            models.CheckConstraint(condition=~Q(source="") & ~Q(actor=""), name="G4_somebody_added_her"),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True, removed_source="")
                | (Q(removed_at__isnull=False) & ~Q(removed_source="")),
                name="G4_somebody_removed_her",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("added_at")),
                name="G5_time_on_it_ends_after_it_begins",
            ),
        ]
        indexes = [
            models.Index(fields=["audience", "member"], condition=Q(removed_at=None), name="audiences_page"),
            models.Index(
                fields=["program", "expires_at"],
                condition=Q(removed_at=None, expires_at__isnull=False),
                name="audiences_due",
            ),
        ]

"""Tables of agreements. Each promise in README.md that a table can keep is a constraint here."""

from django.db import models
from django.db.models import F, Q


class TellingRow(models.Model):
    """What members were told of a change of terms. Kept: for ever, as evidence; it names no member."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    changes = models.JSONField()
    note = models.TextField(default="", blank=True)
    told_at = models.DateTimeField()
    applies_at = models.DateTimeField()
    actor = models.TextField()
    version = models.IntegerField(null=True)
    before_version = models.IntegerField(null=True)
    applied_at = models.DateTimeField(null=True)
    keep_until = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "agreements_telling"
        constraints = [
            models.CheckConstraint(condition=Q(applies_at__gte=F("told_at")), name="A1_told_before_it_applies"),
            models.CheckConstraint(
                condition=Q(version=None, before_version=None, applied_at=None, keep_until=None)
                | Q(
                    version__isnull=False,
                    before_version__isnull=False,
                    version__gt=F("before_version"),
                    before_version__gte=1,
                    applied_at__isnull=False,
                ),
                name="A2_what_applied_names_its_versions",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(version=None), name="A2_withdrawn_or_in_effect_not_both"
            ),
            models.UniqueConstraint(fields=["program", "version"], name="A2_one_telling_per_version"),
            models.CheckConstraint(condition=~Q(actor=""), name="A3_somebody_told_it"),
        ]
        indexes = [models.Index(fields=["program", "-told_at"], name="agreements_telling_of_program")]


class AcknowledgementRow(models.Model):
    """One member's yes to a telling or to the terms of a version. Kept: for ever, as evidence, by her id alone."""

    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey("members.MemberRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    telling = models.ForeignKey(TellingRow, on_delete=models.PROTECT, related_name="+", db_index=False, null=True)
    version = models.IntegerField(null=True)
    source = models.CharField(max_length=60)
    actor = models.TextField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "agreements_acknowledgement"
        constraints = [
            models.UniqueConstraint(fields=["member", "telling"], name="A4_one_yes_to_a_telling"),
            models.UniqueConstraint(fields=["member", "version"], name="A4_one_yes_to_a_version"),
            models.CheckConstraint(
                condition=Q(telling=None, version__isnull=False, version__gte=1)
                | Q(telling__isnull=False, version=None),
                name="A4_yes_to_a_telling_or_a_version",
            ),
            models.CheckConstraint(condition=~Q(source="") & ~Q(actor=""), name="A5_where_and_by_whom"),
        ]
        indexes = [models.Index(fields=["telling"], name="agreements_yes_to_telling")]

"""Tables of consent. Each promise in README.md is a constraint or a trigger here."""

from django.db import models
from django.db.models import Q


class EventRow(models.Model):
    """One act of granting or withdrawing. Kept: for ever, as evidence; it names nobody but a member's id."""

    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey("members.MemberRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    purpose = models.CharField(max_length=60)
    channel = models.CharField(max_length=60, default="", blank=True)
    topic = models.CharField(max_length=60, default="", blank=True)
    granted = models.BooleanField()
    text_version = models.CharField(max_length=60, default="", blank=True)
    source = models.CharField(max_length=60, default="", blank=True)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    key = models.CharField(max_length=200, null=True)

    class Meta:
        db_table = "consent_event"
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="C1_one_event_per_key"),
            models.CheckConstraint(condition=~Q(purpose=""), name="C2_a_consent_has_a_purpose"),
            models.CheckConstraint(
                condition=Q(granted=False) | ~Q(text_version=""), name="C3_a_grant_names_its_text"
            ),
            models.CheckConstraint(condition=~Q(actor=""), name="C4_somebody_told_it"),
        ]
        indexes = [
            models.Index(fields=["member", "purpose", "channel", "topic", "-at", "-id"], name="consent_standing"),
        ]


class TextRow(models.Model):
    """The words of a consent in one language. Kept: for ever, as evidence."""

    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    purpose = models.CharField(max_length=60)
    version = models.CharField(max_length=60)
    language = models.CharField(max_length=20)
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField()

    class Meta:
        db_table = "consent_text"
        constraints = [
            models.UniqueConstraint(
                fields=["program", "purpose", "version", "language"], name="C5_one_text_per_version_and_language"
            ),
            models.CheckConstraint(condition=~Q(text="") & ~Q(version=""), name="C6_a_text_says_something"),
        ]

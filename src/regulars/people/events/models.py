"""Tables of events. Each promise in README.md is a constraint here."""

from django.db import models
from django.db.models import Q


class TypeRow(models.Model):
    """A declared type of event. Kept: as long as the program."""

    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=60)
    name = models.CharField(max_length=120, default="", blank=True)
    schema = models.JSONField(default=dict)
    months_kept = models.SmallIntegerField()

    class Meta:
        db_table = "events_type"
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="E1_one_type_per_key"),
            models.CheckConstraint(condition=Q(months_kept__range=(1, 120)), name="E2_kept_one_to_120_months"),
        ]


class EventRow(models.Model):
    """Something that somebody did. Kept: the months of its type after it was recorded, then pruned in batches."""

    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    type = models.ForeignKey(TypeRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(
        "members.MemberRow", on_delete=models.PROTECT, related_name="+", db_index=False, null=True, blank=True
    )
    anonymous_id = models.CharField(max_length=120, null=True, blank=True)
    event_id = models.CharField(max_length=120)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    properties = models.JSONField(default=dict)

    class Meta:
        db_table = "events_event"
        constraints = [
            models.UniqueConstraint(fields=["program", "event_id"], name="E3_one_event_per_id"),
            models.CheckConstraint(
                condition=Q(member__isnull=False, anonymous_id=None) | Q(member=None, anonymous_id__isnull=False),
                name="E4_somebody_did_it",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-at", "-id"], name="events_of_member", condition=Q(member__isnull=False)),
            models.Index(
                fields=["program", "anonymous_id"], name="events_of_stranger", condition=Q(anonymous_id__isnull=False)
            ),
            models.Index(fields=["type", "recorded_at"], name="events_age"),
        ]

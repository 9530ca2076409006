"""The table of merges. Each promise in README.md is a constraint here."""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q

from regulars.governance.identity.terms import UNDO_DAYS


class MergeRow(models.Model):
    """A merge and how to undo it; ids and field names only. Kept: for ever, because ids redirect for ever."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    from_member = models.ForeignKey(
        "members.MemberRow", on_delete=models.PROTECT, related_name="+", db_column="from_id"
    )
    into_member = models.ForeignKey(
        "members.MemberRow", on_delete=models.PROTECT, related_name="+", db_column="into_id"
    )
    reason = models.CharField(max_length=200)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    record = models.JSONField()
    moved = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=80, default="", blank=True)
    undone_reason = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        db_table = "identity_merge"
        constraints = [
            models.UniqueConstraint(
                fields=["from_member"], condition=Q(undone_at=None), name="I1_a_member_is_merged_once_at_a_time"
            ),
            models.CheckConstraint(
                condition=~Q(from_member=F("into_member")), name="I2_a_member_is_merged_into_another"
            ),
            models.CheckConstraint(
                condition=Q(undone_at=None) | Q(undone_at__lt=F("at") + timedelta(days=UNDO_DAYS)),
                name="I3_undone_within_30_days",
            ),
            models.CheckConstraint(
                condition=Q(undone_at=None, undone_by="") | (Q(undone_at__isnull=False) & ~Q(undone_by="")),
                name="I4_somebody_undid_it",
            ),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(actor=""), name="I5_somebody_merged_for_a_reason"),
        ]

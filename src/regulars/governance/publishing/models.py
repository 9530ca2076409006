"""The table of publishing: every version of every program's document, as it was applied."""

from django.db import models


class VersionRow(models.Model):
    """One applied document; append-only. Kept: for ever, because journals and orders name its number."""

    pk = models.CompositePrimaryKey("program", "number")
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.IntegerField()
    document = models.JSONField()
    text = models.TextField(help_text="The document as YAML.")
    digest = models.CharField(max_length=64)
    note = models.TextField(default="", blank=True)
    actor = models.TextField()
    applied_at = models.DateTimeField()

    class Meta:
        db_table = "publishing_version"
        constraints = [
            models.CheckConstraint(condition=models.Q(number__gte=1), name="V2_versions_are_numbered_from_1"),
            models.CheckConstraint(condition=~models.Q(actor=""), name="V5_somebody_applied_it"),
        ]


class PreviewRow(models.Model):
    """A draft tried on lately recorded orders: what was asked, how far it is, what came out. Kept: 90 days."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    draft_id = models.UUIDField()
    revision = models.IntegerField()
    body = models.JSONField()
    state = models.CharField(max_length=10)
    done = models.IntegerField(default=0)
    total = models.IntegerField(default=0)
    report = models.JSONField(null=True)
    actor = models.TextField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "publishing_preview"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="running", finished_at=None)
                | models.Q(state__in=["finished", "failed"], finished_at__isnull=False),
                name="V8_a_finished_preview_says_when",
            ),
        ]
        indexes = [models.Index(fields=["program", "draft_id", "-started_at"], name="publishing_previews_of_draft")]

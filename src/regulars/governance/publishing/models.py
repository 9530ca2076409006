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
    notes = models.JSONField(default=dict, help_text="Notes on objects whose tables hold the present only.")
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


class ScheduleRow(models.Model):
    """A whole document that is to apply at an instant. Kept: for ever, as the versions that come of them."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    base_version = models.IntegerField()
    document = models.JSONField()
    at = models.DateTimeField()
    state = models.CharField(max_length=10)
    telling_id = models.UUIDField(null=True)
    note = models.TextField(default="", blank=True)
    actor = models.TextField()
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.TextField(default="", blank=True)
    version = models.IntegerField(null=True)
    refusal = models.JSONField(null=True)

    class Meta:
        db_table = "publishing_schedule"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="waiting", ended_at=None, version=None)
                | models.Q(state="applied", ended_at__isnull=False, version__isnull=False, version__gte=1)
                | models.Q(state__in=["refused", "withdrawn"], ended_at__isnull=False, version=None),
                name="V9_a_schedule_ends_once",
            ),
            models.CheckConstraint(condition=~models.Q(actor=""), name="V9_somebody_scheduled_it"),
        ]
        indexes = [
            models.Index(fields=["at"], condition=models.Q(state="waiting"), name="publishing_schedule_due"),
            models.Index(fields=["program", "-created_at"], name="publishing_schedule_of_program"),
        ]


class DraftRow(models.Model):
    """A whole document that is being written and needs a second person. Kept: for ever, as who approved what."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    title = models.CharField(max_length=200)
    text = models.TextField()
    base_version = models.IntegerField()
    state = models.CharField(max_length=10)
    revision = models.IntegerField(default=1)
    writers = models.JSONField(default=list)
    approved_by = models.TextField(default="", blank=True)
    steps = models.JSONField(default=list)
    version = models.IntegerField(null=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "publishing_draft"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["approved", "published"]) ^ models.Q(approved_by=""),
                name="V10_approved_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["program", "-id"], name="publishing_draft_of_program")]


class EstimateRow(models.Model):
    """What a document would have cost by the orders of last year: how far it is, what came out. Kept: 90 days."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    seed = models.IntegerField()
    most = models.IntegerField()
    state = models.CharField(max_length=10)
    done = models.IntegerField(default=0)
    total = models.IntegerField(default=0)
    report = models.JSONField(null=True)
    actor = models.TextField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "publishing_estimate"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="running", finished_at=None)
                | models.Q(state__in=["finished", "failed"], finished_at__isnull=False),
                name="V13_a_finished_estimate_says_when",
            ),
        ]
        indexes = [models.Index(fields=["program", "-started_at"], name="publishing_estimate_of_program")]

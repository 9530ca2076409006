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

"""Tables of imports: the jobs, and the rows that stayed out. Rows on their way in lie in staging tables."""

from django.db import models
from django.db.models import F, Q

from regulars.interfaces.imports.terms import Kind, State


class JobRow(models.Model):
    """One file on its way in. Kept: for ever; it names the file and its digest, and holds no row of it."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10)
    source = models.CharField(max_length=60)
    file = models.CharField(max_length=200)
    path = models.CharField(max_length=1000)
    digest = models.CharField(max_length=64)
    size = models.BigIntegerField()
    mapping = models.JSONField()
    mapping_digest = models.CharField(max_length=64)
    state = models.CharField(max_length=10, default=State.WAITING)
    staged = models.BooleanField(default=False)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    rejected = models.BigIntegerField(default=0)
    report = models.JSONField(default=dict)
    rejects_path = models.CharField(max_length=1000, null=True)
    actor = models.CharField(max_length=80)
    error = models.CharField(max_length=500, null=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "imports_job"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=list(Kind)), name="I1_kind_is_known"),
            models.CheckConstraint(condition=Q(state__in=list(State)), name="I1_state_is_known"),
            models.CheckConstraint(
                condition=Q(done__gte=0) & (Q(total=None) | Q(done__lte=F("total"))), name="I2_never_more_than_all"
            ),
            models.UniqueConstraint(
                fields=["program", "kind", "digest", "mapping_digest"],
                condition=~Q(state__in=[State.FINISHED, State.CANCELLED]),
                name="I3_a_file_has_one_open_job",
            ),
        ]
        indexes = [models.Index(fields=["program", "-created_at"], name="imports_recent")]


class RejectRow(models.Model):
    """A row that stayed out: its line and why, never its content. Kept: 400 days after its job began."""

    job = models.ForeignKey(JobRow, on_delete=models.CASCADE, related_name="+", db_index=False)
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    line = models.BigIntegerField()
    reason = models.CharField(max_length=80)

    class Meta:
        db_table = "imports_reject"
        constraints = [
            models.UniqueConstraint(fields=["job", "line", "reason"], name="I4_a_row_is_rejected_once_for_a_reason")
        ]

"""Tables of promotions: the rules of each published version, which never change."""

from django.db import models

from regulars.value.promotions.terms.drafts import OPEN_STATES, DraftState


class VersionRow(models.Model):
    """One version's policies; its presence says that the version's rules are complete. Kept: for ever."""

    pk = models.CompositePrimaryKey("program", "version")
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.IntegerField()
    currency = models.CharField(max_length=3)
    policies = models.JSONField(default=dict)

    class Meta:
        db_table = "promotions_version"
        constraints = [
            models.CheckConstraint(condition=models.Q(version__gte=1), name="R1_a_version_is_a_number_from_1"),
        ]


class RuleRow(models.Model):
    """One earn rule of one version, as the document says it. Kept: for ever, because journals name the version."""

    pk = models.CompositePrimaryKey("program", "version", "key")
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.IntegerField()
    key = models.TextField()
    place = models.SmallIntegerField()
    body = models.JSONField()

    class Meta:
        db_table = "promotions_rule"


class DraftRow(models.Model):
    """A promotion on its way to be published, with all that was done to it. Kept: for ever."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.TextField()
    state = models.CharField(max_length=12)
    body = models.JSONField()
    base = models.JSONField(null=True)
    revision = models.IntegerField(default=1)
    writers = models.JSONField(help_text="All hands that wrote the body: none of them may approve it.")
    approved_by = models.TextField(default="", blank=True)
    version = models.IntegerField(null=True)
    steps = models.JSONField()
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "promotions_draft"
        constraints = [
            models.UniqueConstraint(
                fields=["program", "key"],
                condition=models.Q(state__in=list(OPEN_STATES)),
                name="R21_one_open_draft_a_promotion",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=list(DraftState)), name="R21_a_drafts_state_is_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=[DraftState.APPROVED, DraftState.PUBLISHED])
                | ~models.Q(approved_by=""),
                name="R22_nothing_is_published_unseen",
            ),
            models.CheckConstraint(
                condition=models.Q(state=DraftState.PUBLISHED, version__isnull=False)
                | (~models.Q(state=DraftState.PUBLISHED) & models.Q(version=None)),
                name="R23_a_published_draft_names_its_version",
            ),
        ]
        indexes = [models.Index(fields=["program", "-id"], name="promotions_drafts_by_age")]

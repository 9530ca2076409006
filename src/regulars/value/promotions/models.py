"""Tables of promotions: what each version says, which never changes, drafts, and how much of limits is used."""

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


class BodyRow(models.Model):
    """What a promotion says, once for all versions that say the same (a body may list 10,000 goods).

    `digest` is the SHA-256 of the body's canonical JSON, cut to 16 bytes. Kept: for ever, with the versions.
    """

    pk = models.CompositePrimaryKey("program", "digest")
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    digest = models.BinaryField()
    body = models.JSONField()

    class Meta:
        db_table = "promotions_body"


class PromotionRow(models.Model):
    """One promotion of one version, or what the coupons of a template give (`coupon:<template>`).

    Kept: for ever, because orders name promotion and version.
    """

    pk = models.CompositePrimaryKey("program", "version", "key")
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.IntegerField()
    key = models.TextField()
    place = models.SmallIntegerField()
    digest = models.BinaryField()

    class Meta:
        db_table = "promotions_promotion"


class UsageRow(models.Model):
    """How much of a limit or budget beyond the member is used; a hot budget has rows `key#nn` for its slots too.

    `granted` of a slot is what it may give out, of the budget's own row the sum over its slots; `ceiling` is the
    limit under which the slots were granted. Written only by the stored functions of sql/usage.sql.
    Kept: limits of a day, week, month or year until they ended too long ago to matter; budgets for ever.
    """

    pk = models.CompositePrimaryKey("program", "key")
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.TextField()
    used = models.BigIntegerField(default=0, db_default=0)
    granted = models.BigIntegerField(default=0, db_default=0)
    ceiling = models.BigIntegerField(null=True)

    class Meta:
        db_table = "promotions_usage"
        constraints = [
            models.CheckConstraint(condition=models.Q(used__gte=0), name="R11_no_more_is_given_back_than_was_taken"),
        ]


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

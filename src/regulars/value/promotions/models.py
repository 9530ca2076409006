"""Tables of promotions: the rules of each published version, which never change."""

from django.db import models


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

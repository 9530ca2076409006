"""What the overview shows, counted beforehand: a page never counts a big table."""

from __future__ import annotations

from django.db import models


class FigureRow(models.Model):
    """One figure of one local day of a program. Kept: as long as the program; made anew at every count."""

    program_id = models.IntegerField()
    day = models.DateField()
    name = models.CharField(max_length=80)
    value = models.BigIntegerField()

    class Meta:
        db_table = "console_figure"
        constraints = [
            models.UniqueConstraint(fields=["program_id", "name", "day"], name="console_one_figure_a_day"),
        ]


class CountRow(models.Model):
    """When a program's figures were last counted, how long it took, and what has no day. Kept: one row a program."""

    program_id = models.IntegerField(primary_key=True)
    counted_at = models.DateTimeField()
    milliseconds = models.IntegerField()
    members = models.BigIntegerField()
    active = models.BigIntegerField()

    class Meta:
        db_table = "console_count"

"""Tables of assurance."""

from __future__ import annotations

from django.db import models

from regulars.governance.assurance.terms import RunState


class RunRow(models.Model):
    """A proof of every promise. Kept: two years."""

    program_id = models.IntegerField(null=True, db_index=True)
    state = models.CharField(max_length=10, choices=[(s, s) for s in RunState])
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    count = models.IntegerField(default=0)
    findings = models.JSONField(default=list)
    actor = models.CharField(max_length=120)

    class Meta:
        db_table = "assurance_run"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="running", finished_at=None) | ~models.Q(state="running"),
                name="A1_a_finished_proof_says_when",
            ),
        ]

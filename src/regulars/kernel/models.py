"""The kernel's tables: what has happened, who has been told, and which nights have been worked."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class FactRow(models.Model):
    """One thing that happened, waiting for its reactions. Stored functions of the hot path insert into it too.

    Kept: 30 days after it is done (`outbox.prune`); a dead letter until somebody replays it.
    """

    program_id = models.IntegerField()
    member_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=80)
    body = models.JSONField()
    announced_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)
    tries = models.SmallIntegerField(db_default=0)
    next_try_at = models.DateTimeField(null=True, help_text="Empty: at once.")
    last_error = models.TextField(db_default="")
    dead_at = models.DateTimeField(null=True)
    replayed_at = models.DateTimeField(null=True)
    replayed_by = models.TextField(db_default="")

    class Meta:
        db_table = "kernel_fact"
        # One index beside the key: each costs every sale something, also where it holds no row of it. That a fact is
        # not done and dead at once is seen to when it changes (trigger `fact_is_done_or_dead`): it is born neither.
        indexes = [
            models.Index(
                models.F("next_try_at").asc(nulls_first=True),
                "id",
                condition=Q(done_at=None),
                name="fact_not_done",
            ),
        ]


class DeliveryRow(models.Model):
    """One reaction that has taken effect. The row and the effect commit together.

    Kept: as long as its fact.
    """

    pk = models.CompositePrimaryKey("fact", "reaction")
    fact = models.ForeignKey(FactRow, on_delete=models.CASCADE, related_name="+", db_index=False)
    reaction = models.CharField(max_length=80)

    class Meta:
        db_table = "kernel_delivery"


class NightRow(models.Model):
    """One step of one program's night: how far it has come.

    Kept: 400 days after it is done (`nights.forget_old`), so that "was last year's expiry run?" has an answer.
    """

    program_id = models.IntegerField()
    day = models.DateField(help_text="The local day that began at this midnight.")
    step = models.CharField(max_length=80)
    cursor = models.TextField(db_default="")
    batches = models.IntegerField(db_default=0)
    started_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "kernel_night"
        constraints = [
            models.UniqueConstraint(fields=["program_id", "day", "step"], name="a_step_of_a_night_is_run_once"),
        ]


class ProgramKeyRow(models.Model):
    """One key of one program, wrapped by the master key. Kept: as long as anything sealed under it is kept."""

    class Kind(models.TextChoices):
        DATA = "data"  # wraps the data keys of members; rotated
        BLIND = "blind"  # keys the blind index; never rotated, or no look-up would find anything any more
        SIGN = "sign"  # Ed25519; `public` verifies what it signed

    program_id = models.IntegerField()
    kind = models.TextField(choices=Kind.choices)
    version = models.IntegerField()
    wrapped = models.BinaryField()
    master_print = models.BinaryField(help_text="Tells which master key wraps it, and nothing about that key.")
    public = models.BinaryField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "kernel_program_key"
        constraints = [
            models.UniqueConstraint(name="one_program_key_per_version", fields=["program_id", "kind", "version"]),
            models.UniqueConstraint(
                name="one_live_program_key_per_kind", fields=["program_id", "kind"], condition=Q(retired_at=None)
            ),
            models.CheckConstraint(
                name="a_program_key_has_a_known_kind", condition=Q(kind__in=["data", "blind", "sign"])
            ),
            models.CheckConstraint(name="program_key_versions_begin_at_one", condition=Q(version__gte=1)),
        ]


class IdempotencyRow(models.Model):
    """The first answer to a mutating call, replayed for the same key. Kept: 30 days (`idempotency.forget_old`)."""

    pk = models.CompositePrimaryKey("program_id", "key")
    program_id = models.IntegerField()
    key = models.TextField()
    request_hash = models.BinaryField()
    status = models.SmallIntegerField()
    body = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "kernel_idempotency"
        # `only_answers_are_kept` is a domain of `status` (0002): PostgreSQL reads a CHECK's text for every statement
        # No index by time: the old rows lie in front, where a scan of the night meets them first.

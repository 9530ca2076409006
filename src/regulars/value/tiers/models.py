"""Tables of tiers: the levels of each version, where members stand, and every move."""

from django.db import models
from django.db.models import Q


class LevelRow(models.Model):
    """One level of a ladder in one published version. Kept: for ever, because moves name it."""

    pk = models.CompositePrimaryKey("program", "version", "ladder", "place")
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.IntegerField()
    ladder = models.TextField()
    ladder_place = models.SmallIntegerField()
    ladder_names = models.JSONField(default=dict)
    measure = models.TextField()
    place = models.SmallIntegerField()
    key = models.TextField()
    names = models.JSONField(default=dict)
    enter = models.BigIntegerField()

    class Meta:
        db_table = "tiers_level"
        constraints = [
            models.UniqueConstraint(fields=["program", "version", "key"], name="T1_a_level_is_named_once"),
            models.UniqueConstraint(
                fields=["program", "version", "ladder", "enter"], name="T1_two_levels_are_never_entered_at_once"
            ),
            models.CheckConstraint(
                condition=Q(place=0, enter=0) | Q(place__gt=0, enter__gt=0),
                name="T1_the_first_level_is_for_everybody",
            ),
        ]


class StandingRow(models.Model):
    """Where a member stands on a ladder. No row: on the lowest level, never reviewed. Kept: as long as the member."""

    pk = models.CompositePrimaryKey("member_id", "ladder")
    member_id = models.UUIDField()
    ladder = models.TextField()
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    ladder_place = models.SmallIntegerField()
    level = models.TextField(null=True)  # null only while a first review runs
    since = models.DateTimeField(null=True)
    version = models.IntegerField()

    class Meta:
        db_table = "tiers_standing"
        indexes = [models.Index(fields=["program", "ladder", "level"], name="tiers_standing_by_level")]


class MoveRow(models.Model):
    """One rise or fall and its cause; append-only. Kept: for ever (it holds no personal data)."""

    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    member_id = models.UUIDField()
    ladder = models.TextField()
    from_level = models.TextField()
    to_level = models.TextField()
    value = models.BigIntegerField()
    cause = models.TextField()
    version = models.IntegerField()
    moved_at = models.DateTimeField()

    class Meta:
        db_table = "tiers_move"
        constraints = [
            models.CheckConstraint(condition=~Q(from_level=models.F("to_level")), name="T3_a_move_goes_somewhere"),
        ]
        indexes = [models.Index(fields=["member_id", "-id"], name="tiers_move_of_member")]

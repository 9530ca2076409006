"""Tables of tiers: the ladders of each version, where members stand and why, every move, what was given by hand."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q


class LadderRow(models.Model):
    """A ladder as one published version tells it. Kept: for ever, because moves name it."""

    pk = models.CompositePrimaryKey("program", "version", "ladder")
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.IntegerField()
    ladder = models.TextField()
    place = models.SmallIntegerField()
    since = models.DateTimeField(help_text="From when on it judges; the first one: from the beginning.")
    digest = models.TextField(help_text="Of what judges, without names and notes.")
    body = models.JSONField()

    class Meta:
        db_table = "tiers_ladder"


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
    enter = models.BigIntegerField(null=True, help_text="Of the first measure; null: it can only be given.")

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
    """Where a member stands on a ladder. No row: on the lowest level, never reviewed. Kept: as long as the member.

    `level` is what holds: what was locked by hand, else the higher of what she earned and what she was given. The
    rest is what the walk over her facts knew at `walked_to`, having seen her journal up to `seen`.
    """

    pk = models.CompositePrimaryKey("member_id", "ladder")
    member_id = models.UUIDField()
    ladder = models.TextField()
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    ladder_place = models.SmallIntegerField()
    level = models.TextField(null=True)  # null only while a first review runs
    since = models.DateTimeField(null=True)
    version = models.IntegerField()
    by = models.TextField(default="earned", db_default="earned")
    earned = models.TextField(null=True)
    earned_since = models.DateTimeField(null=True)
    anchor = models.DateField(null=True, help_text="The day from which its months are counted.")
    valid_until = models.DateTimeField(null=True)
    grace_until = models.DateTimeField(null=True)
    ruled = models.DateTimeField(null=True)
    why = models.TextField(null=True)
    walked_to = models.DateTimeField(null=True)
    seen = models.BigIntegerField(null=True)
    amounts = ArrayField(models.BigIntegerField(), null=True)
    look_at = models.DateTimeField(null=True, help_text="When something changes though nothing new comes.")
    falls_on = models.DateTimeField(null=True)
    falls_to = models.TextField(null=True)
    rises_on = models.DateTimeField(null=True)
    rises_to = models.TextField(null=True)
    told_for = models.DateTimeField(null=True, help_text="The fall that she was told of.")
    still_from = models.DateTimeField(null=True, help_text="Nothing that is known changes her amounts after it.")

    class Meta:
        db_table = (
            "tiers_standing"  # half full, and no index holds what changes: a night rewrites rows where they lie
        )
        constraints = [
            models.CheckConstraint(
                condition=Q(by__in=["earned", "granted", "locked"]), name="T2_a_level_is_by_something"
            ),
            models.CheckConstraint(
                condition=Q(grace_until=None) | Q(valid_until__isnull=False, grace_until__gte=F("valid_until")),
                name="T7_grace_comes_after_validity",
            ),
        ]


class MoveRow(models.Model):
    """One rise or fall and its cause; append-only. Kept: for ever (it holds no personal data)."""

    program = models.ForeignKey(  # the standing's is checked; a check for each of a night's moves took a tenth of it
        "programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    member_id = models.UUIDField()
    ladder = models.TextField()
    from_level = models.TextField()
    to_level = models.TextField()
    value = models.BigIntegerField()
    cause = models.TextField()
    version = models.IntegerField()
    moved_at = models.DateTimeField()
    effective_at = models.DateTimeField(null=True, help_text="Since when it holds by the facts.")
    why = models.TextField(default="", db_default="")

    class Meta:
        db_table = "tiers_move"
        constraints = [
            models.CheckConstraint(condition=~Q(from_level=models.F("to_level")), name="T3_a_move_goes_somewhere"),
        ]
        indexes = [models.Index(fields=["member_id", "-id"], name="tiers_move_of_member")]


class GivenRow(models.Model):
    """A level given beside what is earned (`grant`), or held by hand whatever is earned (`lock`). Kept: for ever."""

    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    member_id = models.UUIDField()
    given_to = models.UUIDField(help_text="Who got it; another than `member_id` once she was merged.")
    ladder = models.TextField()
    level = models.TextField()
    kind = models.TextField()
    source = models.TextField(help_text="What gave it: `subscription/…`, `promotion/…`, `hand`.")
    until = models.DateTimeField(null=True)
    reason = models.TextField(default="")
    given_by = models.TextField()
    given_at = models.DateTimeField()
    ended_by = models.TextField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "tiers_given"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["grant", "lock"]), name="T8_the_kind_is_known"),
            models.CheckConstraint(condition=Q(kind="grant") | ~Q(reason=""), name="T8_a_lock_has_a_reason"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None) | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="T8_who_ended_it_is_known",
            ),
            models.UniqueConstraint(
                fields=["member_id", "ladder", "kind", "source"],
                condition=Q(ended_at=None),
                name="T8_a_source_gives_one_level",
            ),
            models.UniqueConstraint(
                fields=["member_id", "ladder"], condition=Q(ended_at=None, kind="lock"), name="T8_one_lock_at_a_time"
            ),
        ]


class MilestoneRow(models.Model):
    """A milestone inside a level that a member has reached, once per period. Kept: as long as the member."""

    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    member_id = models.UUIDField()
    ladder = models.TextField()
    level = models.TextField()
    milestone = models.TextField()
    period = models.TextField(
        help_text="The first day of the year it was reached in; empty where years do not count."
    )
    value = models.BigIntegerField()
    version = models.IntegerField()
    reached_at = models.DateTimeField()

    class Meta:
        db_table = "tiers_milestone"
        constraints = [
            models.UniqueConstraint(
                fields=["member_id", "ladder", "level", "milestone", "period"], name="T9_a_milestone_is_reached_once"
            ),
        ]

"""Tables of care. Each promise in README.md that a table can keep is a named constraint here."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from regulars.people.care.terms import FollowUpState, PreferenceType

KEY = r"^[a-z0-9][a-z0-9_.-]*$"
PROGRAM = "programs.ProgramRow"
MEMBER = "members.MemberRow"


class AdviserRow(models.Model):
    """A person of the staff who looks after members. Kept: for ever (retired), because assignments name her."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_index=False)
    user = models.ForeignKey("staff.StaffUser", models.PROTECT, related_name="+", verbose_name=_("person"))
    kind = models.CharField(_("kind"), max_length=64)
    store = models.ForeignKey(
        "programs.StoreRow", models.PROTECT, related_name="+", null=True, db_index=False, verbose_name=_("store")
    )
    capacity = models.IntegerField(_("capacity"))
    members = models.IntegerField(_("members"), default=0)
    active = models.BooleanField(_("active"), default=True)
    given_at = models.DateTimeField(null=True, help_text="When she last got a member: the longest waiting is next.")

    class Meta:
        db_table = "care_adviser"
        verbose_name = _("adviser")
        verbose_name_plural = _("advisers")
        constraints = [
            models.UniqueConstraint(fields=["program", "user", "kind"], name="C1_a_person_advises_once_per_kind"),
            models.CheckConstraint(condition=Q(kind__regex=KEY), name="C1_the_kind_is_a_slug"),
            models.CheckConstraint(condition=Q(capacity__gte=0), name="C3_capacity_is_not_negative"),
            models.CheckConstraint(condition=Q(members__gte=0), name="C3_nobody_is_counted_below_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.user_id}"


class AssignmentRow(models.Model):
    """A member in somebody's care, now or before. Kept: as long as the member; it holds no words about her."""

    program = models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(MEMBER, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=64)
    adviser = models.ForeignKey(AdviserRow, models.PROTECT, related_name="+", db_index=False)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    source = models.CharField(max_length=60)
    actor = models.CharField(max_length=120)
    ended_by = models.CharField(max_length=120, default="")

    class Meta:
        db_table = "care_assignment"
        constraints = [
            models.UniqueConstraint(
                fields=["member", "kind"], condition=Q(until=None), name="C2_one_adviser_now_per_member_and_kind"
            ),
            models.CheckConstraint(
                condition=Q(until=None, ended_by="") | (Q(until__gte=F("since")) & ~Q(ended_by="")),
                name="C2_what_ended_ended_after_it_began_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["adviser", "id"], condition=Q(until=None), name="care_assignment_now"),
            models.Index(fields=["member", "-id"], name="care_assignment_of_member"),
        ]


class NoteRow(models.Model):
    """What was noted of a member, sealed with her key. Kept: until erased, or she is forgotten."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(MEMBER, models.PROTECT, related_name="+", db_index=False)
    body = models.BinaryField(null=True)
    actor = models.CharField(max_length=120)
    written_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)
    erased_by = models.CharField(max_length=120, default="")

    class Meta:
        db_table = "care_note"
        constraints = [
            models.CheckConstraint(
                condition=Q(erased_at=None, body__isnull=False, erased_by="")
                | (Q(erased_at__isnull=False, body=None) & ~Q(erased_by="")),
                name="C4_an_erased_note_has_no_words",
            ),
        ]
        indexes = [models.Index(fields=["member", "-written_at"], name="care_note_of_member")]


class FollowUpRow(models.Model):
    """Something to do for a member, its words sealed with her key. Kept: until she is forgotten."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(MEMBER, models.PROTECT, related_name="+", db_index=False)
    body = models.BinaryField()
    due_on = models.DateField()
    assignee = models.ForeignKey("staff.StaffUser", models.PROTECT, related_name="+", null=True, db_index=False)
    state = models.CharField(max_length=8, default=FollowUpState.OPEN.value)
    outcome = models.BinaryField(null=True)
    made_by = models.CharField(max_length=120)
    made_at = models.DateTimeField()
    closed_by = models.CharField(max_length=120, default="")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "care_follow_up"
        constraints = [
            models.CheckConstraint(
                condition=Q(state=FollowUpState.OPEN.value, closed_at=None, closed_by="", outcome=None)
                | (Q(state__in=["done", "dropped"], closed_at__isnull=False) & ~Q(closed_by="")),
                name="C5_what_is_closed_was_closed_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["assignee", "due_on"], condition=Q(state="open"), name="care_follow_up_open"),
            models.Index(fields=["member", "-made_at"], name="care_follow_up_of_member"),
        ]


class PreferenceRow(models.Model):
    """A declared preference. Kept: for ever (retired), because values name it."""

    pk = models.CompositePrimaryKey("program", "key")
    program = models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=64)
    place = models.SmallIntegerField()
    names = models.JSONField(default=dict)
    type = models.CharField(max_length=8)
    choices = models.JSONField(default=list)
    till = models.BooleanField(default=False)
    note = models.CharField(max_length=500, default="")
    active = models.BooleanField(default=True)

    class Meta:
        db_table = "care_preference"
        constraints = [
            models.CheckConstraint(condition=Q(key__regex=KEY), name="C6_the_key_is_a_slug"),
            models.CheckConstraint(
                condition=Q(type__in=[t.value for t in PreferenceType]), name="C6_the_type_is_known"
            ),
        ]


class LikingRow(models.Model):
    """What a member prefers; words are sealed with her key. Kept: until taken back, or she is forgotten."""

    program = models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(MEMBER, models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=64)
    value = models.JSONField(null=True)
    words = models.BinaryField(null=True)
    source = models.CharField(max_length=60)
    actor = models.CharField(max_length=120)
    set_at = models.DateTimeField()

    class Meta:
        db_table = "care_liking"
        constraints = [
            models.UniqueConstraint(fields=["member", "key"], name="C6_a_member_prefers_once_per_key"),
            models.CheckConstraint(
                condition=Q(value__isnull=True, words__isnull=False) | Q(value__isnull=False, words__isnull=True),
                name="C6_a_value_is_plain_or_sealed",
            ),
        ]

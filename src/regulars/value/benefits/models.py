"""Tables of benefits: what each version offers, what members hold, chose, used, and what occasions brought."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from regulars.value.benefits.terms import GiftState, HoldingKind, Kind, OnReversal, Period, UseState


def _program() -> Any:
    return models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)


def _keys(**more: Any) -> Any:
    return ArrayField(models.TextField(), db_default=[], **more)


class BenefitRow(models.Model):
    """A benefit in one published version. Kept: for ever, because uses name it."""

    pk = models.CompositePrimaryKey("program", "version", "key")
    program = _program()
    version = models.IntegerField()
    key = models.TextField()
    place = models.IntegerField()
    kind = models.TextField()
    times = models.IntegerField(null=True, help_text="How often in a period; null: without a quota.")
    period = models.TextField()
    levels = _keys(help_text="ladder/level, with those above where the document says so.")
    plans = _keys()
    packs = _keys(help_text="Packs that the benefit itself names, and packs that name it.")
    audiences = _keys()
    choices = _keys(help_text="Benefits by which it can be chosen.")
    everyone = models.BooleanField(db_default=False)
    comes_by_itself = models.BooleanField(db_default=False)
    before_days = models.SmallIntegerField(db_default=0)
    after_days = models.SmallIntegerField(db_default=0)
    is_mar1 = models.BooleanField(db_default=False)
    days = models.JSONField(null=True, help_text="Which days are member days.")
    pick = models.SmallIntegerField(null=True, help_text="How many of a choice.")
    cost_minor = models.BigIntegerField(db_default=0)
    funder = models.TextField(db_default="")
    on_reversal = models.TextField(db_default=OnReversal.RETURN)
    body = models.JSONField(help_text="The entry of the document, canonical.")

    class Meta:
        db_table = "benefits_benefit"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=list(Kind)), name="E1_a_kind_is_known"),
            models.CheckConstraint(condition=Q(period__in=list(Period)), name="E1_a_period_is_known"),
            models.CheckConstraint(
                condition=Q(times__isnull=True) | Q(times__gt=0), name="E1_a_quota_allows_something"
            ),
            models.CheckConstraint(condition=Q(cost_minor__gte=0), name="E1_a_use_costs_nothing_or_more"),
        ]


class PackRow(models.Model):
    """A pack of benefits in one published version. Kept: for ever, because members hold it by its key."""

    pk = models.CompositePrimaryKey("program", "version", "key")
    program = _program()
    version = models.IntegerField()
    key = models.TextField()
    place = models.IntegerField()
    benefits = _keys()
    body = models.JSONField()

    class Meta:
        db_table = "benefits_pack"


class HoldingRow(models.Model):
    """A pack or plan that a member has from one source. Kept: as long as the member; it says who granted it."""

    program = _program()
    member_id = models.UUIDField()
    kind = models.TextField()
    key = models.TextField()
    source = models.TextField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    actor = models.TextField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.TextField(db_default="")

    class Meta:
        db_table = "benefits_holding"
        constraints = [
            models.UniqueConstraint(
                fields=["member_id", "kind", "key", "source"], name="E2_a_source_grants_a_thing_once"
            ),
            models.CheckConstraint(condition=Q(kind__in=list(HoldingKind)), name="E2_a_pack_or_a_plan_is_held"),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by="")
                | (Q(revoked_at__isnull=False) & ~Q(revoked_by="")),
                name="E2_somebody_revoked_it",
            ),
            models.CheckConstraint(condition=~Q(source="") & ~Q(actor=""), name="E2_somebody_granted_it"),
        ]
        indexes = [models.Index(fields=["program", "kind", "key"], name="benefits_holders")]


class QuotaRow(models.Model):
    """How often a member has used a benefit in a period. Kept: as long as its uses, whose sum it is."""

    pk = models.CompositePrimaryKey("member_id", "benefit", "period")
    member_id = models.UUIDField()
    benefit = models.TextField()
    period = models.TextField(help_text="month/2026-11-01, occasion/2026-05-04, lifetime")
    program = _program()
    used = models.IntegerField()

    class Meta:
        db_table = "benefits_quota"
        constraints = [models.CheckConstraint(condition=Q(used__gte=0), name="E4_nothing_is_used_less_than_never")]


class ChoiceRow(models.Model):
    """What a member picked of a choice, for a period. Kept: as long as the member."""

    pk = models.CompositePrimaryKey("member_id", "benefit", "period")
    member_id = models.UUIDField()
    benefit = models.TextField()
    period = models.TextField()
    program = _program()
    picked = _keys()
    chosen_at = models.DateTimeField()
    actor = models.TextField()

    class Meta:
        db_table = "benefits_choice"
        constraints = [models.CheckConstraint(condition=~Q(picked=[]), name="E6_a_choice_picks_something")]


class GiftRow(models.Model):
    """An occasion that brings a member gifts: a birthday, a level reached. Kept: as long as the member."""

    program = _program()
    member_id = models.UUIDField()
    occasion = models.TextField(help_text="birthday/2026, upgrade/main/gold, milestone/main/gold/half/2026, welcome")
    kind = models.TextField()
    state = models.TextField()
    on_day = models.DateField(help_text="The member's local day that it is for.")
    due_on = models.DateField(help_text="The local day on which it arrives.")
    round = models.SmallIntegerField(db_default=1)
    given_at = models.DateTimeField(null=True)
    why = models.TextField(db_default="")

    class Meta:
        db_table = "benefits_gift"
        constraints = [
            models.UniqueConstraint(fields=["member_id", "occasion"], name="E5_an_occasion_comes_once"),
            models.CheckConstraint(condition=Q(state__in=list(GiftState)), name="E5_a_state_of_gifts_is_known"),
            models.CheckConstraint(condition=Q(due_on__gte=F("on_day")), name="E5_no_gift_comes_before_its_day"),
            models.CheckConstraint(
                condition=~Q(state=GiftState.GIVEN) | Q(given_at__isnull=False), name="E5_a_gift_was_given_sometime"
            ),
        ]
        indexes = [
            models.Index(fields=["program", "due_on"], condition=Q(state=GiftState.WAITING), name="benefits_waiting"),
            models.Index(fields=["program", "-id"], condition=Q(state=GiftState.FAILED), name="benefits_failed"),
        ]


class UseRow(models.Model):
    """One use of a benefit. Kept: as long as the member (it holds no personal data); undone ones too."""

    id = models.UUIDField(primary_key=True)
    program = _program()
    member_id = models.UUIDField()
    benefit = models.TextField()
    version = models.IntegerField()
    key = models.TextField()
    period = models.TextField()
    times = models.IntegerField()
    counted = models.BooleanField(help_text="Whether a quota counts it.")
    state = models.TextField(db_default=UseState.USED)
    via = models.TextField()
    level = models.TextField(help_text="The member's level on the first ladder at that moment.")
    cost_minor = models.BigIntegerField(db_default=0)
    funder = models.TextField(db_default="")
    ref = models.TextField(db_default="", help_text="The order or basket that it belongs to.")
    store = models.TextField(db_default="")
    gift = models.ForeignKey(GiftRow, models.PROTECT, null=True, related_name="+", db_index=False)
    given = models.JSONField(db_default=[])
    used_at = models.DateTimeField()
    actor = models.TextField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.TextField(db_default="")
    reason = models.TextField(db_default="")
    returned = models.JSONField(db_default=[])

    class Meta:
        db_table = "benefits_use"
        constraints = [
            models.UniqueConstraint(fields=["member_id", "key"], name="E3_a_key_uses_once"),
            models.CheckConstraint(condition=Q(times__gt=0, cost_minor__gte=0), name="E3_a_use_uses_something"),
            models.CheckConstraint(
                condition=Q(state=UseState.USED, undone_at__isnull=True)
                | (Q(state=UseState.UNDONE, undone_at__isnull=False) & ~Q(undone_by="")),
                name="E3_somebody_undid_it",
            ),
        ]
        indexes = [
            models.Index(fields=["member_id", "-used_at", "-id"], name="benefits_uses_of_member"),
            models.Index(fields=["program", "used_at"], name="benefits_uses_by_time"),
            models.Index(fields=["program", "ref"], condition=~Q(ref=""), name="benefits_uses_of_order"),
            models.Index(fields=["gift"], condition=Q(gift__isnull=False), name="benefits_uses_of_gift"),
        ]


class SweepRow(models.Model):
    """Up to which instant birthdays and anniversaries have been looked at. Kept: for ever, one row a program."""

    program = models.OneToOneField(
        "programs.ProgramRow", on_delete=models.PROTECT, related_name="+", primary_key=True
    )
    birthdays_at = models.DateTimeField()
    anniversaries_at = models.DateTimeField()

    class Meta:
        db_table = "benefits_sweep"

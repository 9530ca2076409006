"""Tables of allowances: tills, signing keys, allowances, uploads, conflicts."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length

from regulars.value.allowances.terms import AllowanceState, Bound, ConflictState, DeviceState, Rule

PROGRAM = "programs.ProgramRow"
STORE = "programs.StoreRow"
models.BinaryField.register_lookup(Length)


class PolicyRow(models.Model):
    """The section `offline` of one published version, and since when it holds. Kept: for ever, sales name it."""

    pk = models.CompositePrimaryKey("program", "version")
    program = models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_index=False)
    version = models.IntegerField()
    body = models.JSONField(null=True)
    applied_at = models.DateTimeField()

    class Meta:
        db_table = "allowances_policy"


class SigningKeyRow(models.Model):
    """A key that signs allowances, sealed; its public half is published. Kept: for ever."""

    program = models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_index=False)
    kid = models.CharField(max_length=8)
    public = models.BinaryField()
    data_key = models.BinaryField()
    sealed = models.BinaryField()
    made_at = models.DateTimeField()
    made_by = models.TextField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "allowances_signing_key"
        constraints = [
            models.UniqueConstraint(fields=["program", "kid"], name="F1_a_key_id_names_one_key"),
            models.UniqueConstraint(fields=["program"], condition=Q(ends_at=None), name="F1_one_key_signs"),
        ]


class DeviceRow(models.Model):
    """A till of a store. Kept: for ever, its orders name it."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(STORE, models.PROTECT, related_name="+")
    key = models.TextField()
    name = models.TextField()
    public_key = models.BinaryField()
    state = models.TextField(default=DeviceState.ACTIVE)
    registered_at = models.DateTimeField()
    registered_by = models.TextField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.TextField(default="")
    revoked_reason = models.TextField(default="")
    upto = models.BigIntegerField(default=0)
    last_seq = models.BigIntegerField(default=0)
    clock_offset_ms = models.BigIntegerField(null=True)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "allowances_device"
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="F2_a_till_is_registered_once"),
            models.CheckConstraint(condition=Q(state__in=list(DeviceState)), name="F2_a_tills_state_is_known"),
            models.CheckConstraint(
                condition=Q(state=DeviceState.ACTIVE, revoked_at=None)
                | Q(state=DeviceState.REVOKED, revoked_at__isnull=False),
                name="F2_a_revoked_till_says_since_when",
            ),
            models.CheckConstraint(condition=Q(public_key__length=32), name="F2_a_till_has_a_key"),
        ]


class AllowanceRow(models.Model):
    """Value set aside for offline use; a hold of the ledger stands behind it. Kept: for ever (it names nobody)."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_index=False)
    member_id = models.UUIDField()
    hold_id = models.UUIDField(unique=True)
    key = models.TextField()
    unit = models.TextField()
    amount = models.BigIntegerField()
    used = models.BigIntegerField(default=0)
    left = models.BigIntegerField()
    bound = models.TextField()
    bound_to = models.TextField()
    state = models.TextField(default=AllowanceState.OPEN)
    issued_at = models.DateTimeField()
    issued_by = models.TextField()
    expires_at = models.DateTimeField()
    hold_until = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    signed_member_id = models.UUIDField(help_text="Whose id was signed; she may have been merged since.")
    kid = models.CharField(max_length=8)
    text = models.TextField()

    class Meta:
        db_table = "allowances_allowance"
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="F3_a_key_issues_once"),
            models.CheckConstraint(condition=Q(state__in=list(AllowanceState)), name="F3_a_state_is_known"),
            models.CheckConstraint(condition=Q(bound__in=list(Bound)), name="F3_an_allowance_is_bound"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, used__gte=0, left__gte=0, used__lte=F("amount") - F("left")),
                name="F4_no_more_is_taken_than_was_set_aside",
            ),
            models.CheckConstraint(
                condition=Q(state=AllowanceState.OPEN, closed_at=None, left__gt=0)
                | (~Q(state=AllowanceState.OPEN) & Q(closed_at__isnull=False, left=0)),
                name="F4_what_is_closed_holds_nothing",
            ),
        ]
        indexes = [
            models.Index(fields=["member_id", "state"], name="allowances_of_member"),
            models.Index(
                fields=["program", "bound", "bound_to"], condition=Q(state="open"), name="allowances_open_of_till"
            ),
            models.Index(fields=["program", "hold_until"], condition=Q(state="open"), name="allowances_ending"),
        ]


class OptInRow(models.Model):
    """A member's wish for allowances at a store. Kept: until she ends it or is forgotten."""

    program = models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_index=False)
    member_id = models.UUIDField()
    store = models.ForeignKey(STORE, models.PROTECT, related_name="+")
    unit = models.TextField()
    amount = models.BigIntegerField()
    since = models.DateTimeField()
    actor = models.TextField()

    class Meta:
        db_table = "allowances_opt_in"
        constraints = [
            models.UniqueConstraint(fields=["member_id", "store", "unit"], name="F5_a_wish_is_said_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="F5_a_wish_is_for_something"),
        ]


class UploadRow(models.Model):
    """One order that a till uploaded, and the answer. Kept: for ever (`body` only of what could not be recorded)."""

    program = models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_index=False)
    device = models.ForeignKey(DeviceRow, models.PROTECT, related_name="+", db_index=False)
    seq = models.BigIntegerField()
    key = models.TextField()
    digest = models.BinaryField()
    chain = models.TextField()
    ref = models.TextField()
    rule_version = models.IntegerField()
    told_at = models.DateTimeField(help_text="By the till's clock.")
    occurred_at = models.DateTimeField(help_text="Corrected by what its clock was wrong.")
    uploaded_at = models.DateTimeField()
    order_id = models.UUIDField(null=True)
    answer = models.JSONField()
    body = models.JSONField(null=True)

    class Meta:
        db_table = "allowances_upload"
        constraints = [
            models.UniqueConstraint(fields=["device", "seq", "digest"], name="F6_an_upload_counts_once"),
        ]
        indexes = [models.Index(fields=["program", "key"], name="allowances_upload_by_key")]


class ConflictRow(models.Model):
    """What did not fit, by which rule it was settled, and what a person decided. Kept: for ever."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_index=False)
    device = models.ForeignKey(DeviceRow, models.PROTECT, related_name="+")
    store = models.ForeignKey(STORE, models.PROTECT, related_name="+")
    seq = models.BigIntegerField()
    ref = models.TextField()
    rule = models.TextField()
    state = models.TextField()
    order_id = models.UUIDField(null=True)
    member_id = models.UUIDField(null=True)
    allowance_id = models.UUIDField(null=True)
    unit = models.TextField(null=True)
    asked = models.BigIntegerField(default=0)
    paid = models.BigIntegerField(default=0)
    unpaid = models.BigIntegerField(default=0)
    facts = models.JSONField(default=dict)
    found_at = models.DateTimeField()
    resolution = models.TextField(null=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.TextField(default="")
    reason = models.TextField(default="")

    class Meta:
        db_table = "allowances_conflict"
        constraints = [
            models.CheckConstraint(condition=Q(rule__in=list(Rule)), name="F7_a_rule_is_known"),
            models.CheckConstraint(condition=Q(state__in=list(ConflictState)), name="F7_a_conflicts_state_is_known"),
            models.CheckConstraint(
                condition=Q(asked=F("paid") + F("unpaid"), paid__gte=0, unpaid__gte=0), name="F7_points_add_up"
            ),
            models.CheckConstraint(
                condition=Q(state=ConflictState.RESOLVED, resolved_at__isnull=False, resolution__isnull=False)
                | (~Q(state=ConflictState.RESOLVED) & Q(resolved_at=None, resolution=None)),
                name="F7_who_resolves_says_how",
            ),
        ]
        indexes = [
            models.Index(fields=["program", "state", "-id"], name="allowances_conflict_listed"),
            models.Index(fields=["member_id"], name="allowances_conflict_of_member"),
        ]

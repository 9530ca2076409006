"""Tables of the ledger. Each promise in README.md is a constraint here, a trigger in sql/, or a nightly proof.

Rows of the hot path carry `program_id` without a foreign key: four look-ups an order would buy nothing, because the
account's key is checked and `discrepancies()` proves that the rows agree with it.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from regulars.value.ledger.terms import AdjustmentState, DebtPolicy, HoldState, UnitKind

SLOTS = ArrayField(models.BigIntegerField(), default=list)


class UnitRow(models.Model):
    """A unit of a program. Kept: for ever (retired, never deleted, because journals name its slot)."""

    pk = models.CompositePrimaryKey("program", "slot")
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    slot = models.SmallIntegerField()
    key = models.TextField()
    names = models.JSONField(default=dict)
    kind = models.TextField()
    scale = models.SmallIntegerField(default=0)
    expiry = models.JSONField(default=dict)
    activation = models.JSONField(default=dict)
    debt_policy = models.TextField()
    value_micro = models.BigIntegerField(null=True)
    adjust_limit = models.BigIntegerField(null=True)
    renewed_by = ArrayField(models.TextField(), default=list)
    transferable = models.BooleanField(default=False)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "ledger_unit"
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="U1_one_unit_per_key"),
            models.CheckConstraint(condition=Q(slot__range=(1, 32)), name="U2_a_slot_is_between_1_and_32"),
            models.CheckConstraint(condition=Q(kind__in=list(UnitKind)), name="U3_the_kind_is_known"),
            models.CheckConstraint(condition=Q(debt_policy__in=list(DebtPolicy)), name="U4_the_debt_policy_is_known"),
            models.CheckConstraint(
                condition=Q(kind="spendable") | ~Q(debt_policy="owe"), name="U5_a_measure_never_owes"
            ),
        ]


class UnitTermsRow(models.Model):
    """How long value of each unit lasts and when it begins, by the version from which on. Kept: for ever.

    A version without a row says what the one before it said. `units`: {key: {expiry, activation}}.
    """

    pk = models.CompositePrimaryKey("program", "version")
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.IntegerField()
    units = models.JSONField()

    class Meta:
        db_table = "ledger_unit_terms"  # what a version says stays: sql/unit_terms.sql


class AccountRow(models.Model):
    """A member's hot row: lock, balances, journal number and hash head in one. Kept: for ever."""

    member_id = models.UUIDField(primary_key=True)
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.BigIntegerField(default=0)
    seq = models.BigIntegerField(default=0)
    head = models.BinaryField()
    active = SLOTS.clone()
    pending = SLOTS.clone()
    held = SLOTS.clone()
    debt = SLOTS.clone()
    counters = models.JSONField(default=dict)
    moved_into = models.UUIDField(null=True)
    unpacked = models.BigIntegerField(
        db_default=0, help_text="Lots of journals up to this number are rows: sql/packing.sql."
    )
    packed_until = models.DateTimeField(null=True, help_text="When the first packed lot ends.")

    class Meta:
        db_table = "ledger_account"  # L2_no_balance_below_zero is the balances' domain: sql/domains.sql
        indexes = [
            models.Index(fields=["moved_into"], condition=Q(moved_into__isnull=False), name="ledger_account_merged"),
        ]


class JournalRow(models.Model):
    """What happened, once. Append-only, hash-chained per member. Kept: for ever."""

    pk = models.CompositePrimaryKey("member_id", "seq")
    member_id = models.UUIDField()
    seq = models.BigIntegerField()
    program_id = models.IntegerField()
    kind = models.TextField()
    key = models.TextField()
    source_type = models.TextField(null=True)
    source_ref = models.TextField(null=True)
    source_line = models.TextField(null=True)
    rule_version = models.IntegerField(null=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor = models.TextField()
    reverses = models.BigIntegerField(null=True)
    reverses_member = models.UUIDField(null=True, help_text="Whose journal it reverses, when a merge lies between.")
    reason = models.TextField(null=True)
    digest = models.BinaryField(null=True)
    hash = models.BinaryField()
    # its postings, one element each: value that went from one account to another, balanced because it is one element
    units = ArrayField(models.SmallIntegerField(), null=True)
    debits = ArrayField(models.TextField(), null=True)
    credits = ArrayField(models.TextField(), null=True)
    amounts = ArrayField(models.BigIntegerField(), null=True)
    parties = ArrayField(models.TextField(null=True), null=True)
    packed = ArrayField(
        models.DateTimeField(null=True),
        null=True,
        help_text="When each lot ends that was born packed.",
    )

    class Meta:
        db_table = "ledger_journal"
        constraints = [
            models.UniqueConstraint(fields=["member_id", "key"], name="L1_a_key_moves_value_once"),
        ]
        indexes = [
            BrinIndex(fields=["recorded_at"], name="ledger_journal_recorded"),
            models.Index(
                fields=["member_id", "reverses"], condition=Q(reverses__isnull=False), name="ledger_journal_reverses"
            ),
            models.Index(
                fields=["reverses_member", "reverses"],
                condition=Q(reverses_member__isnull=False),
                name="ledger_journal_reverses_of",
            ),
        ]


class PostingRow(models.Model):
    """Value that went from one account to another, as a row: a view over the journals. Kept: as long as they are."""

    pk = models.CompositePrimaryKey("member_id", "seq", "n")
    member_id = models.UUIDField()
    seq = models.BigIntegerField()
    n = models.SmallIntegerField()
    program_id = models.IntegerField()
    unit = models.SmallIntegerField()
    debit = models.TextField()
    credit = models.TextField()
    amount = models.BigIntegerField()
    party = models.TextField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_posting"
        managed = False


class _Lot(models.Model):
    pk = models.CompositePrimaryKey("member_id", "seq", "n")
    member_id = models.UUIDField()
    seq = models.BigIntegerField()
    n = models.SmallIntegerField()
    program_id = models.IntegerField()
    unit = models.SmallIntegerField()
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    state = models.TextField()
    activates_at = models.DateTimeField(null=True)
    activation_event = models.TextField(null=True)
    activation_deadline = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    funder = models.TextField(null=True)
    cost_micro = models.BigIntegerField(null=True)
    origin_member = models.UUIDField(null=True)
    origin_seq = models.BigIntegerField(null=True)
    origin_n = models.SmallIntegerField(null=True)

    class Meta:
        abstract = True


class LotRow(_Lot):
    """Value earned together: a view over packed lots and rows. Kept: for ever."""

    class Meta:
        db_table = "ledger_lot_facts"  # sql/packing.sql
        managed = False


class StoredLotRow(_Lot):
    """A lot that something happened to, or that could not be packed. Kept: for ever.

    Only `remaining` and `state` ever change.
    """

    class Meta:
        db_table = "ledger_lot"
        constraints = [
            models.CheckConstraint(
                condition=Q(remaining__lte=F("amount")),  # and their domains: sql/domains.sql
                name="L2_a_lot_stays_between_nothing_and_its_amount",
            ),
        ]
        # Only lots that can still move: these stay small however old the books grow, and cost an order nothing
        # where value neither expires nor waits.
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=Q(remaining__gt=0, expires_at__isnull=False),
                name="ledger_lot_expiring",
            ),
            models.Index(
                fields=["activates_at", "activation_deadline"],
                condition=Q(state="pending"),
                name="ledger_lot_waiting",
            ),
            models.Index(
                fields=["origin_member", "origin_seq"],
                condition=Q(origin_member__isnull=False),
                name="ledger_lot_origin",
            ),
        ]


class AllocationRow(models.Model):
    """Which lot paid for what (> 0) or got it back (< 0). Append-only. Kept: for ever."""

    pk = models.CompositePrimaryKey("member_id", "seq", "n")
    member_id = models.UUIDField()
    seq = models.BigIntegerField()
    n = models.SmallIntegerField()
    program_id = models.IntegerField()
    unit = models.SmallIntegerField()
    lot_seq = models.BigIntegerField()
    lot_n = models.SmallIntegerField()
    kind = models.TextField()
    amount = models.BigIntegerField()

    class Meta:
        db_table = "ledger_allocation"
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="L4_an_allocation_is_not_nothing")]


class HoldRow(models.Model):
    """Value set aside for a payment that is under way. Kept: 13 months after it closed."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    member_id = models.UUIDField()
    seq = models.BigIntegerField()
    key = models.TextField()
    unit = models.SmallIntegerField()
    amount = models.BigIntegerField()
    captured = models.BigIntegerField(default=0)
    released = models.BigIntegerField(default=0)
    state = models.TextField(default=HoldState.OPEN)
    expires_at = models.DateTimeField()
    source_type = models.TextField(null=True)
    source_ref = models.TextField(null=True)

    class Meta:
        db_table = "ledger_hold"
        constraints = [
            models.UniqueConstraint(fields=["member_id", "seq"], name="ledger_hold_has_one_journal"),
            models.CheckConstraint(
                condition=Q(captured__gte=0, released__gte=0, amount__gt=0)
                & Q(amount__gte=F("captured") + F("released")),
                name="L7_a_hold_gives_no_more_than_it_holds",
            ),
            models.CheckConstraint(
                condition=Q(state="open") | Q(amount=F("captured") + F("released")),
                name="L7_a_closed_hold_holds_nothing",
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], condition=Q(state="open"), name="ledger_hold_open")]


class AdjustmentRow(models.Model):
    """A correction that waits for a second person. Kept: for ever."""

    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    member_id = models.UUIDField()
    unit = models.SmallIntegerField()
    amount = models.BigIntegerField()
    kind = models.TextField()
    key = models.TextField()
    reason = models.TextField()
    expires_at = models.DateTimeField(null=True)
    state = models.TextField(default=AdjustmentState.ASKED)
    asked_by = models.TextField()
    asked_at = models.DateTimeField()
    decided_by = models.TextField(null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "ledger_adjustment"
        constraints = [
            models.UniqueConstraint(fields=["member_id", "key"], name="ledger_adjustment_is_asked_once"),
            models.CheckConstraint(
                condition=Q(state="asked", decided_by=None)
                | (Q(state__in=["approved", "rejected"], decided_by__isnull=False) & ~Q(decided_by=F("asked_by"))),
                name="A1_nobody_approves_their_own_request",
            ),
        ]
        indexes = [
            models.Index(fields=["program", "id"], condition=Q(state="asked"), name="ledger_adjustment_waiting"),
        ]


class NoteRow(models.Model):
    """Free text of a journal, sealed with the member's key, outside the hash. Kept: until the member is forgotten."""

    pk = models.CompositePrimaryKey("member_id", "seq")
    member_id = models.UUIDField()
    seq = models.BigIntegerField()
    program_id = models.IntegerField()
    body = models.BinaryField()
    actor = models.TextField()

    class Meta:
        db_table = "ledger_note"


class DailyRow(models.Model):
    """A closed local day rolled up: what moved from which account to which. Kept: for ever."""

    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    unit = models.SmallIntegerField()
    debit = models.TextField()
    credit = models.TextField()
    party = models.TextField(null=True)
    amount = models.BigIntegerField()
    postings = models.BigIntegerField()

    class Meta:
        db_table = "ledger_daily"
        constraints = [
            models.UniqueConstraint(
                fields=["program", "day", "unit", "debit", "credit", "party"],
                nulls_distinct=False,
                name="ledger_daily_has_one_line_each",
            ),
        ]


class HeadRow(models.Model):
    """One night's signed digest of all hash heads of a program. Kept: for ever; copies belong elsewhere too."""

    pk = models.CompositePrimaryKey("program", "day")
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    members = models.BigIntegerField()
    journals = models.BigIntegerField()
    digest = models.BinaryField()
    signature = models.BinaryField()
    made_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_head"

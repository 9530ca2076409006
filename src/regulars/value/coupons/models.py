"""Tables of coupons: templates by version, coupons and their uses, what is counted, and the story of each.

A code is stored as it is, not as a hash: README.md says why. Foreign keys are not enforced by the database: none of
the rows they name is ever deleted, and a check per code would lock the one program row of all tills.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from regulars.value.coupons.terms import EventKind, Returns, State, UseState

PROGRAM = "programs.ProgramRow"
TAKEN = (State.RESERVED, State.REDEEMED)
LIVE = (UseState.RESERVED, UseState.REDEEMED)


def _program() -> models.ForeignKey:  # type: ignore[type-arg]
    return models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_constraint=False, db_index=False)


class TemplateRow(models.Model):
    """A template in one published version. Kept: for ever, because coupons name it."""

    pk = models.CompositePrimaryKey("program", "version", "key")
    program = _program()
    version = models.IntegerField()
    key = models.TextField()
    place = models.IntegerField()
    body = models.JSONField(help_text="The entry of the document, canonical; `gives` belongs to promotions.")
    claim_limit = models.IntegerField(null=True, help_text="How many a member may claim, ever.")
    hold_limit = models.IntegerField(null=True, help_text="How many usable ones a member may hold at once.")
    redeem_limit = models.IntegerField(null=True, help_text="How many a member may redeem, ever.")
    total_limit = models.BigIntegerField(null=True, help_text="How many may be redeemed by all together, ever.")
    returns = models.TextField(db_default=Returns.RESTORE)
    reminders = ArrayField(models.SmallIntegerField(), db_default=[], help_text="Days before the end.")

    class Meta:
        db_table = "coupons_template"
        constraints = [
            models.CheckConstraint(condition=Q(returns__in=list(Returns)), name="W12_a_policy_of_returns_is_known"),
        ]


class SeriesRow(models.Model):
    """How far the numbers behind codes of one pattern have been used. Kept: for ever, or codes would repeat."""

    program = _program()
    pattern = models.TextField()
    alphabet = models.TextField()
    next = models.BigIntegerField(db_default=0)
    half = models.BigIntegerField(help_text="Batches take numbers below it, single coupons above.")

    class Meta:
        db_table = "coupons_series"
        constraints = [
            models.UniqueConstraint(fields=["program", "pattern", "alphabet"], name="W7_a_pattern_is_one_series"),
            models.CheckConstraint(condition=Q(next__gte=0, next__lte=F("half")), name="W7_a_series_keeps_its_half"),
        ]


class BatchRow(models.Model):
    """Many codes made or imported at once. Kept: for ever; its note is for staff and names nobody."""

    id = models.UUIDField(primary_key=True, help_text="Its coupons have the ids that follow.")
    program = _program()
    key = models.TextField()
    digest = models.BinaryField()
    template = models.TextField()
    version = models.IntegerField()
    series = models.ForeignKey(SeriesRow, models.PROTECT, related_name="+", null=True, db_index=False)
    first = models.BigIntegerField(null=True, help_text="The number of its first code; null: imported.")
    size = models.BigIntegerField()
    made = models.BigIntegerField(db_default=0)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    note = models.TextField(db_default="")
    actor = models.TextField()
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "coupons_batch"
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="W8_a_batch_is_begun_once"),
            models.CheckConstraint(
                condition=Q(made__gte=0, made__lte=F("size"), size__gt=0), name="W8_a_batch_makes_what_it_says"
            ),
        ]
        indexes = [models.Index(fields=["program", "-created_at"], name="coupons_batches_of_program")]


class RunRow(models.Model):
    """Codes of a batch that lie on sheets, ascending: one part that was made at once. Kept: as long as its batch."""

    pk = models.CompositePrimaryKey("batch_id", "place")
    batch_id = models.UUIDField()
    place = models.BigIntegerField(help_text="The place of its first code in the batch, from 1.")
    count = models.BigIntegerField()
    program = _program()
    width = models.SmallIntegerField(help_text="How many signs each code has.")
    low = models.TextField(db_collation="C")
    high = models.TextField(db_collation="C")

    class Meta:
        db_table = "coupons_run"
        constraints = [
            models.CheckConstraint(
                condition=Q(place__gt=0, count__gt=0, width__gt=0, low__lte=F("high")), name="W8_a_run_has_codes"
            ),
        ]
        indexes = [models.Index(fields=["program", "width", "low"], name="coupons_runs_of_program")]


class SheetRow(models.Model):
    """Some hundred codes side by side, never changed; who uses one gives it a row. Kept: as long as its batch.

    One is just short enough (`sheets.SHEET`) to lie in its table, four to a page.
    """

    pk = models.CompositePrimaryKey("batch_id", "place")
    batch_id = models.UUIDField()
    place = models.BigIntegerField(help_text="The place of its first code in the batch, from 1.")
    run = models.BigIntegerField(help_text="The place of its run.")
    low = models.TextField(db_collation="C", help_text="Its first code.")
    codes = models.BinaryField(help_text="All of one width, ascending.")

    class Meta:
        db_table = "coupons_sheet"
        constraints = [
            models.UniqueConstraint(fields=["batch_id", "run", "low"], name="W8_a_sheet_lies_in_its_run_once"),
        ]


class CouponRow(models.Model):
    """One code: unique (used once) or shared (used by many). Kept: for ever; it names the member by id only."""

    id = models.UUIDField(primary_key=True)
    program = _program()
    code = models.TextField(db_collation="C", help_text="Upper case, without spaces and hyphens.")
    template = models.TextField()
    version = models.IntegerField()
    state = models.TextField(db_default=State.OPEN)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    issued_at = models.DateTimeField()
    batch_id = models.UUIDField(null=True)
    member_id = models.UUIDField(null=True, help_text="Who holds it; null: whoever has the code.")
    offered_to = models.UUIDField(null=True, help_text="To whom the holder offers it as a gift.")
    owner = models.TextField(null=True, help_text="The basket that reserved it, or the order that redeemed it.")
    until = models.DateTimeField(null=True, help_text="When the reservation ends.")
    shown = models.TextField(null=True, help_text="The code as others print it, where that differs.")
    issue_key = models.TextField(null=True)
    reminded = models.SmallIntegerField(null=True, help_text="The last reminder, in days before the end.")
    is_shared = models.BooleanField(db_default=False)
    most = models.BigIntegerField(null=True, help_text="How often a shared code may be used; null: no limit.")
    used = models.BigIntegerField(db_default=0, help_text="How often a shared code with a limit is used.")

    class Meta:
        db_table = "coupons_coupon"
        constraints = [
            models.UniqueConstraint(fields=["program", "code"], name="W1_a_code_is_one_coupon"),
            models.UniqueConstraint(
                fields=["program", "issue_key"], condition=Q(issue_key__isnull=False), name="W5_an_issue_happens_once"
            ),
            models.CheckConstraint(condition=Q(state__in=list(State)), name="W3_a_state_is_known"),
            models.CheckConstraint(
                condition=Q(state__in=TAKEN, owner__isnull=False, is_shared=False)
                | (~Q(state__in=TAKEN) & Q(owner__isnull=True)),
                name="W3_a_taken_coupon_names_its_owner",
            ),
            models.CheckConstraint(
                condition=Q(state=State.RESERVED, until__isnull=False)
                | (~Q(state=State.RESERVED) & Q(until__isnull=True)),
                name="W3_only_a_reservation_ends",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="W3_a_coupon_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(most__isnull=True) | Q(used__gte=0, used__lte=F("most")),
                name="W4_a_shared_code_is_not_used_too_often",
            ),
            models.CheckConstraint(
                condition=Q(offered_to__isnull=True) | Q(state=State.OPEN, member_id__isnull=False, is_shared=False),
                name="W6_only_who_holds_a_coupon_offers_it",
            ),
        ]
        indexes = [
            models.Index(
                fields=["member_id", "template"], condition=Q(member_id__isnull=False), name="coupons_of_member"
            ),
            models.Index(
                fields=["offered_to"], condition=Q(offered_to__isnull=False), name="coupons_offered_to_member"
            ),
            models.Index(fields=["program", "code"], condition=Q(is_shared=True), name="coupons_shared"),
            models.Index(
                fields=["program", "ends_at"],
                condition=Q(member_id__isnull=False, state=State.OPEN, ends_at__isnull=False),
                name="coupons_held_until",
            ),
        ]


class UseRow(models.Model):
    """A coupon taken by a basket and redeemed by its order. Kept: as long as its coupon."""

    program = _program()
    coupon_id = models.UUIDField()
    is_shared = models.BooleanField()
    template = models.TextField()
    member_id = models.UUIDField(null=True)
    owner = models.TextField()
    order_ref = models.TextField(null=True)
    state = models.TextField()
    until = models.DateTimeField(null=True)
    taken_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "coupons_use"
        constraints = [
            models.UniqueConstraint(
                fields=["coupon_id"],
                condition=Q(is_shared=False, state__in=LIVE),
                name="W2_a_unique_code_is_used_once",
            ),
            models.UniqueConstraint(
                fields=["coupon_id", "owner"], condition=Q(state__in=LIVE), name="W2_a_basket_takes_a_code_once"
            ),
            models.CheckConstraint(
                condition=Q(state=UseState.RESERVED, until__isnull=False, order_ref__isnull=True)
                | Q(state=UseState.REDEEMED, order_ref__isnull=False)
                | Q(state__in=(UseState.RELEASED, UseState.RESTORED), settled_at__isnull=False),
                name="W2_a_redemption_names_its_order",
            ),
        ]
        indexes = [
            models.Index(
                fields=["program", "order_ref"], condition=Q(order_ref__isnull=False), name="coupons_uses_of_order"
            ),
            models.Index(
                fields=["program", "owner"], condition=Q(state=UseState.RESERVED), name="coupons_reserved_by"
            ),
            models.Index(
                fields=["program", "until"], condition=Q(state=UseState.RESERVED), name="coupons_reserved_until"
            ),
            models.Index(fields=["member_id"], condition=Q(member_id__isnull=False), name="coupons_uses_of_member"),
        ]


class TallyRow(models.Model):
    """How many of a template a member has claimed and redeemed. Kept: as long as the member."""

    pk = models.CompositePrimaryKey("member_id", "template")
    member_id = models.UUIDField()
    template = models.TextField()
    program = _program()
    claimed = models.IntegerField(db_default=0)
    redeemed = models.IntegerField(db_default=0)

    class Meta:
        db_table = "coupons_tally"
        constraints = [
            models.CheckConstraint(condition=Q(claimed__gte=0, redeemed__gte=0), name="W9_a_tally_is_never_negative"),
        ]


class UsageRow(models.Model):
    """How often a template with a limit for all has been redeemed. Kept: for ever."""

    pk = models.CompositePrimaryKey("program", "template")
    program = _program()
    template = models.TextField()
    used = models.BigIntegerField()

    class Meta:
        db_table = "coupons_usage"
        constraints = [models.CheckConstraint(condition=Q(used__gte=0), name="W9_a_usage_is_never_negative")]


class ClaimRow(models.Model):
    """A public page where members fetch a coupon. Kept: for ever."""

    id = models.UUIDField(primary_key=True)
    program = _program()
    token = models.TextField()
    template = models.TextField()
    per_member = models.IntegerField(null=True)
    per_day = models.IntegerField(null=True)
    total = models.IntegerField(null=True)
    claimed = models.IntegerField(db_default=0)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    note = models.TextField(db_default="")
    actor = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "coupons_claim"
        constraints = [
            models.UniqueConstraint(fields=["token"], name="W10_a_link_is_one_page"),
            models.CheckConstraint(
                condition=Q(total__isnull=True) | Q(claimed__lte=F("total")),
                name="W10_a_page_gives_no_more_than_it_has",
            ),
        ]
        indexes = [models.Index(fields=["program", "-created_at"], name="coupons_claims_of_program")]


class ClaimCountRow(models.Model):
    """How many a page gave to a member, or on a day. Kept: a day's for 400 days, a member's as long as the page."""

    program = _program()
    claim_id = models.UUIDField()
    member_id = models.UUIDField(null=True)
    day = models.DateField(null=True)
    used = models.IntegerField()

    class Meta:
        db_table = "coupons_claim_count"
        constraints = [
            models.UniqueConstraint(
                fields=["claim_id", "member_id", "day"],
                nulls_distinct=False,
                name="W10_a_claim_is_counted_in_one_place",
            ),
            models.CheckConstraint(
                condition=Q(member_id__isnull=True, day__isnull=False) | Q(member_id__isnull=False, day__isnull=True),
                name="W10_a_claim_is_counted_by_member_or_day",
            ),
        ]


class EventRow(models.Model):
    """One thing that happened to a coupon; append-only. Kept: as long as its coupon (it holds no personal data)."""

    program = _program()
    coupon_id = models.UUIDField()
    kind = models.TextField()
    at = models.DateTimeField()
    actor = models.TextField()
    member_id = models.UUIDField(null=True)
    other_id = models.UUIDField(null=True, help_text="The other member of a gift.")
    ref = models.TextField(null=True, help_text="The basket, order, page or reason.")

    class Meta:
        db_table = "coupons_event"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=list(EventKind)), name="W11_a_chapter_has_a_known_kind"),
        ]
        indexes = [models.Index(fields=["coupon_id", "id"], name="coupons_story")]


class MissRow(models.Model):
    """How many codes that do not exist somebody asked for on a day. Kept: 90 days."""

    pk = models.CompositePrimaryKey("program", "day", "who")
    program = _program()
    day = models.DateField()
    who = models.TextField(help_text="The actor: a key, a member, a hashed address.")
    misses = models.IntegerField()

    class Meta:
        db_table = "coupons_miss"

"""Tables of paid membership: plans by version, subscriptions, their periods and payments, gifts, seats, stories.

No card stands here: a payment names a method, which is a token of its provider. Foreign keys to the program are not
enforced by the database, as in the other contexts: a program is never deleted.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from regulars.value.subscriptions.terms import (
    LIVE,
    EventKind,
    GiftState,
    PaymentKind,
    PaymentState,
    PeriodKind,
    RefundState,
    SeatState,
    State,
)

PROGRAM = "programs.ProgramRow"
HOLDING = (PaymentState.INTENDED, PaymentState.PAID)


def _program() -> models.ForeignKey:  # type: ignore[type-arg]
    return models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_constraint=False, db_index=False)


class PlanRow(models.Model):
    """A plan in one published version. Kept: for ever, because subscriptions name it."""

    pk = models.CompositePrimaryKey("program", "version", "key")
    program = _program()
    version = models.IntegerField()
    key = models.TextField()
    place = models.IntegerField()
    currency = models.CharField(max_length=3)
    body = models.JSONField(help_text="The entry of the document, canonical.")

    class Meta:
        db_table = "subscriptions_plan"


class SubscriptionRow(models.Model):
    """One membership of one member. Kept: for ever, its payment method until it has ended or she is forgotten."""

    id = models.UUIDField(primary_key=True)
    program = _program()
    member_id = models.UUIDField()
    family = models.TextField(help_text="The family of plans; one live subscription of it at a time.")
    twin = models.SmallIntegerField(db_default=0, help_text="Counts those that came in by a merge of members.")
    plan = models.TextField()
    version = models.IntegerField(help_text="The version of the program whose terms hold.")
    next_plan = models.TextField(null=True)
    state = models.TextField()
    key = models.TextField()
    digest = models.BinaryField()
    currency = models.CharField(max_length=3)
    provider = models.TextField()
    method = models.TextField(null=True)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    anchor_on = models.DateField(null=True, help_text="From which day months are counted.")
    anchor_n = models.IntegerField(db_default=0, help_text="How many periods have passed since the anchor.")
    period_n = models.IntegerField(db_default=0, help_text="The number of the last period.")
    tries = models.SmallIntegerField(db_default=0, help_text="Declined tries for the period that is due.")
    renews = models.BooleanField(db_default=True)
    covered_until = models.DateTimeField(null=True)
    next_due_at = models.DateTimeField(null=True)
    notice_at = models.DateTimeField(null=True, help_text="When she is told of what comes at the period's end.")
    paused_until = models.DateField(null=True)
    waits_since = models.DateField(null=True, help_text="It rests since then because she is suspended.")
    ended_at = models.DateTimeField(null=True)
    end_cause = models.TextField(null=True)
    credit_minor = models.BigIntegerField(db_default=0)
    seats = models.SmallIntegerField(db_default=0)
    most_seats = models.SmallIntegerField(db_default=0)
    gift = models.ForeignKey("GiftRow", models.PROTECT, related_name="+", null=True)
    grown_through = models.DateField(null=True, help_text="The last day for which measure was given.")

    class Meta:
        db_table = "subscriptions_subscription"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(State)), name="P1_a_state_is_known"),
            models.UniqueConstraint(
                fields=["program", "member_id", "family", "twin"],
                condition=Q(state__in=LIVE),
                name="P1_one_live_subscription_of_a_family",
            ),
            models.UniqueConstraint(fields=["program", "key"], name="P1_a_key_names_one_subscription"),
            models.CheckConstraint(
                condition=Q(
                    state=State.ENDED, ended_at__isnull=False, end_cause__isnull=False, next_due_at__isnull=True
                )
                | (~Q(state=State.ENDED) & Q(ended_at__isnull=True)),
                name="P1_what_has_ended_says_when_and_why",
            ),
            models.CheckConstraint(
                condition=Q(state=State.PAUSED, paused_until__isnull=False, waits_since__isnull=True)
                | Q(state=State.PAUSED, paused_until__isnull=True, waits_since__isnull=False)
                | (~Q(state=State.PAUSED) & Q(paused_until__isnull=True, waits_since__isnull=True)),
                name="P1_only_a_pause_has_an_end",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=(State.STARTING, State.PAUSED, State.ENDED)) | Q(covered_until__isnull=True),
                name="P4_nothing_is_given_before_payment_or_after_the_end",
            ),
            models.CheckConstraint(condition=Q(credit_minor__gte=0), name="P5_a_credit_is_never_negative"),
            models.CheckConstraint(
                condition=Q(seats__gte=0, seats__lte=F("most_seats")), name="P8_a_family_has_no_more_than_its_seats"
            ),
        ]
        indexes = [
            models.Index(fields=["next_due_at"], condition=Q(next_due_at__isnull=False), name="subscriptions_due"),
            models.Index(fields=["notice_at"], condition=Q(notice_at__isnull=False), name="subscriptions_notices"),
            models.Index(fields=["program", "member_id"], name="subscriptions_of_member"),
            models.Index(fields=["program", "state", "-id"], name="subscriptions_by_state"),
        ]


class PaymentRow(models.Model):
    """One try to take money: written before the provider is asked, settled after.

    Kept: for ever (books), the token of how she pays until it is settled or she is forgotten.
    """

    id = models.UUIDField(primary_key=True, help_text="The key that the provider is told.")
    program = _program()
    subscription = models.ForeignKey(SubscriptionRow, models.PROTECT, related_name="+", null=True, db_index=False)
    gift = models.ForeignKey("GiftRow", models.PROTECT, related_name="+", null=True)
    kind = models.TextField()
    state = models.TextField()
    n = models.IntegerField(help_text="The number of the period that it pays for.")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    refunded_minor = models.BigIntegerField(db_default=0)
    provider = models.TextField()
    method = models.TextField(null=True)
    ref = models.TextField(db_default="", help_text="The provider's own name of it.")
    reason = models.TextField(db_default="")
    terms = models.JSONField(help_text="What it pays for: plan, version, days, credit used.")
    asks = models.IntegerField(db_default=0)
    leased_until = models.DateTimeField(null=True, help_text="Somebody is asking the provider until then.")
    sent_at = models.DateTimeField(null=True, help_text="When the provider may last have been asked to take it.")
    withdrawn_at = models.DateTimeField(null=True, help_text="Not wanted any more: if it is paid, all goes back.")
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_on = models.DateField(null=True, help_text="The local day on which the books have it.")

    class Meta:
        db_table = "subscriptions_payment"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=list(PaymentKind)), name="P2_a_kind_is_known"),
            models.CheckConstraint(
                condition=Q(state=PaymentState.INTENDED, settled_at__isnull=True, settled_on__isnull=True)
                | Q(
                    state__in=(PaymentState.PAID, PaymentState.DECLINED),
                    settled_at__isnull=False,
                    settled_on__isnull=False,
                ),
                name="P2_a_settled_payment_says_when",
            ),
            models.UniqueConstraint(
                fields=["subscription", "n"],
                condition=Q(state__in=HOLDING, subscription__isnull=False, withdrawn_at__isnull=True),
                name="P2_a_period_is_paid_once",
            ),
            models.UniqueConstraint(
                fields=["subscription"],
                condition=Q(state=PaymentState.INTENDED, subscription__isnull=False, withdrawn_at__isnull=True),
                name="P2_one_payment_is_under_way",
            ),
            models.CheckConstraint(
                condition=(Q(subscription__isnull=True) & Q(gift__isnull=False))
                | (Q(subscription__isnull=False) & Q(gift__isnull=True)),
                name="P2_a_payment_is_for_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0, refunded_minor__gte=0, refunded_minor__lte=F("amount_minor")),
                name="P6_no_more_goes_back_than_was_paid",
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor=0) | Q(state=PaymentState.PAID), name="P6_only_what_is_paid_goes_back"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True)
                | Q(state=PaymentState.PAID, subscription__isnull=False, refunded_minor=F("amount_minor"))
                | (Q(subscription__isnull=False) & ~Q(state=PaymentState.PAID)),
                name="P6_what_was_withdrawn_goes_back_whole",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"], condition=Q(state=PaymentState.INTENDED), name="subscriptions_payments_open"
            ),
            models.Index(fields=["program", "settled_on"], name="subscriptions_payments_by_day"),
        ]


class PeriodRow(models.Model):
    """Days that are paid for. Closed once, else never changed. Kept: for ever (books)."""

    pk = models.CompositePrimaryKey("subscription", "n")
    subscription = models.ForeignKey(SubscriptionRow, models.PROTECT, related_name="+", db_index=False)
    n = models.IntegerField()
    program = _program()
    kind = models.TextField()
    plan = models.TextField()
    version = models.IntegerField()
    starts_on = models.DateField()
    ends_on = models.DateField(help_text="Exclusive.")
    booked_on = models.DateField(help_text="The local day on which it was written: nothing is earned before.")
    amount_minor = models.BigIntegerField()
    carried_minor = models.BigIntegerField(db_default=0, help_text="The part that was credited before.")
    payment = models.ForeignKey(PaymentRow, models.PROTECT, related_name="+", null=True, db_index=False)
    closed_on = models.DateField(null=True)
    closed_by = models.TextField(null=True)
    refunded_minor = models.BigIntegerField(db_default=0)
    credited_minor = models.BigIntegerField(db_default=0)
    correction_minor = models.BigIntegerField(db_default=0)

    class Meta:
        db_table = "subscriptions_period"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=list(PeriodKind)), name="P3_a_kind_is_known"),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="P3_a_period_ends_after_it_begins"),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=F("carried_minor"), carried_minor__gte=0)
                & (Q(payment__isnull=False) | Q(amount_minor=F("carried_minor"))),
                name="P4_a_period_names_what_paid_it",
            ),
            models.UniqueConstraint(
                fields=["payment"], condition=Q(payment__isnull=False), name="P4_a_payment_pays_one_period"
            ),
            models.UniqueConstraint(
                fields=["subscription", "starts_on"],
                condition=Q(closed_on__isnull=True),
                name="P3_a_day_is_sold_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    closed_on__isnull=True,
                    closed_by__isnull=True,
                    refunded_minor=0,
                    credited_minor=0,
                    correction_minor=0,
                )
                | Q(closed_on__isnull=False, closed_by__isnull=False, closed_on__gte=F("starts_on")),
                name="P5_only_a_closed_period_gives_back",
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0, credited_minor__gte=0)
                & Q(refunded_minor__lte=F("amount_minor") - F("credited_minor")),
                name="P5_a_period_gives_back_no_more_than_it_has",
            ),
        ]
        indexes = [models.Index(fields=["program", "starts_on"], name="subscriptions_periods_by_day")]


class RefundRow(models.Model):
    """Money on its way back: written before the provider is asked, settled after. Kept: for ever (books)."""

    id = models.UUIDField(primary_key=True, help_text="The key that the provider is told.")
    program = _program()
    payment = models.ForeignKey(PaymentRow, models.PROTECT, related_name="+")
    amount_minor = models.BigIntegerField()
    state = models.TextField()
    reason = models.TextField()
    answer = models.TextField(db_default="")
    actor = models.TextField()
    asks = models.IntegerField(db_default=0)
    leased_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    booked_on = models.DateField(help_text="The local day from which the books have it.")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "subscriptions_refund"
        constraints = [
            models.CheckConstraint(
                condition=Q(state=RefundState.INTENDED, settled_at__isnull=True)
                | Q(state__in=(RefundState.DONE, RefundState.FAILED), settled_at__isnull=False),
                name="P6_a_settled_refund_says_when",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="P6_a_refund_is_of_something"),
        ]
        indexes = [
            models.Index(
                fields=["created_at"], condition=Q(state=RefundState.INTENDED), name="subscriptions_refunds_open"
            ),
        ]


class TrialRow(models.Model):
    """That a member has had her trial of a family of plans. Kept: as long as the member."""

    pk = models.CompositePrimaryKey("program", "member_id", "family")
    program = _program()
    member_id = models.UUIDField()
    family = models.TextField()
    subscription_id = models.UUIDField()

    class Meta:
        db_table = "subscriptions_trial"


class GiftRow(models.Model):
    """A membership paid by one, redeemed by another. Kept: for ever (books)."""

    id = models.UUIDField(primary_key=True)
    program = _program()
    code = models.TextField(db_collation="C")
    plan = models.TextField()
    version = models.IntegerField()
    periods = models.SmallIntegerField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.TextField()
    key = models.TextField()
    digest = models.BinaryField()
    payer_id = models.UUIDField(null=True)
    redeemed_by = models.UUIDField(null=True)
    redeemed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, help_text="Until when it can be redeemed; null: for ever.")
    actor = models.TextField()

    class Meta:
        db_table = "subscriptions_gift"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(GiftState)), name="P7_a_state_is_known"),
            models.UniqueConstraint(fields=["program", "code"], name="P7_a_code_is_one_gift"),
            models.UniqueConstraint(fields=["program", "key"], name="P7_a_key_names_one_gift"),
            models.CheckConstraint(
                condition=Q(state=GiftState.REDEEMED, redeemed_by__isnull=False, redeemed_at__isnull=False)
                | (~Q(state=GiftState.REDEEMED) & Q(redeemed_by__isnull=True, redeemed_at__isnull=True)),
                name="P7_a_redeemed_gift_names_who",
            ),
        ]
        indexes = [
            models.Index(fields=["program", "payer_id"], name="subscriptions_gifts_of_payer"),
            models.Index(
                fields=["expires_at"],
                condition=Q(state=GiftState.READY, expires_at__isnull=False),
                name="subscriptions_gifts_waiting",
            ),
        ]


class SeatRow(models.Model):
    """A guest of a family. Kept: as long as the subscription."""

    program = _program()
    subscription = models.ForeignKey(SubscriptionRow, models.PROTECT, related_name="+", db_index=False)
    member_id = models.UUIDField()
    family = models.TextField()
    state = models.TextField()
    since = models.DateTimeField()

    class Meta:
        db_table = "subscriptions_seat"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(SeatState)), name="P8_a_state_is_known"),
            models.UniqueConstraint(fields=["subscription", "member_id"], name="P8_a_guest_has_one_seat"),
            models.UniqueConstraint(
                fields=["program", "member_id", "family"],
                condition=Q(state=SeatState.JOINED),
                name="P8_a_guest_sits_in_one_family",
            ),
        ]


class EventRow(models.Model):
    """One thing that happened to a subscription; append-only. Kept: as long as its subscription."""

    program = _program()
    subscription_id = models.UUIDField()
    kind = models.TextField()
    at = models.DateTimeField()
    day = models.DateField()
    actor = models.TextField()
    facts = models.JSONField(db_default={})

    class Meta:
        db_table = "subscriptions_event"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=list(EventKind)), name="P9_a_chapter_has_a_known_kind"),
        ]
        indexes = [models.Index(fields=["subscription_id", "id"], name="subscriptions_story")]

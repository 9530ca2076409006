"""What callers say and hear about paid membership: plans, subscriptions, gifts, families, savings, income."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt

from regulars.interfaces.http_api.shapes import Body, Flag, Key, Out, Text

Member = Annotated[Key, Field(description="A member: an id (`mem_…`) or a reference.")]
Reason = Annotated[Text, Field(min_length=1, max_length=200, description="Why; never personal data.")]
PlanKey = Annotated[Key, Field(description="The key of a plan.")]
Method = Annotated[
    Text,
    Field(min_length=1, max_length=200, description="The payment provider's token of how she pays; never a card."),
]
Provider = Annotated[Text, Field(min_length=1, max_length=50)]
When = Literal["at_once", "period_end"]


class SubscriptionPlanOut(Out):
    """A plan that is sold."""

    key: str = Field(description="The key of the plan.")
    family: str = Field(description="What its sisters share: one trial, one subscription at a time.")
    name: dict[str, str] = Field(description="What it is called, by language.")
    price_minor: int = Field(description="The price of a period, in minor units.")
    currency: str = Field(description="ISO 4217.")
    months: int | None = Field(description="How long a period is, in months; null: it is told in days.")
    days: int | None = Field(description="How long a period is, in days; null: it is told in months.")
    trial_days: int = Field(description="How long a trial is; 0: there is none.")
    trial_minor: int = Field(description="What the trial costs, in minor units.")
    guests: int = Field(description="How many members she may invite.")
    giftable: bool = Field(description="Whether it can be given as a gift.")
    gift_claim_days: int | None = Field(
        description="How many days a gift can be redeemed before its money goes back; null: for ever."
    )
    notice_days: int = Field(
        description="How many days before a renewal or an end she is told, at most half a period; 0: never."
    )
    packs: list[str] = Field(description="Packs of benefits that it gives.")


class SubscriptionPlansOut(Out):
    """The plans of the version in force."""

    items: list[SubscriptionPlanOut]


class PaymentOut(Out):
    """One try to take money."""

    id: str = Field(description="The id of the payment (`pay_…`): the key that the provider was told.")
    kind: str = Field(description="`first`, `renewal`, `change` or `gift`.")
    state: str = Field(description="`intended` waits for the provider's answer; then `paid` or `declined`.")
    amount_minor: int = Field(description="In minor units.")
    refunded_minor: int = Field(description="What of it goes back or went back.")
    reason: str = Field(description="The provider's word for why not.")
    created_at: datetime = Field(description="When it was meant.")
    settled_at: datetime | None = Field(description="When the answer was there.")
    withdrawn_at: datetime | None = Field(
        description="When she cancelled before its answer: it is not sent again, and if it was paid all goes back."
    )


class SubscriptionOut(Out):
    """A subscription as it stands."""

    id: str = Field(description="The id of the subscription (`sub_…`).")
    member: str = Field(description="Whose it is.")
    plan: str = Field(description="The key of the plan.")
    name: dict[str, str] = Field(description="What the plan is called, by language.")
    version: int = Field(description="The version of the program whose terms hold.")
    state: str = Field(
        description="`starting` waits for its first payment and gives nothing; `trial`, `active`; `past_due`: a "
        "payment was declined and the grace runs; `paused`; `cancelled`: runs to the end of what is paid; `ended`."
    )
    next_plan: str | None = Field(description="The plan from the next period on, when another was asked for.")
    renews: bool = Field(description="Whether the next period will be paid for by itself.")
    period_from: date | None = Field(description="The first day of what is paid.")
    period_to: date | None = Field(description="The day after its last.")
    covered_until: datetime | None = Field(description="To when benefits reach; null: nothing is given now.")
    notice_on: date | None = Field(
        description="On which day she is told of the renewal or end that comes (`RenewalAhead`, `EndAhead`); null: "
        "she has been told, or there is nothing to tell."
    )
    paused_until: date | None = Field(description="The day on which it runs again.")
    waits_since: date | None = Field(
        description="Since when it rests because its member is suspended or may only earn: nothing is charged; it "
        "goes on when she is let in again."
    )
    ended_at: datetime | None = Field(description="When it ended.")
    end_cause: str | None = Field(description="`cancelled`, `unpaid`, `declined`, `expired` or `closed`.")
    credit_minor: int = Field(description="What was paid and will pay for days to come.")
    price_minor: int = Field(description="The price of a period by its terms.")
    currency: str = Field(description="ISO 4217.")
    is_gift: bool = Field(description="Whether somebody else paid for it.")
    payment: PaymentOut | None = Field(description="The latest payment.")


class SubscriptionsOut(Out):
    """A page of subscriptions."""

    items: list[SubscriptionOut]
    next_cursor: str | None


class MembersSubscriptionsOut(Out):
    """A member's subscriptions, and those in whose family she sits."""

    items: list[SubscriptionOut]


class PeriodOut(Out):
    """Days that are paid for."""

    n: int = Field(description="Periods are numbered from 1.")
    kind: str = Field(description="`trial`, `paid`, `carried` (after a pause or correction) or `gift`.")
    plan: str = Field(description="The key of its plan.")
    starts_on: date = Field(description="Its first day.")
    ends_on: date = Field(description="The day after its last.")
    amount_minor: int = Field(description="What its days cost together.")
    carried_minor: int = Field(description="How much of that came from a period before.")
    closed_on: date | None = Field(description="The day on which it ended early.")
    closed_by: str | None = Field(description="`cancel`, `change`, `pause`, `refund` or `end`.")
    refunded_minor: int = Field(description="What went back to who paid.")
    credited_minor: int = Field(description="What went over to later periods.")


class RefundOut(Out):
    """Money on its way back."""

    payment: str = Field(description="The id of the payment it belongs to.")
    amount_minor: int = Field(description="In minor units.")
    state: str = Field(description="`intended`, `done` or `failed`.")
    reason: str = Field(description="Why.")
    created_at: datetime = Field(description="When it was meant.")


class SeatOut(Out):
    """A guest of a family."""

    member: str = Field(description="The guest.")
    state: str = Field(description="`invited`, `joined`, `left` or `removed`.")
    since: datetime = Field(description="Since when.")


class SeatsOut(Out):
    """The guests of a family."""

    items: list[SeatOut]


class SubscriptionChapterOut(Out):
    """One thing that happened to a subscription."""

    kind: str = Field(description="`asked`, `started`, `renewed`, `declined`, `past_due`, `paused`, `ended` …")
    at: datetime = Field(description="When.")
    actor: str = Field(description="Who did it: `key:…`, `staff:…`, `member:…` or `system:…`.")
    facts: dict[str, Any] = Field(description="What belongs to it.")


class SubscriptionStoryOut(SubscriptionOut):
    """A subscription with everything that belongs to it."""

    periods: list[PeriodOut] = Field(description="In order.")
    payments: list[PaymentOut] = Field(description="In order.")
    refunds: list[RefundOut] = Field(description="In order.")
    family: list[SeatOut] = Field(description="Her guests, those too who left.")
    story: list[SubscriptionChapterOut] = Field(description="What happened, in order.")


class SubscribeIn(Body):
    """Become a paying member."""

    plan: PlanKey
    method: Method
    provider: Provider | None = Field(default=None, description="The payment provider; absent: the usual one.")
    trial: Flag | None = Field(
        default=None, description="Absent: if there is one and she had none. True insists, false pays at once."
    )


class ChangePlanIn(Body):
    """Another plan of the family."""

    plan: PlanKey
    when: When | None = Field(default=None, description="Absent: as the plan she has says.")
    dry: Flag = Field(default=False, description="Only say what it would cost; nothing is changed.")


class QuoteOut(Out):
    """What it would cost or give back today."""

    when: When = Field(description="When it takes effect.")
    on: date | None = Field(description="On which day.")
    charge_minor: int = Field(description="What would be charged.")
    refund_minor: int = Field(description="What would go back.")
    credit_minor: int = Field(description="What would be left as credit.")
    rule: str = Field(description="The refund rule's case: `within_days`, `deduct`, `prorated` …")


class ForfeitOut(Out):
    """What was paid and is neither used nor given back."""

    what: str = Field(description="`days` that are left, or `credit` of an earlier change or pause.")
    amount_minor: int = Field(description="What it is worth.")
    why: str = Field(
        description="`no_refunds`: the plan gives nothing back; `after_days`: the time for that is over; `used`, "
        "`deduct`, `prorated`: benefits were used; `at_once`: a credit pays for days to come, and there are none; "
        "`less_than_a_day`: it pays for no whole day."
    )


class UnsettledChargeOut(Out):
    """A charge that the payment provider has not answered. It is never sent again once she has cancelled."""

    amount_minor: int = Field(description="What it was for.")
    then: str = Field(
        description="What follows if it turns out to be paid: `goes_back` (all of it), `by_rule` (`refund_minor` "
        "goes back), `runs` (the membership runs to `until` and ends)."
    )
    refund_minor: int = Field(description="What goes back then.")
    until: date | None = Field(description="To which day it runs then.")


class CancelQuoteOut(QuoteOut):
    """What cancelling would come to today. `on` null: the provider's answer to a charge will say it."""

    forfeited_minor: int = Field(description="All that is paid, and neither used nor given back.")
    forfeits: list[ForfeitOut] = Field(description="Of what it consists, and why.")
    unsettled: UnsettledChargeOut | None = Field(description="A charge whose answer is not known.")
    digest: str = Field(description="Its name: cancel with it as `quote`, and exactly this is done.")


class PauseSubscriptionIn(Body):
    """Let it rest."""

    days: Annotated[StrictInt, Field(ge=1, le=366, description="For how many days, from today.")]
    reason: Reason


class SubscriptionReasonIn(Body):
    """Why."""

    reason: Reason


class CancelSubscriptionIn(Body):
    """End it."""

    reason: Reason
    when: When | None = Field(default=None, description="Absent: as the plan says.")
    dry: Flag = Field(default=False, description="Only say what would go back; nothing is changed.")
    quote: Annotated[Text, Field(max_length=40)] | None = Field(
        default=None,
        description="The `digest` of the quote that she agreed to: exactly that is done, or `other_than_quoted`.",
    )


class RefundSubscriptionIn(Body):
    """Give a part of the last period back."""

    amount_minor: Annotated[StrictInt, Field(ge=1, le=10**12, description="In minor units.")]
    reason: Reason


class MethodIn(Body):
    """Another way to pay."""

    method: Method
    provider: Provider | None = Field(default=None, description="The payment provider; absent: the usual one.")


class GuestIn(Body):
    """A member for a place in the family."""

    member: Member


class BuyGiftIn(Body):
    """A membership for somebody else."""

    plan: PlanKey
    method: Method
    periods: Annotated[StrictInt, Field(ge=1, le=24, description="For how many periods.")] = 1
    payer: Member | None = Field(default=None, description="The member who pays; absent: somebody else.")
    provider: Provider | None = Field(default=None, description="The payment provider; absent: the usual one.")


class SubscriptionGiftOut(Out):
    """A membership as a gift."""

    code: str = Field(description="What the receiver tells; case, spaces and hyphens do not count.")
    plan: str = Field(description="The key of the plan.")
    periods: int = Field(description="For how many periods.")
    amount_minor: int = Field(description="What it cost.")
    state: str = Field(
        description="`waiting` for its payment, `ready`, `redeemed`, `refunded`, or `failed`: it was not paid."
    )
    payer: str | None = Field(description="The member who paid.")
    redeemed_by: str | None = Field(description="The member who has it.")
    subscription: str | None = Field(description="What became of it.")
    created_at: datetime = Field(description="When it was bought.")
    expires_at: datetime | None = Field(
        description="Until when it can be redeemed; then what was paid goes back (`GiftExpired`). Null: for ever."
    )


class RedeemGiftIn(Body):
    """Make a gift one's membership."""

    member: Member


class SavingOut(Out):
    """One way in which it was worth something."""

    kind: str = Field(description="`discount`, `points` or `benefit`.")
    key: str = Field(description="The promotion, rule or benefit.")
    amount_minor: int = Field(description="In money; points where their unit has a value.")
    points: int = Field(description="For points: how many.")
    unit: str = Field(description="For points: of which unit.")
    times: int = Field(description="How often.")


class SavingsOut(Out):
    """What she saved by her membership."""

    starts: date = Field(description="The first day.")
    ends: date = Field(description="The day after the last.")
    currency: str = Field(description="ISO 4217.")
    saved_minor: int = Field(description="The sum: “you saved …”.")
    paid_minor: int = Field(description="What she paid in that time, less what went back.")
    items: list[SavingOut]


class IncomeOut(Out):
    """One plan's prepaid income: opening + charged + moved − refunded − earned = closing."""

    plan: str = Field(description="The key of the plan.")
    opening_minor: int = Field(description="Paid and not yet earned, at the beginning.")
    charged_minor: int = Field(description="What was charged.")
    moved_minor: int = Field(description="Credit that changes of plan brought or took along.")
    refunded_minor: int = Field(description="What went back.")
    earned_minor: int = Field(description="What days earned.")
    closing_minor: int = Field(description="Paid and not yet earned, at the end.")


class IncomesOut(Out):
    """Prepaid income by plan."""

    starts: date = Field(description="The first day.")
    ends: date = Field(description="The day after the last.")
    currency: str = Field(description="ISO 4217.")
    items: list[IncomeOut]

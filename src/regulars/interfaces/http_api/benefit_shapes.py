"""What callers say and hear about benefits: what a member is entitled to, uses, packs, choices, gifts, cost."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, StrictInt

from regulars.interfaces.http_api.shapes import Body, Flag, Instant, Key, Out, Text

Reason = Annotated[Text, Field(min_length=1, max_length=200, description="Why; never personal data.")]
Source = Annotated[
    Text, Field(min_length=1, max_length=100, description="Your name for what grants it; each source grants once.")
]


class QuotaOut(Out):
    """How often in a period."""

    times: int = Field(description="How many uses a period has.")
    period: str = Field(
        description="`day`, `week`, `month`, `quarter`, `year`, `membership_year`, `lifetime`, `occasion`."
    )


class BenefitOut(Out):
    """A benefit of the program in force."""

    key: str = Field(description="The key of the benefit.")
    kind: str = Field(description="`discount`, `lounge`, `birthday`, `choice` …")
    name: dict[str, str] = Field(description="What it is called, by language.")
    quota: QuotaOut | None = Field(description="How often; null: without a limit.")
    comes_by_itself: Flag = Field(description="Whether it arrives without anybody asking.")
    gives: list[dict[str, Any]] = Field(description="What it brings: points, coupons, rewards.")
    choose: dict[str, Any] | None = Field(description="How many of which benefits may be picked; null: no choice.")
    day: dict[str, Any] | None = Field(description="Which days are member days; null: every day.")
    next_day: date | None = Field(description="The next member day; null: no member day.")
    cost_minor: int = Field(description="What one use costs the program.")


class BenefitsOut(Out):
    """The benefits of a program, in the order of its document."""

    items: list[BenefitOut]


class EntitledOut(Out):
    """A benefit that a member has, and how it stands."""

    benefit: BenefitOut = Field(description="The benefit itself.")
    by: str = Field(description="Why she has it: `everyone`, `level main/gold`, `plan prime`, `pack vip` …")
    used: int = Field(description="Uses in this period.")
    left: int | None = Field(description="Uses that are left in this period; null: without a limit.")
    period: str = Field(description="The period: `month/2026-11-01`.")
    ends_at: datetime | None = Field(description="When the period or window ends; null: never.")
    is_open: Flag = Field(description="Whether it can be used now: its day, its window, something left.")
    chosen: list[str] = Field(description="Of a choice: what she picked for this period.")


class EntitlementsOut(Out):
    """What a member is entitled to, and which paid plans run."""

    items: list[EntitledOut]
    plans: list[str] = Field(description="The keys of paid plans that run.")


class UseIn(Body):
    """A benefit is used."""

    times: StrictInt = Field(default=1, ge=1, le=1000, description="How many of the quota this takes.")
    ref: Annotated[Text, Field(max_length=200)] = Field(default="", description="Your reference, e.g. an order.")
    store: Annotated[Text, Field(max_length=64)] = Field(default="", description="The key of the store.")
    cost_minor: Annotated[StrictInt, Field(ge=0, le=10**12)] | None = Field(
        default=None, description="What it cost, where you know better than the document."
    )


class UseOut(Out):
    """One use of a benefit."""

    id: str = Field(description="The id of the use (`bnu_…`).")
    member: str = Field(description="The member's id.")
    benefit: str = Field(description="The key of the benefit.")
    state: str = Field(description="`used` or `undone`.")
    times: int = Field(description="How many of the quota it took.")
    period: str = Field(description="The period that it counts in.")
    by: str = Field(description="What entitled her.")
    level: str = Field(description="Her level at that moment, as ladder/level.")
    cost_minor: int = Field(description="What it cost.")
    ref: str = Field(description="The reference it was told with.")
    store: str = Field(description="The store's key; empty: none.")
    occasion: str = Field(description="What brought it, where it came by itself: `birthday/2026`.")
    given: list[dict[str, Any]] = Field(description="What it brought, part by part.")
    returned: list[dict[str, Any]] = Field(description="What came back of it when it was undone.")
    used_at: datetime = Field(description="When.")
    undone_at: datetime | None = Field(description="When it was undone; null: it stands.")
    reason: str = Field(description="Why it was undone.")
    actor: str


class UsesOut(Out):
    """A page of uses, newest first."""

    items: list[UseOut]
    next_cursor: str | None


class UndoIn(Body):
    """Why it is undone."""

    reason: Reason


class ChoiceIn(Body):
    """What the member picks."""

    picked: list[Key] = Field(min_length=1, max_length=100, description="Keys of benefits.")


class PackIn(Body):
    """A pack of benefits for a member."""

    pack: Key = Field(description="The key of the pack.")
    until: Instant | None = Field(default=None, description="Until when, exclusive; null: without end.")
    source: Source


class PackEndIn(Body):
    """What no longer grants a pack."""

    source: Source
    pack: Annotated[Text, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Only this pack; null: all of the source."
    )


class HoldingOut(Out):
    """A pack or paid plan that a member has from one source."""

    kind: str = Field(description="`pack` or `plan`.")
    key: str = Field(description="The key of the pack or plan.")
    source: str = Field(description="What granted it.")
    since: datetime = Field(description="From when on.")
    until: datetime | None = Field(description="Until when, exclusive; null: without end.")
    revoked_at: datetime | None = Field(description="When its source ended it; null: it did not.")
    actor: str


class HoldingsOut(Out):
    """The packs and plans of a member, latest first."""

    items: list[HoldingOut]


class GiftOut(Out):
    """An occasion that brought a member gifts, or will."""

    id: str = Field(description="The id of the occasion.")
    member: str = Field(description="The member's id.")
    occasion: str = Field(description="`birthday/2026`, `upgrade/main/gold`, `welcome` …")
    kind: str = Field(description="`birthday`, `anniversary`, `upgrade`, `milestone` or `welcome`.")
    state: str = Field(
        description="`waiting`, `given`, `returned`, `kept` (not all could be taken back) or `failed`."
    )
    on_day: date = Field(description="The member's local day that it is for.")
    due_on: date = Field(description="The local day on which it arrives.")
    given_at: datetime | None = Field(description="When it was given; null: not yet.")
    why: str = Field(description="What went wrong, where it failed.")
    benefits: list[str] = Field(description="What it brought.")


class GiftsOut(Out):
    """A page of occasions, newest first."""

    items: list[GiftOut]
    next_cursor: str | None


class BenefitCostOut(Out):
    """What a benefit cost at a level."""

    benefit: str = Field(description="The key of the benefit.")
    level: str = Field(description="The level of who used it at that moment; empty: no ladder.")
    uses: int = Field(description="Uses that stand.")
    members: int = Field(description="Members who used it.")
    cost_minor: int = Field(description="What those uses cost.")
    undone: int = Field(description="Uses that were undone.")


class CostsOut(Out):
    """What benefits cost, by benefit and level."""

    items: list[BenefitCostOut]
    currency: str

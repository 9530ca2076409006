"""What callers say and hear about care: advisers, notes, follow-ups, preferences."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictInt

from regulars.interfaces.http_api.shapes import Body, Key, Out, Text, Words
from regulars.interfaces.http_api.statement_shapes import Day

Kind = Annotated[
    Text,
    Field(min_length=1, max_length=64, description="What kind of care: `adviser`, `stylist` …", examples=["adviser"]),
]
Told = Annotated[
    Words, Field(min_length=1, max_length=2_000, description="The words; sealed with the member's own key.")
]
Email = Annotated[Text, Field(min_length=3, max_length=254, description="Somebody of the staff, by e-mail address.")]


class AdviserIn(Body):
    """Somebody of the staff who looks after members."""

    email: Email
    kind: Kind = "adviser"
    store: Key | None = Field(default=None, description="Where she works, by the store's key.")
    capacity: StrictInt = Field(ge=0, le=100_000, description="How many members she can look after at once.")


class AdviserOut(Out):
    id: str = Field(description="`adv_…`.")
    name: str = Field(description="What she is called.")
    kind: str = Field(description="What kind of care.")
    store: str | None
    capacity: int = Field(description="How many members she can look after at once.")
    members: int = Field(description="How many she looks after now.")
    active: bool = Field(description="Whether she takes members.")


class AdvisersOut(Out):
    items: list[AdviserOut]


class MembersHandOverIn(Body):
    to: Text | None = Field(
        default=None, max_length=40, description="To whom (`adv_…`); absent: in turn to the others of her kind."
    )
    retire: StrictBool = Field(default=False, description="She takes no members any more, once none is left.")


class HandedOut(Out):
    moved: int = Field(description="How many members went to somebody else: 500 at most in one call.")
    left: int = Field(description="How many are still hers: call again, or find room for them.")
    adviser: AdviserOut = Field(description="The adviser as she is now.")


class AssignIn(Body):
    """Into whose care: a certain adviser's, or the next one in turn."""

    kind: Kind = "adviser"
    adviser: Text | None = Field(default=None, max_length=40, description="`adv_…`; absent: the next in turn.")
    store: Key | None = Field(default=None, description="In turn, only of this store and below it.")


class EndIn(Body):
    kind: Kind = "adviser"


class AssignmentOut(Out):
    kind: str = Field(description="What kind of care.")
    adviser: AdviserOut = Field(description="Who it is.")
    since: datetime = Field(description="From when on.")
    until: datetime | None = Field(description="Until when; null: now.")
    source: str = Field(description="`hand`, `turn` or `merge`.")


class CareOut(Out):
    now: list[AssignmentOut] = Field(description="Who looks after her now, by kind.")
    before: list[AssignmentOut] = Field(description="Who did before, latest first: 50 at most.")


class NoteIn(Body):
    text: Told


class NoteOut(Out):
    id: str = Field(description="`cnt_…`.")
    written_at: datetime = Field(description="When it was written.")
    actor: str
    erased_at: datetime | None = Field(description="When its words were erased.")
    text: str | None = Field(description="The words; null: masked for this key, or erased.")


class NotesOut(Out):
    items: list[NoteOut]
    next_cursor: str | None


class FollowUpIn(Body):
    """Something to do for a member."""

    text: Told
    due_on: Day = Field(description="The last local day on which it should be done.")
    email: Email | None = Field(default=None, description="Who does it, by e-mail address; absent: whoever has time.")


class FollowUpPatch(Body):
    """What becomes of a follow-up: done, dropped, or later, or somebody else's."""

    state: Literal["done", "dropped"] | None = Field(default=None, description="How it ended.")
    outcome: Words = Field(default="", max_length=2_000, description="Words about how it ended; sealed.")
    due_on: Day | None = Field(default=None, description="Another day.")
    email: Email | None = Field(default=None, description="Somebody else, by e-mail address.")


class FollowUpOut(Out):
    id: str = Field(description="`fup_…`.")
    member: str
    due_on: date = Field(description="The last local day on which it should be done.")
    assignee: int | None = Field(description="The number of the person of the staff; null: nobody in particular.")
    state: Literal["open", "done", "dropped"] = Field(description="`open`, `done` or `dropped`.")
    text: str | None = Field(description="The words; null: masked for this key.")
    outcome: str = Field(description="How it ended, in words; empty when masked.")
    made_at: datetime = Field(description="When it was asked for.")
    closed_at: datetime | None = Field(description="When it ended.")


class FollowUpsOut(Out):
    items: list[FollowUpOut]


class DeskMember(Out):
    member: str
    kind: str = Field(description="What kind of care.")
    since: datetime = Field(description="From when on.")


class DeskOut(Out):
    overdue: list[FollowUpOut] = Field(description="What should be done already.")
    today: list[FollowUpOut] = Field(description="What is due on this local day.")
    coming: list[FollowUpOut] = Field(description="What is due within seven days.")
    members: list[DeskMember] = Field(description="Who is in her care, latest first.")
    next_cursor: str | None


class PreferencesIn(Body):
    values: dict[Text, Any] = Field(
        max_length=100,
        description="By the key of a preference: a choice's key, a list of them, true or false, or words; null takes "
        "it back.",
    )


class ChoiceOut(Out):
    key: str = Field(description="The choice, by its key.")
    names: dict[str, str] = Field(description="Its names by language.")


class PreferenceOut(Out):
    key: str = Field(description="The preference, by its key.")
    names: dict[str, str] = Field(description="Its names by language.")
    type: Literal["choice", "choices", "flag", "text"] = Field(description="What may be said.")
    value: Any = Field(description="What she said; words are null in the answer to a change.")
    chosen: list[ChoiceOut] = Field(description="What she chose, with its names.")
    till: bool = Field(description="Whether the till shows it.")
    set_at: datetime = Field(description="When she said so.")


class PreferencesOut(Out):
    items: list[PreferenceOut] = Field(description="In the order of the program's document.")

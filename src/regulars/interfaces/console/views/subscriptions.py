"""Paid membership: plans with their figures, subscriptions by state, one with its whole story, prepaid income."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from regulars.interfaces.console import endings, words
from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.reading import member as reading
from regulars.interfaces.console.refusals import said
from regulars.kernel import clock, ids, money, wording
from regulars.kernel.errors import NotFound, Refusal
from regulars.people.members import services as members
from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.terms import PREFIX, Every, Plan, State, Subscription, When

PER_PAGE = 50
LONGEST_DAYS = 400


class ReasonForm(forms.Form):
    """Why something is done."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        help_text=gettext_lazy("It stays in the story. Never personal data."),
    )


class PauseForm(ReasonForm):
    """For how long."""

    days = forms.IntegerField(label=gettext_lazy("For how many days"), min_value=1, max_value=366)
    field_order = ("days", "reason")


class CancelForm(ReasonForm):
    """When it ends."""

    when = forms.ChoiceField(
        label=gettext_lazy("When"),
        choices=[
            (When.PERIOD_END.value, gettext_lazy("At the end of what is paid")),
            (When.AT_ONCE.value, gettext_lazy("Now")),
        ],
    )
    # what whoever cancels has read: exactly that is done, or nothing
    period_end = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)
    at_once = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)
    field_order = ("when", "reason")


class RefundForm(ReasonForm):
    """How much."""

    amount = forms.DecimalField(label=gettext_lazy("Amount"), min_value=Decimal("0.001"), max_digits=15)
    field_order = ("amount", "reason")


def _day_field() -> forms.DateInput:
    """A browser's own field for days wants them as ISO writes them, in every language."""
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class DaysForm(forms.Form):
    """From which day to which."""

    starts = forms.DateField(label=gettext_lazy("From"), widget=_day_field())
    ends = forms.DateField(label=gettext_lazy("To (not included)"), widget=_day_field())


class BeginForm(ReasonForm):
    """A membership for a member who asks for one; her card is known to the payment provider."""

    plan = forms.ChoiceField(label=gettext_lazy("Plan"))
    method = forms.CharField(
        label=gettext_lazy("How she pays"),
        max_length=200,
        help_text=gettext_lazy("The token that the payment provider gave for her card; never the card's number."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    trial = forms.ChoiceField(
        label=gettext_lazy("Trial"),
        choices=[
            ("", gettext_lazy("If the plan has one and she had none")),
            ("no", gettext_lazy("None: she pays at once")),
        ],
        required=False,
    )
    key = forms.CharField(widget=forms.HiddenInput, max_length=100)
    field_order = ("plan", "method", "trial", "reason", "key")

    def __init__(self, *args: Any, plans: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plan"].choices = plans  # type: ignore[attr-defined]


Act = Callable[[Desk, UUID, dict[str, Any]], Subscription]


def _call(desk: Desk, subscription_id: UUID) -> dict[str, Any]:
    return {"program_id": desk.program.id, "subscription_id": subscription_id, "actor": desk.actor}


def _pause(desk: Desk, one: UUID, told: dict[str, Any]) -> Subscription:
    return subscriptions.pause(**_call(desk, one), days=told["days"], reason=told["reason"])


def _resume(desk: Desk, one: UUID, told: dict[str, Any]) -> Subscription:
    return subscriptions.resume(**_call(desk, one), reason=told["reason"])


def _cancel(desk: Desk, one: UUID, told: dict[str, Any]) -> Subscription:
    agreed = told[told["when"]] or "nothing was read"
    return subscriptions.cancel(**_call(desk, one), reason=told["reason"], when=When(told["when"]), agreed=agreed)


def _keep(desk: Desk, one: UUID, told: dict[str, Any]) -> Subscription:
    return subscriptions.keep(**_call(desk, one), reason=told["reason"])


def _refund(desk: Desk, one: UUID, told: dict[str, Any]) -> Subscription:
    amount = money.to_minor(told["amount"], desk.program.currency)
    return subscriptions.refund(**_call(desk, one), amount_minor=amount, reason=told["reason"])


ACTS: dict[str, tuple[Any, type[ReasonForm], Act, tuple[State, ...]]] = {
    "pause": (gettext_lazy("Pause"), PauseForm, _pause, (State.ACTIVE,)),
    "resume": (gettext_lazy("Run again"), ReasonForm, _resume, (State.PAUSED,)),
    "keep": (gettext_lazy("Keep after all"), ReasonForm, _keep, (State.CANCELLED,)),
    "refund": (
        gettext_lazy("Give money back"),
        RefundForm,
        _refund,
        (State.ACTIVE, State.CANCELLED, State.TRIAL, State.ENDED),
    ),
    "cancel": (
        gettext_lazy("Cancel"),
        CancelForm,
        _cancel,
        (State.STARTING, State.TRIAL, State.ACTIVE, State.PAST_DUE, State.PAUSED, State.CANCELLED),
    ),
}


@page("subscriptions:read")
def listed(desk: Desk) -> HttpResponse:
    """Plans with how many have them and what they brought; subscriptions by state, a page at a time."""
    asked = desk.request.GET
    state = State(asked["state"]) if asked.get("state") in set(State) else None
    after = _id_or_none(asked.get("after", ""))
    found = subscriptions.listed(program_id=desk.program.id, state=state, limit=PER_PAGE, after=after)
    keep = f"state={state.value}&" if state else ""
    figures = {f.plan: f for f in subscriptions.figures(program_id=desk.program.id)}
    plans = subscriptions.plans(program_id=desk.program.id)
    sold = [(p, words.named(p.names, p.key, desk.language), figures.pop(p.key, None)) for p in plans]
    context = {
        "plans": sold,
        "retired": sorted(figures.values(), key=lambda f: f.plan),
        "items": lines(desk, found.items),
        "people": _people(desk, found.items),
        "state": state.value if state else "",
        "states": [("", _("All"), None)]
        + [
            (s.value, words.word("subscription", s.value), n)
            for s in State
            if (n := subscriptions.states(program_id=desk.program.id).get(s.value)) or s is state
        ],
        "newest": f"?{keep}" if after else None,
        "older": f"?{keep}after={ids.encode(PREFIX, found.cursor)}" if found.cursor else None,
        "currency": desk.program.currency,
    }
    return desk.page("subscriptions", context, title=_("Paid membership"))


def lines(desk: Desk, items: tuple[Subscription, ...]) -> list[tuple[Subscription, str]]:
    """Subscriptions with what their plans are called."""
    return [(s, words.named(s.names, s.plan, desk.language)) for s in items]


def _people(desk: Desk, items: tuple[Subscription, ...]) -> Any:
    return members.facts(program_id=desk.program.id, member_ids={s.member_id for s in items})


def _id_or_none(text: str) -> UUID | None:
    try:
        return ids.decode(PREFIX, text) if text else None
    except NotFound:
        return None


@page("subscriptions:read")
def shown(desk: Desk, ref: str) -> HttpResponse:
    """A subscription with its periods, payments, refunds, guests and story, and what may be done with it."""
    return _shown(desk, ref)


def _shown(desk: Desk, ref: str, forms_: dict[str, ReasonForm] | None = None, refusal: str = "") -> HttpResponse:
    found = subscriptions.by_text(program_id=desk.program.id, text=ref)
    story = subscriptions.story(program_id=desk.program.id, subscription_id=found.subscription_id)
    named = {found.member_id, *(s.member_id for s in story.seats)}
    waits = any(p.state == "intended" and p.withdrawn_at is None for p in story.payments)
    quotes = endings.quotes(desk.program.id, found)
    agreed = {when.value: quote.digest for when, quote in quotes.items()}
    tried = forms_ or {}
    if "cancel" in tried:  # what stands on the page now is what she reads before she goes on
        told = {**tried["cancel"].data.dict(), **{f"cancel-{k}": v for k, v in agreed.items()}}
        tried = {"cancel": CancelForm(told, prefix="cancel")}
    acts = [
        (name, title, tried.get(name) or form(prefix=name, initial=agreed if name == "cancel" else None))
        for name, (title, form, _act, states) in ACTS.items()
        if found.state in states and (name == "cancel" or not waits) and desk.may("subscriptions:write")
    ]
    context = {
        "one": found,
        "ref": ref,
        "name": words.named(found.names, found.plan, desk.language),
        "story": story,
        "people": members.facts(program_id=desk.program.id, member_ids=named),
        "acts": acts,
        "waits": waits,
        "endings": endings.told(quotes, found.currency, desk.language),
        "refusal": refusal,
        "tried": next(iter(forms_ or {}), ""),
        "currency": found.currency,
    }
    return desk.page("subscription", context, title=context["name"])


@page("subscriptions:write")
def acted(desk: Desk, ref: str, name: str) -> HttpResponse:
    """Do one thing with a subscription for a reason; the provider is asked after it has been written down."""
    if name not in ACTS or desk.request.method != "POST":
        raise NotFound
    _title, form_of, act, _states = ACTS[name]
    form = form_of(desk.request.POST, prefix=name)
    if not form.is_valid():
        return _shown(desk, ref, {name: form})
    found = subscriptions.by_text(program_id=desk.program.id, text=ref)
    try:
        with transaction.atomic():
            act(desk, found.subscription_id, form.cleaned_data)
            desk.record(action=f"subscriptions.{name}", object=ref, reason=form.cleaned_data["reason"])
    except Refusal as no:
        return _shown(desk, ref, {name: form}, said(no))
    for kind, row_id in subscriptions.waiting(program_id=desk.program.id, subscription_id=found.subscription_id):
        subscriptions.pursue_one(kind=kind, program_id=desk.program.id, row_id=row_id)
    desk.tell(_("Done."))
    return HttpResponseRedirect(reverse("console_subscription", args=[ref]))


@page(serves="subscriptions:write")
def begun(desk: Desk, ref: str) -> HttpResponse:
    """Begin a membership for a member, for a reason; the provider is asked after it has been written down."""
    member_id = reading.member_of(desk, ref)
    plans = subscriptions.plans(program_id=desk.program.id)
    form = BeginForm(
        desk.request.POST or None,
        plans=[(p.key, _sold_as(desk, p)) for p in plans],
        initial={"key": ids.encode("key", ids.new_id())},
    )
    refusal = ""
    if desk.request.method == "POST" and form.is_valid():
        try:
            return _begin(desk, ref, member_id, form.cleaned_data)
        except Refusal as no:
            refusal = said(no)
    context = {
        "ref": ref,
        "form": form,
        "plans": plans,
        "refusal": refusal,
        "facts": members.fact(program_id=desk.program.id, member_id=member_id),
    }
    return desk.page("subscribe", context, title=_("Begin a membership"), status=422 if refusal else 200)


def _begin(desk: Desk, ref: str, member_id: UUID, told: dict[str, Any]) -> HttpResponse:
    with transaction.atomic():
        made = subscriptions.subscribe(
            program_id=desk.program.id,
            member_id=member_id,
            plan=told["plan"],
            method=told["method"],
            key=f"console/{told['key']}",
            actor=desk.actor,
            with_trial=False if told["trial"] else None,
            reason=told["reason"],
        )
        desk.record(action="subscriptions.begin", object=ref, reason=told["reason"], plan=told["plan"])
    asked = {"program_id": desk.program.id, "subscription_id": made.subscription_id}
    for kind, row_id in subscriptions.waiting(**asked):
        subscriptions.pursue_one(kind=kind, program_id=desk.program.id, row_id=row_id)
    after = subscriptions.subscription(**asked)
    if after.state is State.ENDED:
        desk.warn(_("The payment was declined; nothing has begun."))
    elif after.state is State.STARTING:
        desk.warn(_("The payment provider has not answered yet; it begins when the payment is settled."))
    else:
        desk.tell(_("The membership has begun."))
    if desk.may("subscriptions:read"):
        return HttpResponseRedirect(reverse("console_subscription", args=[ids.encode(PREFIX, made.subscription_id)]))
    return HttpResponseRedirect(reverse("console_member", args=[ref]))


def _sold_as(desk: Desk, plan: Plan) -> str:
    price = wording.cash(plan.price_minor, desk.program.currency)
    return f"{words.named(plan.names, plan.key, desk.language)} · {price} · {_every(plan.every)}"


def _every(every: Every) -> str:
    if every.months:
        return ngettext("%(n)s month", "%(n)s months", every.months) % {"n": every.months}
    return ngettext("%(n)s day", "%(n)s days", every.days or 0) % {"n": every.days}


@page("subscriptions:read")
def income(desk: Desk) -> HttpResponse:
    """Prepaid income by plan over some days, and what each day earned."""
    today = clock.local_day(clock.now(), desk.program.zone)
    usual = {"starts": today.replace(day=1), "ends": today + timedelta(days=1)}
    is_asked = "starts" in desk.request.GET
    form = DaysForm(desk.request.GET if is_asked else None, initial=usual)
    days: dict[str, date] = form.cleaned_data if is_asked and form.is_valid() else usual
    if is_asked and form.is_valid() and not days["starts"] < days["ends"] <= days["starts"] + timedelta(LONGEST_DAYS):
        form.add_error("ends", _("must come after the first day, at most %(n)s days") % {"n": LONGEST_DAYS})
        days = usual
    asked = {"program_id": desk.program.id, "from_on": days["starts"], "to_on": days["ends"]}
    found = subscriptions.income(**asked)
    by_day = subscriptions.earned_by_day(**asked)
    most = max((abs(n) for _day, n in by_day), default=0) or 1
    context = {
        "form": form,
        "days": days,
        "lines": found,
        "sums": {
            name: sum(getattr(line, f"{name}_minor") for line in found)
            for name in ("opening", "charged", "refunded", "earned", "closing")
        },
        "by_day": [(day, n, 100 * max(n, 0) // most) for day, n in by_day],
        "currency": desk.program.currency,
    }
    return desk.page("subscription_income", context, title=_("Prepaid income"))

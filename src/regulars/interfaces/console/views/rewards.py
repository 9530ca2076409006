"""Rewards: the list with stock and state, one reward with its redemptions and waiting list, the desk of a store."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from regulars.interfaces.console import words
from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.reading import member as reading
from regulars.interfaces.console.refusals import said
from regulars.kernel import ids
from regulars.kernel.errors import Refusal
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Store
from regulars.value.rewards import services as rewards
from regulars.value.rewards.terms import POOL_PREFIX, PREFIX, Kind, Redemption, Reward, State, UnknownRedemption

PAGE = 50
OPEN = (State.REQUESTED, State.ACCEPTED, State.SHIPPED, State.READY)
MOST_FILE = 4 * 2**20


class StockForm(forms.Form):
    """More pieces or seats, or fewer."""

    session = forms.ChoiceField(label=gettext_lazy("Date"), required=False)
    count = forms.IntegerField(
        label=gettext_lazy("How many more"), help_text=gettext_lazy("Below zero: fewer, that nobody has.")
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)

    def __init__(self, *args: Any, reward: Reward, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(s.key, words.named(s.names, s.key, language)) for s in reward.sessions]
        if choices:
            self.fields["session"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["session"]


class CodesForm(forms.Form):
    """Codes that others made: a file, or typed."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        help_text=gettext_lazy("Text or CSV, one code a line in the first column."),
    )
    text = forms.CharField(label=gettext_lazy("Or here"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    key = forms.CharField(widget=forms.HiddenInput, max_length=100)


class WithdrawForm(forms.Form):
    """The codes of one import that nobody has are taken out."""

    pool = forms.CharField(widget=forms.HiddenInput, max_length=100)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)


@page(serves="rewards:read")
def listed(desk: Desk) -> HttpResponse:
    """All rewards with what is left of them; a desk code leads to its redemption."""
    code, missed = desk.request.GET.get("code", "").strip(), ""
    if code:
        try:
            found = rewards.by_code(program_id=desk.program.id, code=code)
            return HttpResponseRedirect(reverse("console_redemption", args=[ids.encode(PREFIX, found.redemption_id)]))
        except UnknownRedemption:
            missed = _("There is no redemption with this code.")
    shelves = rewards.shelves(program_id=desk.program.id)
    refused = {o.reward.key: o.refused for o in rewards.mall(program_id=desk.program.id)}
    totals: dict[str, list[Any]] = {}
    for total in rewards.totals(program_id=desk.program.id):
        totals.setdefault(total.cause, []).append(total)
    rows = [
        {
            "reward": r,
            "name": words.named(r.names, r.key, desk.language),
            "shelves": shelves.get(r.key, ()),
            "refused": refused.get(r.key, ""),
            "is_given": not r.prices and not r.by_level,
            "totals": totals.get(r.cause.key, []) if r.cause else [],
        }
        for r in rewards.rewards(program_id=desk.program.id)
    ]
    context = {"rows": rows, "asked": code, "missed": missed, "units": reading.unit_names(desk)}
    return desk.page("rewards", context, title=_("Rewards"), status=404 if missed else 200)


@page(serves="rewards:read")
def shown(desk: Desk, key: str) -> HttpResponse:
    """One reward: its terms, stock, redemptions and waiting list; who may, stocks it or imports codes."""
    program = desk.program.id
    reward = rewards.reward(program_id=program, key=key)
    has_shelf = bool(reward.sessions or reward.stock is not None)
    stock, codes, refusal = _forms(desk, reward), None, ""
    if reward.kind is Kind.DIGITAL_CODE:
        codes = CodesForm(
            desk.request.POST or None,
            desk.request.FILES or None,
            initial={"key": ids.encode("key", ids.new_id())},
        )
    if desk.request.method == "POST":
        desk.require("rewards:write")
        form: forms.Form | None = codes if reward.kind is Kind.DIGITAL_CODE else stock
        if "pool" in desk.request.POST:
            form, codes = WithdrawForm(desk.request.POST), CodesForm(initial={"key": ids.encode("key", ids.new_id())})
        if form is not None and form.is_valid():
            try:
                return _stocked(desk, reward, form.cleaned_data)
            except Refusal as no:
                refusal = said(no)
    after = desk.request.GET.get("after", "")
    found = rewards.redemptions(
        program_id=program, reward=key, after=ids.decode(PREFIX, after) if after else None, limit=PAGE
    )
    waits = rewards.waits(program_id=program, reward=key)
    context = {
        "reward": reward,
        "name": words.named(reward.names, reward.key, desk.language),
        "about": words.named(reward.about, "", desk.language),
        "shelves": [(s, _session(desk, reward, s.session)) for s in rewards.shelves(program_id=program).get(key, ())],
        "redemptions": lines(desk, found.items),
        "older": f"?{urlencode({'after': ids.encode(PREFIX, found.last)})}" if found.last else "",
        "newest": reverse("console_reward", args=[key]) if after else "",
        "waits": waits,
        "people": members.facts(program_id=program, member_ids={w.member_id for w in waits}),
        "stockings": rewards.stockings(program_id=program, reward=key, limit=20),
        "pools": [(p, ids.encode(POOL_PREFIX, p.pool_id)) for p in rewards.pools(program_id=program, reward=key)],
        "totals": rewards.totals(program_id=program, cause=reward.cause.key) if reward.cause else (),
        "form": (codes or (stock if has_shelf else None)) if desk.may("rewards:write") else None,
        "refusal": refusal,
        "units": reading.unit_names(desk),
    }
    return desk.page("reward", context, title=context["name"])


def _forms(desk: Desk, reward: Reward) -> StockForm:
    return StockForm(desk.request.POST or None, reward=reward, language=desk.language)


def _session(desk: Desk, reward: Reward, key: str) -> Any:
    found = next((s for s in reward.sessions if s.key == key), None)
    return found and {"name": words.named(found.names, found.key, desk.language), "at": found}


def _stocked(desk: Desk, reward: Reward, told: dict[str, Any]) -> HttpResponse:
    """Restock or import, and say what was done."""
    with transaction.atomic():
        if "pool" in told:
            gone = rewards.withdraw_codes(
                program_id=desk.program.id,
                reward=reward.key,
                pool_id=ids.decode(POOL_PREFIX, told["pool"]),
                reason=told["reason"],
                actor=desk.actor,
            )
            desk.record(
                action="rewards.codes_withdrawn", object=reward.key, reason=told["reason"], withdrawn=gone.withdrawn
            )
            sentence = _("%(n)s codes are withdrawn, %(kept)s stay for who was promised one.") % {
                "n": gone.withdrawn,
                "kept": gone.kept,
            }
        elif reward.kind is Kind.DIGITAL_CODE:
            file = told["file"]
            text = file.read(MOST_FILE).decode("utf-8", "replace") if file else told["text"]
            done = rewards.import_codes(
                program_id=desk.program.id,
                reward=reward.key,
                codes=rewards.read_codes(text),
                key=f"console/{told['key']}",
                actor=desk.actor,
            )
            desk.record(action="rewards.codes", object=reward.key, stored=done.stored)
            sentence = _("%(n)s codes are new, %(no)s were rejected.") % {"n": done.stored, "no": len(done.rejects)}
        else:
            rewards.restock(
                program_id=desk.program.id,
                reward=reward.key,
                count=told["count"],
                session=told.get("session", ""),
                reason=told["reason"],
                actor=desk.actor,
            )
            desk.record(action="rewards.stock", object=reward.key, count=told["count"], reason=told["reason"])
            sentence = _("The stock is changed; who waited was offered what came free.")
    desk.tell(sentence)
    return HttpResponseRedirect(reverse("console_reward", args=[reward.key]))


@page(serves="rewards:read")
def at_desk(desk: Desk) -> HttpResponse:
    """The desk of a store: what is to be handed over there, oldest first; of the stores where she works."""
    stores = stores_of(desk, "rewards:read")
    keys = {s.key for s in stores}
    asked = desk.request.GET.get("store", "")
    store = asked if asked in keys else ""
    theirs = None if desk.may("rewards:read") else keys
    page_ = rewards.redemptions(
        program_id=desk.program.id, stores=[store] if store else theirs, states=OPEN, limit=200
    )
    rows = [line for line in lines(desk, reversed(page_.items)) if line["one"].pay_until is None]
    context = {
        "stores": stores,
        "store": store,
        "is_all": theirs is None,
        "groups": [
            (state, [line for line in rows if line["one"].state is state])
            for state in (State.REQUESTED, State.ACCEPTED, State.READY, State.SHIPPED)
        ],
        "is_empty": not rows,
        "is_cut": page_.last is not None,
    }
    return desk.page("reward_desk", context, title=_("To be handed over"))


def stores_of(desk: Desk, permission: str) -> list[Store]:
    """The stores of the program where she may do something; of regions, those below."""
    found = programs.stores(program_id=desk.program.id, limit=500).items
    return [s for s in found if desk.access.may(permission, desk.program.id, s.id)]


def lines(desk: Desk, found: Any) -> list[dict[str, Any]]:
    """Redemptions with the names a list shows."""
    many: list[Redemption] = list(found)
    people = members.facts(program_id=desk.program.id, member_ids={r.member_id for r in many})
    return [
        {
            "one": r,
            "ref": ids.encode(PREFIX, r.redemption_id),
            "name": words.named(r.names, r.reward, desk.language),
            "who": people.get(r.member_id),
            "mem": ids.encode("mem", r.member_id),
        }
        for r in many
    ]

"""Coupons: their templates and batches, and one coupon by its code with its whole story."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from procrastinate.contrib.django import app

from regulars.interfaces.console import words
from regulars.interfaces.console.desk import Desk, page
from regulars.kernel import ids
from regulars.kernel.errors import Refusal
from regulars.kernel.ratelimit import TooManyRequests
from regulars.people.members import services as members
from regulars.people.members.terms import MemberFacts
from regulars.value.coupons import services as coupons
from regulars.value.coupons.terms import BATCH_PREFIX, Batch, Template, UnknownCode

MAKE_TASK = "coupons make batch"
MOST_BATCHES = 50


class BatchForm(forms.Form):
    """How many codes of which template, and what for."""

    template = forms.ChoiceField(label=gettext_lazy("Template"))
    size = forms.IntegerField(label=gettext_lazy("How many codes"), min_value=1, max_value=10_000_000)
    note = forms.CharField(
        label=gettext_lazy("What for"),
        max_length=500,
        help_text=gettext_lazy("For staff. Never personal data."),
    )
    key = forms.CharField(widget=forms.HiddenInput, max_length=100)

    def __init__(self, *args: Any, templates: Sequence[Template], language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(t.key, words.named(t.names, t.key, language)) for t in templates]
        self.fields["template"].choices = choices  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    """Why a coupon is withdrawn."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        help_text=gettext_lazy("It stays in the story of the coupon. Never personal data."),
    )


@page("coupons:read")
def listed(desk: Desk) -> HttpResponse:
    """Templates and batches; a code leads to its coupon; a form makes a new batch."""
    wanted = desk.request.GET.get("code", "").strip()
    missed = ""
    if wanted:
        try:
            found = coupons.look_up(program_id=desk.program.id, code=wanted, who=[desk.actor])
            return HttpResponseRedirect(reverse("console_coupon", args=[found.code]))
        except UnknownCode:
            missed = _("There is no coupon with this code.")
        except TooManyRequests as no:
            missed = _("Too many unknown codes. Try again in %(n)s seconds.") % {"n": no.retry_after_seconds}
    templates = coupons.templates(program_id=desk.program.id)
    form = BatchForm(
        desk.request.POST or None,
        templates=templates,
        language=desk.language,
        initial={"key": ids.encode("key", ids.new_id())},
    )
    refusal = ""
    if desk.request.method == "POST":
        desk.require("coupons:write")
        if form.is_valid():
            try:
                return _made(desk, form.cleaned_data)
            except Refusal as no:
                refusal = no.detail
    batches = coupons.batches(program_id=desk.program.id, limit=MOST_BATCHES)
    context = {
        "templates": [(t, words.named(t.names, t.key, desk.language)) for t in templates],
        "batches": [(b, _state(b), b.made * 100 // b.size) for b in batches],
        "is_making": any(b.done_at is None for b in batches),
        "misses": coupons.misses(program_id=desk.program.id, limit=5),
        "asked": wanted,
        "missed": missed,
        "form": form,
        "refusal": refusal,
    }
    return desk.page("coupons", context, title=_("Coupons"), status=404 if missed else 200)


def _state(batch: Batch) -> str:
    return "voided" if batch.voided_at else "done" if batch.done_at else "making"


def _made(desk: Desk, told: dict[str, Any]) -> HttpResponse:
    with transaction.atomic():
        batch = coupons.begin_batch(
            program_id=desk.program.id,
            template=told["template"],
            size=told["size"],
            key=f"console/{told['key']}",
            note=told["note"],
            actor=desk.actor,
        )
        public = ids.encode(BATCH_PREFIX, batch.batch_id)
        desk.record(action="coupons.batch", object=public, size=batch.size, template=batch.template)
        if batch.size <= coupons.AT_ONCE:
            coupons.make_batch(program_id=desk.program.id, batch_id=batch.batch_id)
        else:
            app.configure_task(MAKE_TASK).defer(program_id=desk.program.id, batch_id=str(batch.batch_id))
    desk.tell(_("The batch is made, or on its way: this page says how far it is."))
    return HttpResponseRedirect(reverse("console_coupons"))


@page("coupons:write")
def exported(desk: Desk, ref: str) -> HttpResponseBase:
    """The codes of a batch as a file, streamed; who took it is recorded."""
    rows = coupons.codes_of(program_id=desk.program.id, batch_id=ids.decode(BATCH_PREFIX, ref))
    desk.record(action="coupons.export", object=ref)
    name = f'attachment; filename="{ref}.csv"'
    return StreamingHttpResponse(rows, content_type="text/csv", headers={"Content-Disposition": name})


@page("coupons:read")
def shown(desk: Desk, code: str) -> HttpResponse:
    """A coupon with its whole story; who may, withdraws it for a reason."""
    try:
        coupon = coupons.look_up(program_id=desk.program.id, code=code, who=[desk.actor])
    except (UnknownCode, TooManyRequests):
        return HttpResponseRedirect(f"{reverse('console_coupons')}?{urlencode({'code': code})}")
    form, refusal = ReasonForm(desk.request.POST or None), ""
    if desk.request.method == "POST":
        desk.require("coupons:write")
        if form.is_valid():
            reason = form.cleaned_data["reason"]
            try:
                with transaction.atomic():
                    coupons.withdraw(
                        program_id=desk.program.id, coupon_id=coupon.coupon_id, actor=desk.actor, reason=reason
                    )
                    desk.record(action="coupons.void", object=ids.encode("cpn", coupon.coupon_id), reason=reason)
                desk.tell(_("The coupon is withdrawn."))
                return HttpResponseRedirect(reverse("console_coupon", args=[coupon.code]))
            except Refusal as no:
                refusal = no.detail
    story = coupons.story(program_id=desk.program.id, coupon_id=coupon.coupon_id)
    named = {m for c in story for m in (c.member_id, c.other_id) if m} | {coupon.member_id, coupon.offered_to} - {
        None
    }
    people: dict[UUID, MemberFacts] = members.facts(
        program_id=desk.program.id, member_ids={m for m in named if m is not None}
    )
    context = {
        "coupon": coupon,
        "name": words.named(coupon.names, coupon.template, desk.language),
        "people": people,
        "story": story,
        "form": form,
        "refusal": refusal,
        "may_void": desk.may("coupons:write") and coupon.state.value in ("open", "expired"),
    }
    return desk.page("coupon", context, title=_("Coupon %(code)s") % {"code": coupon.code})

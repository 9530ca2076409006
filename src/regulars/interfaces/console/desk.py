"""The desk at which a person works: which program, what she may do there, and in which words she is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from regulars.interfaces.console.refusals import said
from regulars.kernel.errors import Forbidden, NotFound, Refusal
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Program
from regulars.people.staff import services as staff
from regulars.people.staff.services import Access
from regulars.value.ledger import services as ledger

CHOSEN = "console_program"
MOST_WAITING = 50
SYSTEMS: dict[str, Any] = {
    "subscriptions": gettext_lazy("Paid membership"),
    "benefits": gettext_lazy("Benefits"),
    "checkout": gettext_lazy("Baskets"),
    "auto": gettext_lazy("Rewards"),
    "import": gettext_lazy("Imports"),
    "allowances": gettext_lazy("Offline tills"),
}


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A request of a person at one program. `mine`: all programs where she has any grant."""

    request: HttpRequest
    access: Access
    program: Program
    mine: tuple[Program, ...]

    @property
    def actor(self) -> str:
        """How the books name her."""
        return f"staff:{self.access.person.id}"

    @property
    def language(self) -> str:
        """`en` or `zh-hans`."""
        return translation.get_language() or "en"

    def may(self, permission: str) -> bool:
        """Whether she may do something in this program."""
        return self.access.may(permission, self.program.id)

    def require(self, permission: str) -> None:
        """Go on only if she may.

        Raises: Forbidden.
        """
        self.access.require(permission, self.program.id)

    def serves(self, permission: str) -> bool:
        """Whether she may do something for a member who stands before her, at whatever store she works."""
        return self.access.serves(permission, self.program.id)

    def record(self, *, action: str, object: str, reason: str = "", **facts: Any) -> None:
        """Write a line of the audit trail, in the act's own transaction."""
        staff.record(
            actor=self.actor,
            action=action,
            object=object,
            program_id=self.program.id,
            facts={**facts, **({"reason": reason} if reason else {})},
        )

    def page(self, template: str, context: Mapping[str, Any], *, title: Any, status: int = 200) -> HttpResponse:
        """A page in the console's frame."""
        return TemplateResponse(
            self.request,
            f"console/{template}.html",
            {
                **admin.site.each_context(self.request),
                "title": title,
                "desk": self,
                "program": self.program,
                **context,
            },
            status=status,
        )

    def tell(self, text: str) -> None:
        """A line that says what was done, on the next page."""
        messages.success(self.request, text)

    def warn(self, text: str) -> None:
        """A line that says what was not done, on the next page."""
        messages.error(self.request, text)


View = Callable[..., HttpResponse]


def page(permission: str | None = None, *, serves: str | None = None) -> Callable[[View], Any]:
    """A page of the console: for staff, at the chosen program, where she needs `permission` there.

    `serves`: a page about one member, for which the permission at any store of hers is enough.
    A refusal that the view does not answer itself becomes a page that says why; nothing was changed.
    """

    def wrap(view: View) -> Any:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            desk = desk_of(request)
            if desk is None:
                context = {**admin.site.each_context(request), "title": _("No program yet")}
                return TemplateResponse(request, "console/nobody.html", context, status=403)
            with timezone.override(desk.program.zone):
                return _render(_answer(desk, view, (permission, serves), args, kwargs))

        return admin.site.admin_view(answer)

    return wrap


def _answer(desk: Desk, view: View, needs: tuple[str | None, str | None], args: Any, kwargs: Any) -> HttpResponse:
    permission, serves = needs
    try:
        if serves is not None and not desk.serves(serves):
            permission = serves
        if permission is not None:
            desk.require(permission)
        return view(desk, *args, **kwargs)
    except Refusal as no:
        return refused(desk, no)


def _render(answer: HttpResponse) -> HttpResponse:
    # inside the zone of the program, else its times would be written in UTC
    return answer.render() if isinstance(answer, TemplateResponse) else answer


def refused(desk: Desk, no: Refusal) -> HttpResponse:
    """A page that says why not."""
    title = (
        _("Not found")
        if isinstance(no, NotFound)
        else _("Not allowed")
        if isinstance(no, Forbidden)
        else _("Refused")
    )
    return desk.page("refused", {"sentence": said(no), "code": no.code}, title=title, status=no.status)


def desk_of(request: HttpRequest) -> Desk | None:
    """The desk of a request; None when she has no grant in any program."""
    access: Access = request.grants  # type: ignore[attr-defined]
    mine = access.programs()
    found = sorted((p for p in programs.all_programs() if p.id in mine), key=lambda p: p.name.casefold())
    if not found:
        return None
    chosen = request.session.get(CHOSEN)
    program = next((p for p in found if p.id == chosen), found[0])
    return Desk(request=request, access=access, program=program, mine=tuple(found))


@require_POST
def choose_program(request: HttpRequest) -> HttpResponse:
    """Work at another program from now on."""
    desk = desk_of(request)
    key = request.POST.get("program", "")
    wanted = next((p for p in desk.mine if p.key == key), None) if desk else None
    if wanted is None:
        raise Http404
    request.session[CHOSEN] = wanted.id
    return HttpResponseRedirect(reverse("admin:index"))


def back_to(request: HttpRequest, otherwise: str) -> str:
    """Where the form said to go afterwards, if that is one of our own pages."""
    wanted = request.POST.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
    return wanted if wanted and safe else otherwise


def waiting_badge(request: HttpRequest) -> str:
    """How many corrections wait, beside the link in the navigation; fifty at most are looked at."""
    desk = desk_of(request)
    if desk is None or not desk.may("ledger:read"):
        return ""
    found = len(ledger.adjustments(program_id=desk.program.id, limit=MOST_WAITING))
    return f"{found}+" if found == MOST_WAITING else str(found or "")


def name_of(actor: str) -> str:
    """A person's name for an actor of the books, or the actor itself."""
    kind, _colon, number = actor.partition(":")
    if kind == "staff" and number.isdecimal():
        try:
            person = staff.person(user_id=int(number))
        except (Refusal, ObjectDoesNotExist):
            return actor
        return person.name or person.email
    if kind == "key":
        return _("API key %(n)s") % {"n": number}
    if kind == "system":
        what = number.split(" ")[0]
        return _("System: %(what)s") % {"what": SYSTEMS.get(what, what)}
    return actor

"""Members: found by what they say, listed newest first, and shown one by one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from regulars.governance.identity import services as identity
from regulars.interfaces.console import words
from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.reading import member as reading
from regulars.interfaces.console.reading.finding import find
from regulars.kernel import ids
from regulars.kernel.errors import Invalid
from regulars.people.agreements import services as agreements
from regulars.people.consent import services as consent
from regulars.people.members import services as members
from regulars.people.members.terms import PREFIX, MemberStatus
from regulars.value.ledger import services as ledger
from regulars.value.orders import services as orders

PER_PAGE = 50
PER_TAB = 25
TABS = ("journal", "lots", "orders", "timeline", "consents", "merges")
OF_THE_BOOKS = ("journal", "lots")  # what needs `ledger:read`


@page("members:read")
def listed(desk: Desk) -> HttpResponse:
    """The members who joined last, a page at a time; and the search, whose text never stands in an address."""
    asked = desk.request.GET
    status = asked.get("status", "")
    wanted = MemberStatus(status) if status in set(MemberStatus) else None
    found = members.recent(
        program_id=desk.program.id, limit=PER_PAGE, cursor=asked.get("after") or None, status=wanted
    )
    keep = {"status": status} if wanted else {}
    context = {
        "items": found.items,
        "status": status if wanted else "",
        "statuses": [("", _("All")), *words.MEMBER_STATUS.items()],
        "newest": f"?{urlencode(keep)}" if asked.get("after") else None,
        "older": f"?{urlencode({**keep, 'after': found.next_cursor})}" if found.next_cursor else None,
    }
    return desk.page("members", context, title=_("Members"))


@page("members:read")
def searched(desk: Desk) -> HttpResponse:
    """Whom the text may mean: one member is shown at once."""
    text = desk.request.POST.get("q", "").strip()[:200]
    if desk.request.method != "POST" or not text:
        return HttpResponseRedirect(reverse("console_members"))
    found = find(program_id=desk.program.id, text=text)
    if len(found) == 1:
        return HttpResponseRedirect(address(found[0].member_id))
    context = {
        "items": found,
        "asked": text,
        "statuses": [("", _("All")), *words.MEMBER_STATUS.items()],
        "status": "",
    }
    return desk.page("members", context, title=_("Members"))


def address(member_id: UUID) -> str:
    """The page of a member."""
    return reverse("console_member", args=[ids.encode(PREFIX, member_id)])


@page("members:read")
def shown(desk: Desk, ref: str) -> HttpResponse:
    """A member, masked."""
    return _member(desk, reading.member_of(desk, ref), reveal=False)


@page("members:reveal")
def revealed(desk: Desk, ref: str) -> HttpResponse:
    """A member in clear for this one look; the audit trail tells who looked, and why."""
    member_id = reading.member_of(desk, ref)
    reason = desk.request.POST.get("reason", "").strip()[:200]
    if desk.request.method != "POST":
        return HttpResponseRedirect(address(member_id))
    if not reason:
        raise Invalid(errors=[("reason", str(_("is needed")))])
    desk.record(action="members.reveal", object=ref, reason=reason)
    answer = _member(desk, member_id, reveal=True)
    answer["Cache-Control"] = "no-store"
    return answer


def _member(desk: Desk, member_id: UUID, *, reveal: bool) -> HttpResponse:
    program = desk.program.id
    profile = members.profile(program_id=program, member_id=member_id, reveal=reveal)
    tabs = [t for t in TABS if t not in OF_THE_BOOKS or desk.serves("ledger:read")]
    tab = desk.request.GET.get("tab", "")
    tab = tab if tab in tabs else tabs[0]
    context: dict[str, Any] = {
        "profile": profile,
        "facts": profile.facts,
        "ref": ids.encode(PREFIX, member_id),
        "qr": mark_safe(members.number_qr(number=profile.facts.number)),  # noqa: S308 - our own drawing of digits
        "levels": reading.levels(desk, member_id),
        "cards": reading.cards(desk, member_id),
        "holds": ledger.holds(program_id=program, member_id=member_id),
        "units": reading.unit_names(desk),
        "attributes": _attributes(desk, profile.attributes),
        "into": ids.encode(PREFIX, profile.facts.merged_into) if profile.facts.merged_into else None,
        "merged": members.merged_from(program_id=program, member_id=member_id),
        "tab": tab,
        "tabs": [(key, name) for key, name in _tab_names() if key in tabs],
    }
    context |= _TAB[tab](desk, member_id)
    title = profile.name or profile.facts.number
    return desk.page("member", context, title=title)


def _tab_names() -> list[tuple[str, str]]:
    return [
        ("journal", _("Journal")),
        ("lots", _("Lots")),
        ("orders", _("Orders")),
        ("timeline", _("Timeline")),
        ("consents", _("Consents")),
        ("merges", _("Merges")),
    ]


def _attributes(desk: Desk, values: dict[str, Any]) -> list[tuple[str, Any]]:
    labels = {a.key: a.label for a in members.attributes(program_id=desk.program.id)} if values else {}
    return [(words.named(labels.get(key), key, desk.language), value) for key, value in values.items()]


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None


def _journal(desk: Desk, member_id: UUID) -> dict[str, Any]:
    before = _whole(desk.request.GET.get("before"))
    found = ledger.journal(program_id=desk.program.id, member_id=member_id, before=before, limit=PER_TAB + 1)
    more = len(found) > PER_TAB
    return {
        "lines": reading.lines(found[:PER_TAB]),
        "newest": "?tab=journal" if before else None,
        "older": f"?tab=journal&before={found[PER_TAB - 1].seq}" if more else None,
    }


def _lots(desk: Desk, member_id: UUID) -> dict[str, Any]:
    seq, _dot, n = desk.request.GET.get("before", "").partition(".")
    place = (int(seq), int(n)) if _whole(seq) is not None and _whole(n) is not None else None
    shows_all = desk.request.GET.get("all") == "1"
    found = ledger.lots(
        program_id=desk.program.id, member_id=member_id, open_only=not shows_all, before=place, limit=PER_TAB + 1
    )
    last = found[PER_TAB - 1] if len(found) > PER_TAB else None
    own = "?tab=lots&all=1" if shows_all else "?tab=lots"
    return {
        "lots": found[:PER_TAB],
        "all": shows_all,
        "newest": own if place else None,
        "older": f"{own}&before={last.seq}.{last.n}" if last else None,
    }


def _orders(desk: Desk, member_id: UUID) -> dict[str, Any]:
    if not desk.may("orders:read"):
        return {"page": None, "returns": ()}
    text = desk.request.GET.get("after")
    found = orders.of_member(
        program_id=desk.program.id, member_id=member_id, limit=PER_TAB, cursor=text.split("|") if text else None
    )
    return {
        "page": found,
        "returns": ()
        if text
        else orders.returns_of_member(program_id=desk.program.id, member_id=member_id, limit=10),
        "newest": "?tab=orders" if text else None,
        "older": f"?{urlencode({'tab': 'orders', 'after': '|'.join(found.cursor)})}" if found.cursor else None,
    }


def _timeline(desk: Desk, member_id: UUID) -> dict[str, Any]:
    text = desk.request.GET.get("after")
    moments, cursor = orders.timeline(
        program_id=desk.program.id, member_id=member_id, limit=PER_TAB, cursor=text.split("|") if text else None
    )
    said = consent.history(program_id=desk.program.id, member_id=member_id)
    newest = None if not text else text.split("|")[0]
    oldest = moments[-1].at if cursor and moments else None
    sees_books = desk.serves("ledger:read")
    happened: list[dict[str, Any]] = [
        {"at": m.at, "what": m.what, "kind": m.kind, "id": m.id, "facts": m.facts}
        for m in moments
        if m.what != "journal" or sees_books
    ]
    happened += [
        {"at": e.at, "what": "consent", "kind": "granted" if e.granted else "withdrawn", "facts": {"event": e}}
        for e in said
        if (oldest is None or e.at >= oldest) and (newest is None or e.at.isoformat() < newest)
    ]
    return {
        "moments": sorted(happened, key=lambda m: m["at"], reverse=True),
        "newest": "?tab=timeline" if text else None,
        "older": f"?{urlencode({'tab': 'timeline', 'after': '|'.join(cursor)})}" if cursor else None,
    }


def _consents(desk: Desk, member_id: UUID) -> dict[str, Any]:
    return {
        "standing": consent.current(program_id=desk.program.id, member_id=member_id),
        "history": list(reversed(consent.history(program_id=desk.program.id, member_id=member_id)))[:100],
        "confirmed": agreements.acknowledgements(program_id=desk.program.id, member_id=member_id)[:100],
        "to_confirm": agreements.waiting_for(program_id=desk.program.id, member_id=member_id),
        "terms": agreements.version_of(program_id=desk.program.id, member_id=member_id),
    }


def _merges(desk: Desk, member_id: UUID) -> dict[str, Any]:
    return {"merges": identity.merges(program_id=desk.program.id, member_id=member_id)[:50]}


_TAB = {
    "journal": _journal,
    "lots": _lots,
    "orders": _orders,
    "timeline": _timeline,
    "consents": _consents,
    "merges": _merges,
}


@page(serves="ledger:read")
def proof(desk: Desk, ref: str, seq: int) -> HttpResponse:
    """Where the value of one movement came from, as a fragment for the journal, and as a page of its own."""
    member_id = reading.member_of(desk, ref)
    entry, traces = ledger.provenance(program_id=desk.program.id, member_id=member_id, seq=seq)
    context = {
        "entry": entry,
        "traces": traces,
        "units": reading.unit_names(desk),
        "ref": ref,
        "note": None,
    }
    is_part = desk.request.headers.get("X-Requested-With") == "fetch"
    title = _("Journal entry %(n)s") % {"n": seq}
    return desk.page("proof_part" if is_part else "proof", context, title=title)

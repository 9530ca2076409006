"""Orders: newest first, found by reference, shown with what each line earned and why."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.promoting import answers
from regulars.interfaces.console.reading import member as reading
from regulars.kernel import ids
from regulars.people.members import services as members
from regulars.value.orders import services as orders
from regulars.value.orders.services.whole import whole
from regulars.value.orders.terms import PREFIX, NoOrder

PER_PAGE = 50


@page("orders:read")
def listed(desk: Desk) -> HttpResponse:
    """The orders recorded last, a page at a time; a reference leads to its order."""
    asked = desk.request.GET.get("ref", "").strip()[:200]
    if asked:
        try:
            found = orders.get(program_id=desk.program.id, ref=asked)
            return HttpResponseRedirect(reverse("console_order", args=[ids.encode(PREFIX, found.summary.order_id)]))
        except NoOrder:
            pass
    after = desk.request.GET.get("after")
    shown = orders.recent(program_id=desk.program.id, limit=PER_PAGE, cursor=[after] if after else None)
    people = members.facts(program_id=desk.program.id, member_ids={o.member_id for o in shown.items if o.member_id})
    context: dict[str, Any] = {
        "items": [(one, people.get(one.member_id) if one.member_id else None) for one in shown.items],
        "asked": asked,
        "units": reading.unit_names(desk),
        "newest": "?" if after else None,
        "older": f"?after={quote(str(shown.cursor[0]))}" if shown.cursor else None,
    }
    return desk.page("orders", context, title=_("Orders"), status=404 if asked else 200)


@page("orders:read")
def shown(desk: Desk, ref: str) -> HttpResponse:
    """One order whole."""
    order = orders.get(program_id=desk.program.id, ref=ref)
    member_id = order.summary.member_id
    facts = members.facts(program_id=desk.program.id, member_ids=[member_id] if member_id else [])
    kept = whole(program_id=desk.program.id, order_id=order.summary.order_id)
    lines = {line.n: line for line in kept.stored.lines}
    context = {
        "decided": kept.extras is not None,
        "kept": kept,
        "saved": sum(line.discount_minor for line in kept.stored.lines),
        "by_points": sum(line.tendered_minor for line in kept.stored.lines),
        "priced": lines,
        "names": answers.names(desk, order.terms_version) | answers.names(desk, order.rule_version)
        if order.terms_version
        else answers.names(desk, order.rule_version),
        "order": order,
        "summary": order.summary,
        "facts": facts.get(member_id) if member_id else None,
        "units": reading.unit_names(desk),
    }
    return desk.page("order", context, title=_("Order %(ref)s") % {"ref": order.summary.ref})

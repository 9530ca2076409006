"""A member's statement: on the screen, on paper, and as the signed file."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from regulars.governance.assurance import services as assurance
from regulars.interfaces.console import naming, words
from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.reading import member as reading
from regulars.interfaces.console.views.levels import WHY
from regulars.kernel import clock

MEANINGS: dict[str, Any] = {
    "earned": gettext_lazy("Earned"),
    "spent": gettext_lazy("Redeemed"),
    "given_back": gettext_lazy("Given back"),
    "expired": gettext_lazy("Expired"),
    "clawed_back": gettext_lazy("Taken back"),
    "transferred": gettext_lazy("Transferred"),
    "exchanged": gettext_lazy("Exchanged"),
    "adjusted": gettext_lazy("Adjusted by hand"),
    "merged": gettext_lazy("From or to a merged member"),
}
CAUSES: dict[str, Any] = {
    "order": gettext_lazy("Order"),
    "return": gettext_lazy("Return"),
    "merge": gettext_lazy("Merged"),
    "publish": gettext_lazy("new rules"),
}
_OWN = ("wallet", "pending", "held", "debt")


@page(serves="ledger:read")
def shown(desk: Desk, ref: str) -> HttpResponse:
    """The statement of a period, last month's unless said; `download=1` gives the signed file."""
    member_id = reading.member_of(desk, ref)
    first, last = _period(desk)
    after = desk.request.GET.get("after", "")
    told = assurance.statement(
        program_id=desk.program.id,
        member_id=member_id,
        from_=first,
        to=last,
        after=int(after) if after.isdecimal() and len(after) < 19 else 0,
    )
    if desk.request.GET.get("download") == "1":
        desk.record(action="members.statement", object=ref, first=first.isoformat(), last=last.isoformat())
        answer = HttpResponse(orjson.dumps(told, option=orjson.OPT_INDENT_2), content_type="application/json")
        name = f"{told['member']['number']}-{first}-{last}"
        name += f"-{told['part']['after']}" if told["part"]["after"] else ""
        answer["Content-Disposition"] = f'attachment; filename="{name}.json"'
        return answer
    asked = {"from": first.isoformat(), "to": last.isoformat()}
    part = told["part"]
    own = {**asked, "after": part["after"]} if part["after"] else asked
    context = {
        "ref": ref,
        "told": told,
        "first": first,
        "last": last,
        "units": [_unit(desk, unit) for unit in told["units"]],
        "lines": _lines(desk, told),
        "levels": [_move(desk, move) for move in told["levels"]],
        "download": f"?{urlencode({**own, 'download': 1})}",
        "next": f"?{urlencode({**asked, 'after': part['next']})}" if part["next"] is not None else None,
        "begin": f"?{urlencode(asked)}" if part["after"] else None,
    }
    return desk.page("statement", context, title=_("Statement"))


def _period(desk: Desk) -> tuple[date, date]:
    asked = desk.request.GET
    first, last = _day(asked.get("from")), _day(asked.get("to"))
    if first is None or last is None:
        last = clock.local_day(clock.now(), desk.program.zone).replace(day=1) - timedelta(days=1)
        first = last.replace(day=1)
    return first, last


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text and len(text) == 10 else None
    except ValueError:
        return None


def _unit(desk: Desk, unit: dict[str, Any]) -> dict[str, Any]:
    return {
        **unit,
        "name": words.named(unit["names"], unit["unit"], desk.language),
        "sums": [(MEANINGS[name], amount) for name, amount in unit["totals"].items()],
    }


def _move(desk: Desk, move: dict[str, Any]) -> dict[str, Any]:
    names = naming.of(desk)
    why = move["why"] or move["cause"]
    return {
        "at": move["at"],
        "from": names.of("levels", f"{move['ladder']}/{move['from']}"),
        "to": names.of("levels", f"{move['ladder']}/{move['to']}"),
        "why": WHY.get(why, CAUSES.get(why, why)),
    }


def _lines(desk: Desk, told: dict[str, Any]) -> list[dict[str, Any]]:
    names = {u["unit"]: words.named(u["names"], u["unit"], desk.language) for u in told["units"]}
    return [
        {
            "entry": entry,
            "moves": [
                (MEANINGS[m["as"]], m["amount"] if m["to"] in _OWN else -m["amount"], names[m["unit"]])
                for m in entry["moves"]
                if m["as"] in MEANINGS
            ],
        }
        for entry in told["entries"]
    ]

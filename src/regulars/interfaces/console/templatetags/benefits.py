"""The panel of benefits on a member's page."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext_lazy as _

from regulars.interfaces.console.views.benefits import panel_of

register = template.Library()
_WHYS: dict[str, Any] = {
    "everyone": _("everyone"),
    "level": _("Level"),
    "plan": _("Plan"),
    "pack": _("Pack"),
    "audience": _("Audience"),
    "choice": _("Choice"),
}
MOST = 5


@register.inclusion_tag("console/member_benefit_panel.html")
def benefit_panel(desk: Any, ref: str) -> dict[str, Any]:
    """What she is entitled to and what is left, where there are benefits and she who looks may see them."""
    return panel_of(desk, ref, MOST)


@register.filter
def because(by: str) -> str:
    """Why she has a benefit (`level main/gold`), its first word in the reader's language."""
    what, _space, of = by.partition(" ")
    return f"{_WHYS.get(what, what)} {of}".strip()

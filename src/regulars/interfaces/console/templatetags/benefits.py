"""The panel of benefits on a member's page."""

from __future__ import annotations

from typing import Any

from django import template

from regulars.interfaces.console.views.benefits import panel_of

register = template.Library()
MOST = 5


@register.inclusion_tag("console/member_benefit_panel.html")
def benefit_panel(desk: Any, ref: str) -> dict[str, Any]:
    """What she is entitled to and what is left, where there are benefits and she who looks may see them."""
    return panel_of(desk, ref, MOST)

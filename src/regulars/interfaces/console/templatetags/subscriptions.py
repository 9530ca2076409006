"""The panel of paid membership on a member's page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import template

from regulars.interfaces.console.views.subscriptions import lines
from regulars.kernel import clock, ids
from regulars.value.subscriptions import services as subscriptions

register = template.Library()
MOST = 3


@register.inclusion_tag("console/member_subscription_panel.html")
def subscription_panel(desk: Any, ref: str) -> dict[str, Any]:
    """Her memberships and what they saved her this year, where there are plans and who looks may see them."""
    program = desk.program.id
    if not desk.may("subscriptions:read") or not subscriptions.plans(program_id=program):
        return {}
    member_id = ids.decode("mem", ref)
    found = subscriptions.of_member(program_id=program, member_id=member_id)[:MOST]
    today = clock.local_day(clock.now(), desk.program.zone)
    saved = None
    if found:
        year = today.replace(month=1, day=1)
        saved = subscriptions.savings(
            program_id=program, member_id=member_id, from_on=year, to_on=today + timedelta(days=1)
        )
    return {
        "desk": desk,
        "ref": ref,
        "begins": desk.serves("subscriptions:write"),
        "items": lines(desk, found),
        "saved": saved,
        "member_id": member_id,
    }

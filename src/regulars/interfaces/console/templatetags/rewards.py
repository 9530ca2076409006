"""The panel of rewards on a member's page."""

from __future__ import annotations

from typing import Any

from django import template

from regulars.interfaces.console.views.rewards import lines
from regulars.kernel import ids
from regulars.value.rewards import services as rewards

register = template.Library()
MOST = 3


@register.inclusion_tag("console/member_reward_panel.html")
def reward_panel(desk: Any, ref: str) -> dict[str, Any]:
    """Her latest redemptions and what is kept for her, where there are rewards and she who looks may see them."""
    program = desk.program.id
    if not desk.serves("rewards:read") or not rewards.rewards(program_id=program):
        return {}
    member_id = ids.decode("mem", ref)
    page = rewards.redemptions(program_id=program, member_id=member_id, limit=MOST)
    offered = [w for w in rewards.waits_of(program_id=program, member_id=member_id) if w.state == "offered"]
    return {
        "desk": desk,
        "ref": ref,
        "redemptions": lines(desk, page.items),
        "offered": offered,
        "hide_member": True,
    }

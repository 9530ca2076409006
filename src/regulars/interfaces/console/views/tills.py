"""Offline tills: which are known, what is out with them, and what did not fit."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.refusals import said
from regulars.kernel import ids
from regulars.kernel.errors import NotFound, Refusal
from regulars.value.allowances import services as allowances
from regulars.value.allowances.terms import CONFLICT_PREFIX, ConflictState, Resolution

PER_PAGE = 50
RULES: dict[str, Any] = {
    "allowance_overspent": gettext_lazy("More was used than the allowance was for"),
    "allowance_expired": gettext_lazy("Used after the allowance was over"),
    "late_upload": gettext_lazy("Uploaded after the allowance was let go"),
    "allowance_cancelled": gettext_lazy("The allowance was taken back before"),
    "other_device": gettext_lazy("The allowance was for another till"),
    "other_member": gettext_lazy("The allowance was another member's"),
    "unknown_allowance": gettext_lazy("There is no such allowance"),
    "device_revoked": gettext_lazy("Sold after the till was revoked"),
    "clock_skew": gettext_lazy("The till's clock was wrong"),
    "member_merged": gettext_lazy("The member was merged meanwhile"),
    "member_closed": gettext_lazy("The membership was closed meanwhile"),
    "unknown_member": gettext_lazy("Nobody was found"),
    "told_by_two_tills": gettext_lazy("Two tills told the same sale"),
    "sequence_reused": gettext_lazy("The number was another sale"),
    "older_rules": gettext_lazy("The till knew older rules"),
    "not_readable": gettext_lazy("The sale could not be read"),
}
STATES: dict[str, Any] = {
    "open": gettext_lazy("Open"),
    "noted": gettext_lazy("Settled by the rule"),
    "resolved": gettext_lazy("Decided"),
}
DECISIONS: dict[str, Any] = {
    "charge_member": gettext_lazy("Charged to the member"),
    "write_off": gettext_lazy("Borne by the store"),
}


@page("tills:read")
def shown(desk: Desk) -> HttpResponse:
    """The tills, the allowances that are out, and what did not fit."""
    asked = desk.request.GET
    state = asked.get("state", "open")
    after = asked.get("after", "")
    found = allowances.conflicts(
        program_id=desk.program.id,
        state=ConflictState(state) if state in STATES else None,
        cursor=(after,) if after else None,
        limit=PER_PAGE,
    )
    context = {
        "devices": allowances.devices(program_id=desk.program.id),
        "open_ones": allowances.recent(program_id=desk.program.id, limit=PER_PAGE),
        "conflicts": [
            (
                one,
                ids.encode(CONFLICT_PREFIX, one.id),
                RULES[one.rule],
                STATES[one.state],
                DECISIONS[one.resolution] if one.resolution else "",
            )
            for one in found.items
        ],
        "state": state if state in STATES else "all",
        "states": [*STATES.items(), ("all", _("All"))],
        "newest": f"?state={state}" if after else None,
        "older": f"?state={state}&after={found.cursor[0]}" if found.cursor else None,
        "keys": allowances.signing_keys(program_id=desk.program.id),
        "policy": allowances.policy(program_id=desk.program.id),
    }
    return desk.page("tills", context, title=_("Offline tills"))


@page("tills:manage")
def register(desk: Desk) -> HttpResponse:
    """Make a till known."""
    told = desk.request.POST
    return _done(
        desk,
        lambda: allowances.register_device(
            program_id=desk.program.id,
            key=told.get("key", "").strip(),
            name=told.get("name", "").strip()[:100],
            store=told.get("store", "").strip(),
            public_key=told.get("public_key", "").strip()[:100],
            actor=desk.actor,
        ),
        action="tills.register",
        object=f"till:{told.get('key', '')[:64]}",
        says=_("The till is registered."),
    )


@page("tills:manage")
def revoke(desk: Desk, key: str) -> HttpResponse:
    """Trust a till no longer."""
    why = desk.request.POST.get("why", "").strip()[:200]
    return _done(
        desk,
        lambda: allowances.revoke_device(program_id=desk.program.id, key=key, reason=why, actor=desk.actor),
        action="tills.revoke",
        object=f"till:{key}",
        reason=why,
        says=_("The till is trusted no longer."),
    )


@page("tills:manage")
def rotate(desk: Desk) -> HttpResponse:
    """Begin a new signing key."""
    why = desk.request.POST.get("why", "").strip()[:200]
    return _done(
        desk,
        lambda: allowances.rotate_signing_key(program_id=desk.program.id, actor=desk.actor),
        action="tills.rotate_key",
        object="signing-key",
        reason=why,
        says=_("A new key signs from now on."),
    )


@page("tills:manage")
def resolve(desk: Desk, ref: str) -> HttpResponse:
    """Decide about what nothing has paid."""
    why = desk.request.POST.get("why", "").strip()[:200]
    action = Resolution.CHARGE_MEMBER if "charge" in desk.request.POST else Resolution.WRITE_OFF
    return _done(
        desk,
        lambda: allowances.resolve(
            program_id=desk.program.id,
            conflict_id=ids.decode(CONFLICT_PREFIX, ref),
            action=action,
            reason=why,
            actor=desk.actor,
        ),
        action=f"tills.{action}",
        object=f"conflict:{ref}",
        reason=why,
        says=_("It is decided."),
    )


def _done(desk: Desk, do: Any, *, action: str, object: str, says: str, reason: str = "-") -> HttpResponse:
    """Do it for a reason, with its line in the audit trail, and go back; say why not, when not."""
    back = HttpResponseRedirect(reverse("console_tills"))
    if desk.request.method != "POST":
        return back
    if not reason:
        desk.warn(_("Nothing was changed: give a reason."))
        return back
    try:
        with transaction.atomic():
            do()
            desk.record(action=action, object=object, reason=reason if reason != "-" else "")
    except NotFound:
        raise
    except Refusal as no:
        desk.warn(said(no))
        return back
    desk.tell(says)
    return back

"""Why not, in the reader's language. The API speaks English only; the console translates by code."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from regulars.interfaces.console import benefit_words, reward_words, subscription_words
from regulars.interfaces.console.faults import all_in_words
from regulars.kernel.errors import Invalid, Refusal

SENTENCES: dict[str, Any] = {
    "forbidden": _("You may not do this."),
    "not_found": _("There is no such thing here."),
    "busy": _("Somebody else is changing the same thing; try again in a moment."),
    "invalid": _("What was sent cannot be understood."),
    "second_factor_needed": _("Set up your second factor first."),
    **reward_words.SENTENCES,
    **benefit_words.SENTENCES,
    **subscription_words.SENTENCES,
    "unknown_member": _("There is no such member."),
    "unknown_identifier": _("There is no such identifier."),
    "no_order": _("There is no such order here."),
    "unknown_unit": _("The program has no such unit."),
    "unknown_entry": _("There is no such journal entry."),
    "not_enough_points": _("The member holds less than that."),
    "member_suspended": _("This member is suspended."),
    "member_earn_only": _("This member may collect but not spend."),
    "member_closed": _("This membership is closed."),
    "member_merged": _("This member was merged into another; use that one."),
    "already_merged": _("This member was merged into another one already."),
    "already_decided": _("Somebody has already decided this."),
    "key_reused": _("This was done already, with other values. Open the form again."),
    "forgotten": _("This member's personal data was erased and cannot come back."),
    "held_by_another": _("Another member holds this identifier; release it there or merge the two."),
    "not_mergeable": _(
        "These two cannot be merged as they stand: both must have one status, not closed and not erased."
    ),
    "already_undone": _("This merge was undone before."),
    "too_late_to_undo": _("A merge can be undone for 30 days; they are over."),
    "merged_on_since": _("The remaining member was merged into another one since; undo that merge first."),
    "unknown_merge": _("There is no such merge."),
    "hold_not_open": _("This hold was captured, released or has run out."),
    "import_running": _("Another import into this program is running; wait for its end."),
    "import_over": _("This import has ended; it cannot be changed any more."),
    "bad_file": _("The file cannot be read the way its mapping says."),
    "bad_mapping": _("The mapping cannot be understood."),
    "file_gone": _("The file is no longer where the import began to read it, or its content has changed."),
    "unknown_mapping": _("There is no such mapping."),
    "unknown_version": _("There is no such version of this program."),
    "notice_needed": _("Members must be told before, and it is too early: schedule it for later."),
    "needs_approval": _("It takes something from members: make it a draft that a second person approves."),
    "base_changed": _("Somebody changed the same objects since this was written; look at them and write it anew."),
    "nothing_to_do": _("There is nothing that differs."),
    "version_conflict": _("Somebody applied another version meanwhile; look at it and apply again."),
    "schedule_ended": _("It has applied, was refused or was withdrawn already."),
    "unknown_schedule": _("There is no such scheduled document."),
    "unknown_document_draft": _("There is no such draft."),
    "unknown_estimate": _("There is no such estimate."),
    "cost_not_counted": _("It could not be counted."),
    "no_draft": _("There is no such draft."),
    "no_promotion": _("The program has no promotion with this key."),
    "draft_exists": _("Another draft of this promotion is open; go on with that one, or discard it."),
    "wrong_draft_state": _("The draft is not in a state in which this can be done."),
    "draft_changed": _("Somebody changed the draft meanwhile; look at it again."),
    "draft_outdated": _(
        "The published promotion was changed after this draft began; begin anew from what is published."
    ),
    "four_eyes": _("Who wrote a draft cannot approve it; a second person must."),
    "not_decided_here": _("This order was decided by the till, not here; there is nothing to decide again."),
    "no_session": _("There is no such basket here."),
    "device_taken": _("A till with this key is registered with another store or key."),
    "no_device": _("There is no such till here."),
    "nothing_to_resolve": _("Nothing waits for a decision here, or it was made already."),
    "stale": _("The account has changed meanwhile; try again."),
}


def said(no: Refusal) -> str:
    """A refusal as one sentence. English readers get the refusal's own words, which know the details."""
    own = SENTENCES.get(no.code)
    if (get_language() or "en").startswith("en") and no.detail:
        return no.detail
    text = str(own) if own is not None else no.detail
    if isinstance(no, Invalid) and no.errors:
        return text + " " + "; ".join(f"{path}: {message}" for path, message in all_in_words(no.errors))
    return text

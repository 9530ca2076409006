"""What members lose counts from the version in force, which they were told, also where the tables have drifted."""

from __future__ import annotations

from django.db import transaction

from regulars.governance.publishing import rules
from regulars.governance.publishing.rules import noting
from regulars.governance.publishing.services import numbered, wholes
from regulars.governance.publishing.services.hooks import HOOKS
from regulars.governance.publishing.services.wholes import Whole
from regulars.governance.publishing.terms import Change
from regulars.kernel.errors import Refusal


def judged(
    *, program_id: int, was: Whole, wanted: Whole, changes: tuple[Change, ...], number: int
) -> tuple[Change, ...]:
    """Changes by which it is judged whom to tell: of the version in force, where the tables have drifted from it.

    What got worse in the tables alone was told to nobody: it is not taken in by comparing the tables with themselves.
    What got better there was promised to nobody: putting it back takes nothing.

    Args: was, wanted: the tables as they are, and as they would be. changes: what differs between these. number: the
    version that would be made.
    """
    if number <= 1:
        return changes
    current = numbered.current(program_id=program_id)
    if rules.digest(rules.plain(was.noted)) == current.digest:
        return changes
    return _since(program_id, number, current.document, wanted)


def _since(program_id: int, number: int, document: wholes.Document, wanted: Whole) -> tuple[Change, ...]:
    """What `wanted` changes of a version: its document is applied, compared, and taken back."""
    bare, notes, _ = noting.taken_out(wholes.read(document))
    with transaction.atomic():
        for hook in HOOKS:
            try:
                with transaction.atomic():
                    hook.apply(program_id, number, bare, "system:plan")
            except Refusal:  # what cannot be put back is compared with the tables
                continue
        found = wholes.changes(program_id, Whole(bare, notes), wanted)
        transaction.set_rollback(True)
    return found

"""Notes about members: written, read by who may (each reading is recorded), erased."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock, ids
from regulars.people.care.models import NoteRow
from regulars.people.care.services.words import checked, everyone, hold, open_all, seal
from regulars.people.care.terms import NOTE_PREFIX, Note, UnknownNote
from regulars.people.staff import services as staff

PURPOSE = "care note"


@transaction.atomic
def write_note(*, program_id: int, member_id: UUID, text: str, actor: str) -> Note:
    """Note something of a member. Raises: Invalid; UnknownMember; AlreadyMerged; Forgotten; Busy."""
    told = checked(text)
    hold(program_id, member_id)
    row = NoteRow.objects.create(
        id=ids.new_id(),
        program_id=program_id,
        member_id=member_id,
        body=seal(program_id, member_id, told, PURPOSE),
        actor=actor,
        written_at=clock.now(),
    )
    _record(actor, "care.write_note", row)
    return _note(row, told)


def notes(
    *,
    program_id: int,
    member_id: UUID,
    reveal_to: str | None = None,
    reason: str = "",
    before: datetime | None = None,
    limit: int = 50,
) -> list[Note]:
    """The notes about a member and whoever was merged into her, newest first; masked unless somebody is named.

    Args: reveal_to: the actor who reads the words, which the audit trail tells. before: when the last one seen was
    written.
    """
    rows = NoteRow.objects.filter(program_id=program_id, member_id__in=everyone(program_id, member_id))
    if before is not None:
        rows = rows.filter(written_at__lt=before)
    found = list(rows.order_by("-written_at", "-id")[:limit])
    if reveal_to is None:
        return [_note(row, None) for row in found]
    words = open_all(program_id, [(row.id, row.member_id, row.body) for row in found], PURPOSE)
    staff.record(
        actor=reveal_to,
        action="care.read_notes",
        object=ids.encode("mem", member_id),
        program_id=program_id,
        facts={
            "notes": [ids.encode(NOTE_PREFIX, row.id) for row in found],
            **({"reason": reason} if reason else {}),
        },
    )
    return [_note(row, words.get(row.id)) for row in found]


def note(*, program_id: int, note_id: UUID) -> Note:
    """A note by id, masked. Raises: UnknownNote."""
    row = NoteRow.objects.filter(program_id=program_id, pk=note_id).first()
    if row is None:
        raise UnknownNote
    return _note(row, None)


@transaction.atomic
def erase_note(*, program_id: int, note_id: UUID, actor: str) -> Note:
    """Take the words of a note away for ever; that there was one, stays. Doing it twice changes nothing.

    Raises: UnknownNote.
    """
    row = NoteRow.objects.select_for_update(no_key=True).filter(program_id=program_id, pk=note_id).first()
    if row is None:
        raise UnknownNote
    if row.erased_at is None:
        row.body, row.erased_at, row.erased_by = None, clock.now(), actor
        row.save(update_fields=["body", "erased_at", "erased_by"])
        _record(actor, "care.erase_note", row)
    return _note(row, None)


def _note(row: NoteRow, text: str | None) -> Note:
    return Note(
        id=row.id,
        member_id=row.member_id,
        actor=row.actor,
        written_at=row.written_at,
        erased_at=row.erased_at,
        text=text,
    )


def _record(actor: str, action: str, row: NoteRow) -> None:
    staff.record(
        actor=actor,
        action=action,
        object=ids.encode("mem", row.member_id),
        program_id=row.program_id,
        facts={"note": ids.encode(NOTE_PREFIX, row.id)},
    )

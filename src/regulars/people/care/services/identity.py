"""What care does when two members are one, when a member asks what is kept of her, and when she is forgotten."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock
from regulars.people.care.models import AdviserRow, AssignmentRow, FollowUpRow, LikingRow, NoteRow
from regulars.people.care.services.advisers import MERGE, leave, place
from regulars.people.care.services.follow_ups import OUTCOME
from regulars.people.care.services.follow_ups import PURPOSE as FOLLOW_UP
from regulars.people.care.services.likings import PURPOSE as LIKING
from regulars.people.care.services.notes import PURPOSE as NOTE
from regulars.people.care.services.words import everyone, open_all, seal
from regulars.people.members import services as members

_ACTOR = "system:merge"


def absorb(*, program_id: int, from_id: UUID, into_id: UUID) -> dict[str, Any]:
    """Merge: the one who stays keeps her adviser and preferences, and gets the other's where she had none.

    Notes and follow-ups stay where they were written and are read with hers. Both members are locked by the caller.
    Answers a record for `separate`.
    """
    taken, given = [], []
    kinds = {row.kind for row in AssignmentRow.objects.filter(member_id=into_id, until=None)}
    rows = list(AssignmentRow.objects.filter(member_id=from_id, until=None).order_by("adviser_id"))
    locked = {row.pk: row for row in _locked({row.adviser_id for row in rows})}
    for row in rows:
        leave(row, at=clock.now(), by=_ACTOR)
        taken.append([row.kind, str(row.adviser_id), row.source, row.actor])
        if row.kind not in kinds:
            new = locked[row.adviser_id]
            place(program_id=program_id, member_id=into_id, new=new, now=None, source=MERGE, actor=_ACTOR)
            given.append(row.kind)
    return {
        "from": str(from_id),
        "into": str(into_id),
        "taken": taken,
        "given": given,
        "likings": _copied(program_id, from_id, into_id),
    }


def _copied(program_id: int, from_id: UUID, into_id: UUID) -> list[str]:
    has = set(LikingRow.objects.filter(member_id=into_id).values_list("key", flat=True))
    rows = list(LikingRow.objects.filter(member_id=from_id).exclude(key__in=has).order_by("key"))
    sealed = {n: bytes(row.words) for n, row in enumerate(rows) if row.words is not None}
    words = members.open_words(program_id=program_id, member_id=from_id, sealed=sealed, purpose=LIKING)
    copied = []
    for n, row in enumerate(rows):
        if row.words is not None and n not in words:
            continue
        LikingRow.objects.create(
            program_id=program_id,
            member_id=into_id,
            key=row.key,
            value=row.value,
            words=seal(program_id, into_id, words[n], LIKING) if row.words is not None else None,
            source=MERGE,
            actor=row.actor,
            set_at=row.set_at,
        )
        copied.append(row.key)
    return copied


def separate(*, program_id: int, record: dict[str, Any]) -> dict[str, Any]:
    """Undo a merge: the one who went gets her adviser back (room or not); what came by the merge and was not
    changed since, goes. Must be called after the redirect is gone. Answers `{"returned": count}`.
    """
    from_id, into_id = UUID(record["from"]), UUID(record["into"])
    ids_ = {UUID(adviser) for _, adviser, _, _ in record["taken"]}
    now_of_into = list(AssignmentRow.objects.filter(member_id=into_id, until=None, source=MERGE))
    locked = {row.pk: row for row in _locked(ids_ | {row.adviser_id for row in now_of_into})}
    for row in now_of_into:
        if row.kind in record["given"]:
            leave(row, at=clock.now(), by=_ACTOR)
    returned = 0
    kinds = set(AssignmentRow.objects.filter(member_id=from_id, until=None).values_list("kind", flat=True))
    for kind, adviser, source, actor in record["taken"]:
        new = locked[UUID(adviser)]
        if new.active and kind not in kinds:
            place(program_id=program_id, member_id=from_id, new=new, now=None, source=source, actor=actor)
            returned += 1
    LikingRow.objects.filter(member_id=into_id, key__in=record["likings"], source=MERGE).delete()
    return {"returned": returned}


def _locked(wanted: set[UUID]) -> list[AdviserRow]:
    return list(AdviserRow.objects.filter(pk__in=wanted).order_by("pk").select_for_update(no_key=True))


def dossier(*, program_id: int, member_id: UUID) -> dict[str, Any]:
    """All that care keeps of a person, in the clear, as JSON values: for herself. Who wrote it is not told."""
    them = everyone(program_id, member_id)
    notes = list(NoteRow.objects.filter(member_id__in=them, erased_at=None).order_by("written_at", "id"))
    todo = list(FollowUpRow.objects.filter(member_id__in=them).order_by("made_at", "id"))
    noted = open_all(program_id, [(n.id, n.member_id, n.body) for n in notes], NOTE)
    asked = open_all(program_id, [(f.id, f.member_id, f.body) for f in todo], FOLLOW_UP)
    ended = open_all(program_id, [(f.id, f.member_id, f.outcome) for f in todo], OUTCOME)
    likes = list(LikingRow.objects.filter(member_id=member_id).order_by("key"))
    sealed = {n: bytes(one.words) for n, one in enumerate(likes) if one.words is not None}
    words = members.open_words(program_id=program_id, member_id=member_id, sealed=sealed, purpose=LIKING)
    looked_after = AssignmentRow.objects.filter(member_id__in=them).order_by("id")
    return {
        "advisers": [
            {
                "kind": row.kind,
                "since": row.since.isoformat(),
                "until": row.until.isoformat() if row.until else None,
            }
            for row in looked_after
        ],
        "notes": [{"written_at": n.written_at.isoformat(), "text": noted.get(n.id)} for n in notes],
        "follow_ups": [
            {
                "due_on": f.due_on.isoformat(),
                "state": f.state,
                "text": asked.get(f.id),
                "outcome": ended.get(f.id),
            }
            for f in todo
        ],
        "preferences": {
            one.key: {"value": words.get(n) if one.words is not None else one.value, "set_at": one.set_at.isoformat()}
            for n, one in enumerate(likes)
        },
    }


@transaction.atomic
def forget(*, program_id: int, member_id: UUID, actor: str = "system:privacy") -> int:
    """Erase: nobody looks after her, and no note, follow-up or preference is left. Answers how many rows went.

    That she was in somebody's care stays, under the anonymous id. Doing it twice changes nothing.
    """
    them = everyone(program_id, member_id)
    rows = list(AssignmentRow.objects.filter(program_id=program_id, member_id__in=them, until=None))
    _locked({row.adviser_id for row in rows})
    for row in rows:
        leave(row, at=clock.now(), by=actor)
    gone = 0
    for model in (NoteRow, FollowUpRow, LikingRow):
        count, _ = model.objects.filter(program_id=program_id, member_id__in=them).delete()
        gone += count
    return gone

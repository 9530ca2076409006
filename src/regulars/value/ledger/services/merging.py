"""Two members that are one, and what privacy asks of the books."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from regulars.value.ledger.models import JournalRow, LotRow, NoteRow
from regulars.value.ledger.services.calls import ENTRY, call, digest, entry, rows
from regulars.value.ledger.services.units import units


def absorb(*, program_id: int, from_id: UUID, into_id: UUID, key: str, reason: str, actor: str) -> dict[str, Any]:
    """Move all that lives (lots with their lives, growth, debt, holds) to the surviving member; the record undoes it.

    What was written stays where it was written; new calls for the absorbed member meet MemberMerged.
    Raises: KeyReused, MemberMerged, UnknownMember.
    """
    asked = digest("absorb", str(from_id), str(into_id))
    head = entry(program_id=program_id, key=key, kind="absorbed", actor=actor, reason=reason, asked=asked)
    call(f"select ledger_absorb(%s::uuid, %s::uuid, {ENTRY})", from_id, into_id, *head)
    came = rows(
        "select u.key, p.credit, p.debit, sum(p.amount) from ledger_journal j"
        " join ledger_posting p using (member_id, seq)"
        " join ledger_unit u on u.program_id = p.program_id and u.slot = p.unit"
        " where j.member_id = %s and j.key = %s group by 1, 2, 3 order by 1, 2, 3",
        into_id,
        f"{key}/from/{from_id}",
    )
    moved: dict[str, dict[str, int]] = {}
    for unit, credit, debit, amount in came:
        account = "debt" if debit == "debt" else "active" if credit == "wallet" else credit
        moved.setdefault(unit, {})[account] = int(amount)
    return {"from": str(from_id), "into": str(into_id), "key": key, "moved": moved}


def separate(*, program_id: int, record: Mapping[str, Any], key: str, reason: str, actor: str) -> dict[str, Any]:
    """Undo a merge: what is left of the lots goes back; what was spent meanwhile is listed, by unit key.

    Args: record: as `absorb` answered it.
    Raises: CannotReverse when the members are not merged now; UnknownEntry.
    """
    from_id, into_id = UUID(record["from"]), UUID(record["into"])
    asked = digest("separate", str(from_id), str(into_id), record["key"])
    head = entry(program_id=program_id, key=key, kind="separated", actor=actor, reason=reason, asked=asked)
    _, returned, missing = call(
        f"select seq, returned, missing from ledger_separate(%s::uuid, %s::uuid, %s::text, {ENTRY})",
        from_id,
        into_id,
        record["key"],
        *head,
    )
    keys = {u.slot: u.key for u in units(program_id=program_id)}
    return {"returned": _by_key(returned, keys), "spent": _by_key(missing, keys)}


def _by_key(amounts: list[int] | None, keys: Mapping[int, str]) -> dict[str, int]:
    return {keys[n]: amount for n, amount in enumerate(amounts or [], 1) if amount}


def note(*, program_id: int, member_id: UUID, seq: int, sealed: bytes, actor: str) -> None:
    """Keep a person's words beside a journal: sealed by the caller, outside the hash, erasable."""
    NoteRow.objects.update_or_create(
        member_id=member_id, seq=seq, defaults={"program_id": program_id, "body": sealed, "actor": actor}
    )


def notes(*, program_id: int, member_id: UUID) -> dict[int, bytes]:
    """The sealed notes of a member, by journal seq."""
    found = NoteRow.objects.filter(program_id=program_id, member_id=member_id).values_list("seq", "body")
    return {seq: bytes(body) for seq, body in found}


def dossier(*, program_id: int, member_id: UUID) -> dict[str, Any]:
    """Everything the books hold about a member, for the member to read."""
    fields = ("seq", "kind", "key", "source_type", "source_ref", "occurred_at", "recorded_at", "reason")
    journals = JournalRow.objects.filter(program_id=program_id, member_id=member_id).order_by("seq").values(*fields)
    lots = LotRow.objects.filter(program_id=program_id, member_id=member_id).order_by("seq", "n")
    kept = ("seq", "n", "unit", "amount", "remaining", "state", "activates_at", "expires_at")
    return {
        "journal": list(journals),
        "lots": list(lots.values(*kept)),
        "notes": len(notes(program_id=program_id, member_id=member_id)),
    }


@transaction.atomic
def forget(*, program_id: int, member_id: UUID) -> int:
    """Erase the notes of a member. The books know only the id, stay, and stay balanced. Answers how many went."""
    count, _ = NoteRow.objects.filter(program_id=program_id, member_id=member_id).delete()
    return count

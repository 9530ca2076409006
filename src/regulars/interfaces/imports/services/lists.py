"""Files of an audience's members."""

from __future__ import annotations

from datetime import datetime

from regulars.interfaces.imports.rules.people import Faulty, day_of
from regulars.interfaces.imports.services.result import Result, Rows
from regulars.interfaces.imports.terms import Mapping
from regulars.kernel import clock
from regulars.kernel.errors import Refusal
from regulars.people.audiences import services as audiences
from regulars.people.programs import services as programs


def apply(*, program_id: int, rows: Rows, mapping: Mapping, actor: str, result: Result) -> None:
    """Put a batch of members on their audiences; unknown members and audiences stay out."""
    zone = programs.by_id(program_id=program_id).zone
    groups: dict[tuple[str, datetime | None], list[tuple[int, str]]] = {}
    for line, row in rows:
        try:
            key, expires_at, ref = _read(row, mapping, zone)
        except Faulty as no:
            result.reject(line, no.reason)
            continue
        groups.setdefault((key, expires_at), []).append((line, ref))
    for (key, expires_at), named in groups.items():
        try:
            batch = audiences.add(
                program_id=program_id,
                key=key,
                refs=[ref for _, ref in named],
                source=f"import:{mapping.source}",
                actor=actor,
                expires_at=expires_at,
            )
        except Refusal as no:
            for line, _ in named:
                result.reject(line, no.code)
            continue
        unknown = set(batch.unknown)
        lost = [line for line, ref in named if ref in unknown]
        for line in lost:
            result.reject(line, "unknown_member")
        new = batch.added + batch.changed
        result.recorded += new
        result.repeated += len(named) - len(lost) - new


def _read(row: dict[str, str | None], mapping: Mapping, zone: str) -> tuple[str, datetime | None, str]:
    member, key, expires = row.get("member"), row.get("audience"), row.get("expires_on")
    if not member or not key:
        raise Faulty(f"missing:{'audience' if member else 'member'}")
    expires_at = clock.day_ends(day_of(expires, mapping, "expires_on"), zone) if expires else None
    if expires_at is not None and expires_at <= clock.now():
        raise Faulty("expired_already")
    return key, expires_at, f"{mapping.member_type}:{member}"

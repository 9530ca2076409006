"""The members that a file of orders names: found by their reference, or registered by it."""

from __future__ import annotations

from typing import Any

from regulars.interfaces.imports.models import JobRow
from regulars.interfaces.imports.services.stage import Stage
from regulars.interfaces.imports.terms import Mapping
from regulars.people.members import services as members
from regulars.people.members.terms import Newcomer

_AT_ONCE = 2_000
_NAMED = """
    select e.member, min(e.occurred_at), (array_agg(coalesce(e.channel, '') order by e.ord))[1] from {event} e
     where e.member is not null and e.reject is null and e.member > %s
       and not exists (select 1 from {member} m where m.ref = e.member)
     group by e.member order by e.member limit %s"""


def register(*, row: JobRow, stage: Stage, mapping: Mapping) -> None:
    """Give every member reference of the file its member; who is new joins at the time of her first event."""
    after, new = "", 0
    while named := stage.execute(_NAMED, (after, _AT_ONCE)):
        after = named[-1][0]
        refs = [ref for ref, _, _ in named]
        found = _known(row.program_id, refs, mapping)
        if mapping.register_members and mapping.member_type == "external":
            fresh = [
                Newcomer(external=ref, joined_at=at, channel=channel)
                for ref, at, channel in named
                if ref not in found
            ]
            if fresh:
                found |= members.register_many(program_id=row.program_id, rows=fresh, actor=f"system:import {row.id}")
            new += len(fresh)
        pairs = [(ref, found[ref]) for ref in refs if ref in found]
        stage.execute(
            "insert into {member} select * from unnest(%s::text[], %s::uuid[]) on conflict do nothing",
            ([ref for ref, _ in pairs], [member for _, member in pairs]),
        )
    row.report["members_registered"] = row.report.get("members_registered", 0) + new
    row.save(update_fields=["report"])


def expected(*, program_id: int, stage: Stage, mapping: Mapping) -> dict[str, Any]:
    """How many members of the file are known; writes nothing but the temporary table of a dry run."""
    after, known, new = "", 0, 0
    while named := stage.execute(_NAMED, (after, _AT_ONCE)):
        after = named[-1][0]
        refs = [ref for ref, _, _ in named]
        found = _known(program_id, refs, mapping)
        known, new = known + len(found), new + len(refs) - len(found)
        guesses = [(ref, found.get(ref)) for ref in refs if ref in found or mapping.register_members]
        stage.execute(
            "insert into {member} select r, coalesce(m, gen_random_uuid())"
            " from unnest(%s::text[], %s::uuid[]) as x(r, m)",
            ([ref for ref, _ in guesses], [member for _, member in guesses]),
        )
    return {"members_known": known, "members_new": new}


def _known(program_id: int, refs: list[str], mapping: Mapping) -> dict[str, Any]:
    asked = {f"{mapping.member_type}:{ref}": ref for ref in refs}
    found = members.resolve_many(program_id=program_id, refs=asked)
    return {asked[told]: member for told, member in found.items()}

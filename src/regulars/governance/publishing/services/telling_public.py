"""The public rules of a program: what its version in force says, and what is coming, for everybody to read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from regulars.governance.publishing.rules import public
from regulars.governance.publishing.rules.public import Section
from regulars.governance.publishing.rules.public_words import say
from regulars.governance.publishing.services import numbered
from regulars.governance.publishing.terms import UnknownVersion
from regulars.kernel import clock, wording
from regulars.people.agreements import services as agreements
from regulars.people.programs import services as programs


@dataclass(frozen=True, kw_only=True)
class PublicRules:
    """A page of rules in one language; `etag` changes when anything on it does."""

    title: str
    name: str
    language: str
    version: int
    applied_at: datetime
    since: str
    sections: tuple[Section, ...]
    etag: str


def public_rules(*, program_key: str, language: str) -> PublicRules:
    """The rules of a program as members read them.

    Args: language: `en` or `zh-Hans`; another is read as English.
    Raises: NoProgram; UnknownVersion for a program that was never published.
    """
    program = programs.get(key=program_key)
    told = "zh-Hans" if language.lower().startswith("zh") else "en"
    found = numbered.current(program_id=program.id)
    if found.applied_at is None:
        raise UnknownVersion("This program was never published.")
    now = clock.now()
    today = clock.local_day(now, program.zone).isoformat()
    coming = [
        {
            "applies_on": clock.local_day(t.applies_at, program.zone).isoformat(),
            "changes": t.changes,
            "id": t.public_id,
        }
        for t in agreements.tellings(program_id=program.id, open_only=True)
        if t.version is None
    ]
    since = clock.local_day(found.applied_at, program.zone).isoformat()
    marks = ",".join(str(t["id"]) for t in coming)
    return PublicRules(
        title=say("rules", told),
        name=program.name,
        language=told,
        version=found.number,
        applied_at=found.applied_at,
        since=say("version", told, number=found.number, day=wording.day(since, told)),
        sections=public.page(found.document, language=told, today=today, tellings=coming),
        etag=f'"{program.id}-{found.number}-{today}-{told}-{marks}"',
    )

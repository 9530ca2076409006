"""The verbs of consent. The only code that reads or writes its tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.kernel.outbox import announce
from regulars.people.consent import rules
from regulars.people.consent.models import EventRow, TextRow
from regulars.people.consent.terms import (
    ANY,
    ConsentEvent,
    ConsentRecorded,
    ConsentText,
    KeyTaken,
    Standing,
    TextIsFixed,
    UnknownText,
)
from regulars.people.members import services as members

_CLOCKS_DIFFER = timedelta(minutes=5)


def publish_text(*, program_id: int, purpose: str, version: str, language: str, text: str) -> ConsentText:
    """Publish the words that people will agree to. The same words again change nothing.

    Raises: Invalid; TextIsFixed when this version has other words already.
    """
    faults = rules.faults(purpose=purpose, channel=ANY, topic=ANY, text_version=version, source="")
    faults += [
        (path, "must not be empty") for path, said in (("version", version), ("text", text)) if not said.strip()
    ]
    if "\x00" in text:
        faults.append(("text", "must not hold the character U+0000"))
    if not language or len(language) > 20:
        faults.append(("language", "must be a language tag: zh-Hans"))
    if faults:
        raise Invalid(errors=faults)
    digest = sha256(text.encode()).hexdigest()
    TextRow.objects.bulk_create(
        [
            TextRow(
                program_id=program_id,
                purpose=purpose,
                version=version,
                language=language,
                text=text,
                sha256=digest,
                published_at=clock.now(),
            )
        ],
        ignore_conflicts=True,
    )
    row = TextRow.objects.get(program_id=program_id, purpose=purpose, version=version, language=language)
    if row.sha256 != digest:
        raise TextIsFixed
    return _text(row)


def texts(*, program_id: int, purpose: str | None = None) -> list[ConsentText]:
    """The published texts of a program (of one purpose), latest first."""
    rows = TextRow.objects.filter(program_id=program_id)
    if purpose is not None:
        rows = rows.filter(purpose=purpose)
    return [_text(row) for row in rows.order_by("-published_at", "-id")]


def record(
    *,
    program_id: int,
    member_id: UUID,
    purpose: str,
    granted: bool,
    actor: str,
    channel: str = ANY,
    topic: str = ANY,
    text_version: str = "",
    source: str = "",
    at: datetime | None = None,
    key: str | None = None,
) -> ConsentEvent:
    """Write down that a person granted or withdrew. The same `key` writes once and gives the first answer.

    Args: channel, topic: "" for all. text_version: of a published text; a withdrawal needs none. source: where she
        did it (`checkout`, `app.settings`, `import`). at: when she did it, now if left out.
    Raises: UnknownMember; Invalid with every fault; UnknownText; KeyTaken when the key told something else.
    """
    _check(
        program_id, purpose=purpose, channel=channel, topic=topic, granted=granted, version=text_version,
        source=source, at=at,
    )  # fmt: skip
    members.fact(program_id=program_id, member_id=member_id)
    now = clock.now()
    row = EventRow(
        program_id=program_id,
        member_id=member_id,
        purpose=purpose,
        channel=channel,
        topic=topic,
        granted=granted,
        text_version=text_version,
        source=source,
        actor=actor,
        at=at or now,
        recorded_at=now,
        key=key,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            _tell(row)
    except IntegrityError as error:
        if "C1_one_event_per_key" not in str(error):
            raise
        return _first_answer(row, is_dated=at is not None)
    return _event(row)


def _check(
    program_id: int, *, purpose: str, channel: str, topic: str, granted: bool, version: str, source: str,
    at: datetime | None,
) -> None:  # fmt: skip
    faults = rules.faults(purpose=purpose, channel=channel, topic=topic, text_version=version, source=source)
    if at is not None and (at.tzinfo is None or at > clock.now() + _CLOCKS_DIFFER):
        faults.append(("at", "must be an instant with an offset, and not in the future"))
    if faults:
        raise Invalid(errors=faults)
    if (granted or version) and not TextRow.objects.filter(
        program_id=program_id, purpose=purpose, version=version
    ).exists():
        raise UnknownText(purpose=purpose, version=version)


def _first_answer(row: EventRow, *, is_dated: bool) -> ConsentEvent:
    first = EventRow.objects.get(program_id=row.program_id, key=row.key)
    same = ["member_id", "purpose", "channel", "topic", "granted", "text_version", *(["at"] if is_dated else [])]
    if any(getattr(first, name) != getattr(row, name) for name in same):
        raise KeyTaken
    return _event(first)


def _tell(row: EventRow) -> None:
    announce(
        ConsentRecorded(
            member_id=row.member_id,
            event_id=row.id,
            purpose=row.purpose,
            channel=row.channel,
            topic=row.topic,
            granted=row.granted,
            at=row.at,
        ),
        program_id=row.program_id,
        member_id=row.member_id,
    )


def history(*, program_id: int, member_id: UUID) -> list[ConsentEvent]:
    """Every act of a person, also those told when she was known as a member since merged, in order of time."""
    them = [member_id, *members.merged_from(program_id=program_id, member_id=member_id)]
    rows = EventRow.objects.filter(program_id=program_id, member_id__in=them).order_by("at", "id")
    return [_event(row) for row in rows]


def current(*, program_id: int, member_id: UUID) -> list[Standing]:
    """What stands for a person now, by purpose, channel and topic."""
    return rules.standings(history(program_id=program_id, member_id=member_id))


def granted(
    *, program_id: int, member_id: UUID, purpose: str, channel: str = ANY, topic: str = ANY
) -> Standing | None:
    """The consent that a use may rely on, to be named with it; None: the use may not take place."""
    standing = current(program_id=program_id, member_id=member_id)
    return rules.relied_on(standing, purpose=purpose, channel=channel, topic=topic)


def granted_many(
    *, program_id: int, member_ids: Iterable[UUID], purpose: str, channel: str = ANY, topic: str = ANY
) -> dict[UUID, Standing]:
    """The same for a batch of members in one query; who has no such consent is left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select p.id, e.purpose, e.channel, e.topic, e.granted, e.at, e.text_version, e.source, e.event_id"
            " from unnest(%s::uuid[]) as p(id), lateral ("
            "  select e.purpose, e.channel, e.topic, e.granted, e.at, e.text_version, e.source, e.id as event_id"
            "  from consent_event e where e.program_id = %s and e.purpose = %s and e.member_id in ("
            "   select p.id union all select m.member_id from members_facts m where m.merged_into = p.id)"
            ") e order by p.id, e.at, e.event_id",
            [list(member_ids), program_id, purpose],
        )
        rows = cursor.fetchall()
    by_member: dict[UUID, dict[tuple[str, str], Standing]] = {}
    names = ("purpose", "channel", "topic", "granted", "at", "text_version", "source", "event_id")
    for member, *values in rows:
        one = Standing(**dict(zip(names, values, strict=True)))
        by_member.setdefault(member, {})[one.channel, one.topic] = one
    found = {
        member: rules.relied_on(list(standing.values()), purpose=purpose, channel=channel, topic=topic)
        for member, standing in by_member.items()
    }
    return {member: one for member, one in found.items() if one is not None}


def absorb(*, program_id: int, from_id: UUID, into_id: UUID) -> dict[str, Any]:
    """A merge moves no evidence: the person's history is read over all her members. Records when it began."""
    return {"from": str(from_id), "into": str(into_id), "at": clock.now().isoformat()}


def separate(*, program_id: int, record: dict[str, Any], actor: str) -> dict[str, Any]:
    """Undo a merge: each keeps her own history, and what was withdrawn meanwhile is withdrawn for both.

    Must be called while the redirect still stands or after it; returns `{"withdrawn": count}`.
    """
    from_id, into_id = UUID(record["from"]), UUID(record["into"])
    rows = EventRow.objects.filter(program_id=program_id, member_id=into_id)
    told = rules.withdrawn_between([_event(row) for row in rows], since=datetime.fromisoformat(record["at"]))
    with transaction.atomic():
        for event in told:
            row = EventRow.objects.create(
                program_id=program_id,
                member_id=from_id,
                purpose=event.purpose,
                channel=event.channel,
                topic=event.topic,
                granted=False,
                text_version=event.text_version,
                source="unmerge",
                actor=actor,
                at=event.at,
                recorded_at=clock.now(),
            )
            _tell(row)
    return {"withdrawn": len(told)}


def dossier(*, program_id: int, member_id: UUID) -> list[dict[str, Any]]:
    """Every consent of a person as JSON values, for herself."""
    return [
        {
            "purpose": event.purpose,
            "channel": event.channel,
            "topic": event.topic,
            "granted": event.granted,
            "text_version": event.text_version,
            "source": event.source,
            "at": event.at.isoformat(),
        }
        for event in history(program_id=program_id, member_id=member_id)
    ]


def _event(row: EventRow) -> ConsentEvent:
    return ConsentEvent(
        event_id=row.id,
        member_id=row.member_id,
        purpose=row.purpose,
        channel=row.channel,
        topic=row.topic,
        granted=row.granted,
        text_version=row.text_version,
        source=row.source,
        actor=row.actor,
        at=row.at,
        recorded_at=row.recorded_at,
    )


def _text(row: TextRow) -> ConsentText:
    return ConsentText(
        purpose=row.purpose,
        version=row.version,
        language=row.language,
        text=row.text,
        sha256=row.sha256,
        published_at=row.published_at,
    )

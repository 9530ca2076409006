"""The verbs of events. The only code that reads or writes their tables."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.db.models import Q

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.kernel.nights import Work
from regulars.kernel.outbox import announce
from regulars.people.events import rules
from regulars.people.events.models import EventRow, TypeRow
from regulars.people.events.terms import (
    EventIn,
    EventsAccepted,
    EventType,
    EventView,
    Outcome,
    Page,
    Result,
    SchemaNarrowed,
    UnknownEventType,
)
from regulars.people.members import services as members

MOST_EVENTS = 1_000
MONTHS_KEPT = 25
_CLOCKS_DIFFER = timedelta(minutes=5)


@transaction.atomic
def declare_type(
    *, program_id: int, key: str, schema: Mapping[str, Any], months_kept: int = MONTHS_KEPT, name: str = ""
) -> EventType:
    """Declare a type of event, or widen one that is there. The same declaration again changes nothing.

    Args: months_kept: 1 to 120; events go when they were recorded longer ago.
    Raises: Invalid with every fault; SchemaNarrowed when events of the type are kept that might not fit.
    """
    faults = rules.schema_faults(schema)
    if not rules.KEY.fullmatch(key):
        faults.append(("key", "must be small letters, digits, dots and _, beginning with a letter"))
    if not 1 <= months_kept <= rules.MOST_MONTHS:
        faults.append(("months_kept", f"must be 1 to {rules.MOST_MONTHS}"))
    if len(name) > 120:
        faults.append(("name", "must be at most 120 characters"))
    if faults:
        raise Invalid(errors=faults)
    row = TypeRow.objects.select_for_update().filter(program_id=program_id, key=key).first()
    if (
        row is not None
        and not rules.is_wider(schema, row.schema)
        and EventRow.objects.filter(type_id=row.pk).exists()
    ):
        raise SchemaNarrowed
    TypeRow.objects.update_or_create(
        program_id=program_id,
        key=key,
        defaults={"schema": dict(schema), "months_kept": months_kept, "name": name},
    )
    return EventType(key=key, schema=schema, months_kept=months_kept, name=name)


def types(*, program_id: int) -> dict[str, EventType]:
    """The declared types of a program, by key."""
    rows = TypeRow.objects.filter(program_id=program_id).order_by("key")
    return {r.key: EventType(key=r.key, schema=r.schema, months_kept=r.months_kept, name=r.name) for r in rows}


def accept(*, program_id: int, batch: Sequence[EventIn]) -> list[Result]:
    """Keep events, each on its own: good ones are kept, one told before is a duplicate, a bad one says why.

    The results are in the order of the batch. An event is the same when its id is, whatever else it says.

    Args: batch: at most 1,000.
    Raises: Invalid when there are more.
    """
    if len(batch) > MOST_EVENTS:
        raise Invalid(errors=[("events", f"must be at most {MOST_EVENTS}")])
    known = {row.key: row for row in TypeRow.objects.filter(program_id=program_id)}
    them = members.resolve_many(program_id=program_id, refs=[one.member for one in batch if one.member])
    results: list[Result | None] = []
    rows: dict[str, EventRow] = {}
    now = clock.now()
    for one in batch:
        code, faults = _faults(one, known, them, now)
        if faults:
            results.append(Result(id=one.id, outcome=Outcome.REFUSED, code=code, errors=tuple(faults)))
        elif one.id in rows:
            results.append(Result(id=one.id, outcome=Outcome.DUPLICATE))
        else:
            rows[one.id] = EventRow(
                program_id=program_id,
                type_id=known[one.type].pk,
                member_id=them[one.member] if one.member else None,
                anonymous_id=one.anonymous_id,
                event_id=one.id,
                at=one.at,
                recorded_at=now,
                properties=dict(one.properties),
            )
            results.append(None)
    new = _keep(program_id, rows, {row.pk: row.key for row in known.values()})
    return [
        done or Result(id=one.id, outcome=Outcome.ACCEPTED if one.id in new else Outcome.DUPLICATE)
        for one, done in zip(batch, results, strict=True)
    ]


def _faults(
    one: EventIn, known: Mapping[str, TypeRow], them: Mapping[str, UUID], now: datetime
) -> tuple[str, list[tuple[str, str]]]:
    """Why an event cannot be kept: the code of the first kind of fault, with all faults of its properties."""
    for path, text in (("id", one.id), ("anonymous_id", one.anonymous_id or "x")):
        if not text or len(text) > 120 or not text.isprintable():
            return "invalid", [(path, "must be 1 to 120 printable characters")]
    if (one.member is None) == (one.anonymous_id is None):
        return "invalid", [("member", "either member or anonymous_id is needed, not both")]
    if one.type not in known:
        return "unknown_event_type", [("type", f"{one.type[:60]!r} is not declared by the program")]
    if one.member is not None and one.member not in them:
        return "unknown_member", [("member", "There is no such member.")]
    found = rules.property_faults(one.properties, known[one.type].schema)
    if one.at.tzinfo is None or one.at > now + _CLOCKS_DIFFER:
        found.append(("at", "must be an instant with an offset, and not in the future"))
    elif one.at < _cutoff(now, known[one.type].months_kept):
        found.append(
            ("at", f"is older than the {known[one.type].months_kept} months that events of this type are kept")
        )
    return "invalid", found


def _keep(program_id: int, rows: Mapping[str, EventRow], keys: Mapping[int, str]) -> set[str]:
    if not rows:
        return set()
    # In the order of their ids, so that two batches with the same events never wait for each other in a ring.
    ordered = [rows[key] for key in sorted(rows)]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "insert into events_event"
            " (program_id, type_id, member_id, anonymous_id, event_id, at, recorded_at, properties)"
            " select %s, * from unnest(%s::bigint[], %s::uuid[], %s::text[], %s::text[], %s::timestamptz[],"
            " %s::timestamptz[], %s::jsonb[])"
            " on conflict (program_id, event_id) do nothing returning id, event_id, type_id",
            [
                program_id,
                [row.type_id for row in ordered],
                [row.member_id for row in ordered],
                [row.anonymous_id for row in ordered],
                [row.event_id for row in ordered],
                [row.at for row in ordered],
                [row.recorded_at for row in ordered],
                [orjson.dumps(row.properties).decode() for row in ordered],
            ],
        )
        kept = cursor.fetchall()
        if kept:
            news = EventsAccepted(
                row_ids=tuple(row_id for row_id, _, _ in kept),
                types=tuple(sorted({keys[type_id] for _, _, type_id in kept})),
            )
            announce(news, program_id=program_id)
    return {event_id for _, event_id, _ in kept}


def by_ids(*, program_id: int, row_ids: Sequence[int]) -> list[EventView]:
    """Events by the row ids that the news told, in order; pruned ones are left out."""
    rows = EventRow.objects.filter(program_id=program_id, pk__in=list(row_ids)).order_by("pk")
    return [_view(row, _type_keys(program_id)) for row in rows]


def listing(
    *, program_id: int, member_id: UUID, limit: int = 50, cursor: str | None = None, type: str | None = None
) -> Page:
    """What a member did, latest first, a page at a time; also under the ids that were merged into hers.

    Args: limit: 1 to 200. type: of one type only.
    Raises: UnknownEventType; Invalid for a cursor of another list.
    """
    keys, limit = _type_keys(program_id), max(1, min(200, limit))
    them = [member_id, *members.merged_from(program_id=program_id, member_id=member_id)]
    rows = EventRow.objects.filter(program_id=program_id, member_id__in=them)
    if type is not None:
        type_id = next((pk for pk, key in keys.items() if key == type), None)
        if type_id is None:
            raise UnknownEventType
        rows = rows.filter(type_id=type_id)
    if cursor:
        at, last = _place(cursor)
        rows = rows.filter(Q(at__lt=at) | Q(at=at, pk__lt=last), at__lte=at)
    found = list(rows.order_by("-at", "-pk")[: limit + 1])
    more = _cursor(found[limit - 1]) if len(found) > limit else None
    return Page(items=tuple(_view(row, keys) for row in found[:limit]), next_cursor=more)


def recognise(*, program_id: int, anonymous_id: str, member_id: UUID, batch: int = 5_000) -> int:
    """Give a member what a stranger did before she was known (she logged in), at most `batch` a call.

    Returns: how many events were given; 0 when none is left.
    Raises: UnknownMember.
    """
    members.fact(program_id=program_id, member_id=member_id)
    theirs = EventRow.objects.filter(program_id=program_id, anonymous_id=anonymous_id).order_by("pk")
    return EventRow.objects.filter(pk__in=theirs.values("pk")[:batch]).update(member_id=member_id, anonymous_id=None)


def prune(*, program_id: int, now: datetime | None = None, batch: int = 5_000) -> int:
    """Delete a program's events that were kept for the months of their type, a batch per transaction.

    Returns: how many went.
    """
    gone = 0
    while step := _prune_batch(program_id, now or clock.now(), batch):
        gone += step
    return gone


def prune_at_night(work: Work) -> str | None:
    """The night's step: one batch of events that are over, and again while there are any."""
    return "more" if _prune_batch(work.program_id, work.at, work.limit) else None


def _prune_batch(program_id: int, at: datetime, batch: int) -> int:
    for row in TypeRow.objects.filter(program_id=program_id).order_by("pk"):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "delete from events_event where id in ("
                "select id from events_event where type_id = %s and recorded_at < %s"
                " order by recorded_at limit %s for update skip locked)",
                [row.pk, _cutoff(at, row.months_kept), batch],
            )
            if cursor.rowcount > 0:
                return int(cursor.rowcount)
    return 0


def _cutoff(now: datetime, months: int) -> datetime:
    """The instant so many months ago; of a month without that day its last one."""
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    day = now.day
    while True:
        try:
            return now.replace(year=year, month=month + 1, day=day)
        except ValueError:
            day -= 1


def forget(*, program_id: int, member_id: UUID) -> int:
    """Delete what a member did, also under the ids merged into hers. Returns how many events went."""
    them = [member_id, *members.merged_from(program_id=program_id, member_id=member_id)]
    return EventRow.objects.filter(program_id=program_id, member_id__in=them).delete()[0]


def dossier(*, program_id: int, member_id: UUID) -> list[dict[str, Any]]:
    """Everything a member did, as JSON values, for herself."""
    them = [member_id, *members.merged_from(program_id=program_id, member_id=member_id)]
    keys = _type_keys(program_id)
    rows = EventRow.objects.filter(program_id=program_id, member_id__in=them).order_by("at", "pk")
    return [
        {"id": r.event_id, "type": keys[r.type_id], "at": r.at.isoformat(), "properties": r.properties}
        for r in rows.iterator()
    ]


def _type_keys(program_id: int) -> dict[int, str]:
    return dict(TypeRow.objects.filter(program_id=program_id).values_list("pk", "key"))


def _view(row: EventRow, keys: Mapping[int, str]) -> EventView:
    return EventView(
        row_id=row.pk,
        id=row.event_id,
        type=keys[row.type_id],
        at=row.at,
        recorded_at=row.recorded_at,
        member_id=row.member_id,
        anonymous_id=row.anonymous_id,
        properties=row.properties,
    )


def _cursor(row: EventRow) -> str:
    return urlsafe_b64encode(f"{row.at.isoformat()}|{row.pk}".encode()).decode().rstrip("=")


def _place(text: str) -> tuple[datetime, int]:
    try:
        at, _, last = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition("|")
        instant, row_id = datetime.fromisoformat(at), int(last)
        if instant.tzinfo is None or not 0 <= row_id < 2**63:
            raise ValueError(text)
        return instant, row_id
    except ValueError as no:
        raise Invalid(errors=[("cursor", "is not a cursor of this list")]) from no

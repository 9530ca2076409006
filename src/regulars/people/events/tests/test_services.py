"""The verbs of events on a real database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid
from regulars.kernel.models import FactRow
from regulars.kernel.nights import Work
from regulars.people.events import services as events
from regulars.people.events.models import EventRow
from regulars.people.events.terms import EventIn, SchemaNarrowed, UnknownEventType
from regulars.people.members import services as members

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
VIEW = {
    "type": "object",
    "properties": {"sku": {"type": "string", "maxLength": 20}, "seconds": {"type": "integer", "minimum": 0}},
    "required": ["sku"],
    "additionalProperties": False,
}


@pytest.fixture(autouse=True)
def _today():
    with clock.at(NOW):
        yield


@pytest.fixture(autouse=True)
def _viewed(program):
    events.declare_type(program_id=program, key="viewed", schema=VIEW, months_kept=13)


def view(n, member=None, at=NOW, **rest):
    who = {"member": ids.encode("mem", member)} if member else {"anonymous_id": "cookie-1"}
    if "member_ref" in rest:
        who["member"] = rest.pop("member_ref")
    return EventIn(**{"id": f"e{n}", "type": "viewed", "at": at, "properties": {"sku": f"S{n}"}, **who, **rest})


def accept(program, *batch):
    return [
        (r.outcome.value, r.code, [p for p, _ in r.errors]) for r in events.accept(program_id=program, batch=batch)
    ]


KEPT, AGAIN = ("accepted", "", []), ("duplicate", "", [])


def test_events_are_kept_once_and_told_in_one_piece_of_news(program, ann):
    assert accept(program, view(1, ann), view(2), view(1, ann)) == [KEPT, KEPT, AGAIN]
    assert accept(program, view(2), view(3)) == [AGAIN, KEPT]
    news = list(FactRow.objects.filter(kind="EventsAccepted").order_by("id").values_list("body", flat=True))
    assert [len(n["row_ids"]) for n in news] == [2, 1]
    assert news[0]["types"] == ["viewed"]
    found = events.by_ids(program_id=program, row_ids=news[0]["row_ids"])
    assert [(e.id, e.member_id, e.anonymous_id, e.properties) for e in found] == [
        ("e1", ann, None, {"sku": "S1"}),
        ("e2", None, "cookie-1", {"sku": "S2"}),
    ]


def test_a_bad_event_says_why_and_does_not_stop_its_neighbours(program, other_program, ann):
    stranger = members.register(program_id=other_program, actor="key:1").member_id
    assert accept(
        program,
        view(1, ann),
        view(2, ann, type="danced"),
        view(3, stranger),
        view(4, properties={"seconds": -1, "hat": 1}),
        view(5, at=NOW + timedelta(hours=1)),
        view(6, at=NOW - timedelta(days=500)),
        view(7, anonymous_id=None),
        view(8, ann, anonymous_id="x"),
        view(9, id=""),
        view(10, anonymous_id=None, member_ref="external:nobody"),
        view(11, at=datetime(2026, 3, 1)),
        view(12, ann),
    ) == [
        KEPT,
        ("refused", "unknown_event_type", ["type"]),
        ("refused", "unknown_member", ["member"]),
        ("refused", "invalid", ["properties.sku", "properties.seconds", "properties.hat"]),
        ("refused", "invalid", ["at"]),
        ("refused", "invalid", ["at"]),
        ("refused", "invalid", ["member"]),
        ("refused", "invalid", ["member"]),
        ("refused", "invalid", ["id"]),
        ("refused", "unknown_member", ["member"]),
        ("refused", "invalid", ["at"]),
        KEPT,
    ]
    assert EventRow.objects.count() == 2


def test_a_batch_is_at_most_a_thousand(program):
    with pytest.raises(Invalid):
        events.accept(program_id=program, batch=[view(n) for n in range(1_001)])
    assert EventRow.objects.count() == 0
    assert accept(program, *[view(n) for n in range(1_000)]) == [KEPT] * 1_000


def test_the_list_of_a_member_turns_its_pages_and_holds_those_merged_in(program, ann, bo):
    accept(program, *[view(n, ann if n % 2 else bo, at=NOW - timedelta(hours=n // 2)) for n in range(9)])
    members.absorb(program_id=program, from_id=bo, into_id=ann)
    seen, cursor, turns = [], None, 0
    while turns == 0 or cursor:
        page = events.listing(program_id=program, member_id=ann, limit=4, cursor=cursor)
        seen += [e.id for e in page.items]
        cursor, turns = page.next_cursor, turns + 1
    assert (turns, seen) == (3, ["e1", "e0", "e3", "e2", "e5", "e4", "e7", "e6", "e8"])
    assert events.listing(program_id=program, member_id=ann, type="viewed", limit=1).items[0].id == "e1"
    with pytest.raises(UnknownEventType):
        events.listing(program_id=program, member_id=ann, type="danced")
    with pytest.raises(Invalid):
        events.listing(program_id=program, member_id=ann, cursor="x")


def test_a_type_only_widens_while_events_are_kept(program, ann):
    wider = {**VIEW, "properties": {**VIEW["properties"], "page": {"type": "string"}}}
    narrower = {**wider, "required": ["sku", "page"]}
    accept(program, view(1, ann))
    events.declare_type(program_id=program, key="viewed", schema=wider, months_kept=6)
    with pytest.raises(SchemaNarrowed):
        events.declare_type(program_id=program, key="viewed", schema=narrower)
    with pytest.raises(Invalid) as no:
        events.declare_type(program_id=program, key="Viewed!", schema={"type": 1}, months_kept=0)
    assert [path for path, _ in no.value.errors] == ["schema.type", "key", "months_kept"]
    kept = events.types(program_id=program)["viewed"]
    assert (kept.schema, kept.months_kept) == (wider, 6)


def test_events_go_when_their_months_are_over_and_not_before(program):
    with clock.at(NOW - timedelta(days=400)):
        accept(program, view(1, at=NOW - timedelta(days=400)))
    with clock.at(NOW - timedelta(days=300)):
        accept(program, view(2, at=NOW - timedelta(days=300)))
    events.declare_type(program_id=program, key="kept", schema=VIEW, months_kept=120)
    with clock.at(NOW - timedelta(days=400)):
        accept(program, view(3, type="kept", at=NOW - timedelta(days=400)))
    assert events.prune(program_id=program, now=datetime(2026, 3, 24, 12, tzinfo=UTC), batch=1) == 0
    assert events.prune(program_id=program, batch=1) == 1
    assert sorted(EventRow.objects.values_list("event_id", flat=True)) == ["e2", "e3"]


def test_the_night_prunes_its_own_program_batch_by_batch(program, other_program):
    events.declare_type(program_id=other_program, key="viewed", schema=VIEW, months_kept=1)
    with clock.at(NOW - timedelta(days=60)):
        accept(program, *[view(n, at=clock.now()) for n in (1, 2)])
        accept(other_program, *[view(n, at=clock.now()) for n in range(3)])
    work = Work(program_id=other_program, day=NOW.date(), at=NOW, cursor="", limit=2)
    assert [events.prune_at_night(work) for _ in range(3)] == ["more", "more", None]
    assert sorted(EventRow.objects.values_list("program_id", "event_id")) == [(program, "e1"), (program, "e2")]


def test_a_stranger_is_recognised_once_she_logs_in(program, ann):
    accept(program, view(1), view(2), view(3, anonymous_id="cookie-2"))
    assert events.recognise(program_id=program, anonymous_id="cookie-1", member_id=ann) == 2
    assert events.recognise(program_id=program, anonymous_id="cookie-1", member_id=ann) == 0
    assert {e.id for e in events.listing(program_id=program, member_id=ann).items} == {"e1", "e2"}


def test_forgetting_deletes_what_a_member_did(program, ann, bo):
    accept(program, view(1, ann), view(2, bo))
    assert [e["id"] for e in events.dossier(program_id=program, member_id=ann)] == ["e1"]
    assert events.forget(program_id=program, member_id=ann) == 1
    assert list(EventRow.objects.values_list("event_id", flat=True)) == ["e2"]


@pytest.mark.parametrize(
    ("name", "sql"),
    [
        (
            "E1_one_type_per_key",
            "insert into events_type (program_id, key, name, schema, months_kept)"
            " select program_id, key, name, schema, months_kept from events_type",
        ),
        ("E2_kept_one_to_120_months", "update events_type set months_kept = 121"),
        ("E3_one_event_per_id", "update events_event set event_id = 'same'"),
        ("E4_somebody_did_it", "update events_event set anonymous_id = null"),
        ("E4_somebody_did_it", "update events_event set member_id = (select id from members_member limit 1)"),
    ],
)
def test_sql_cannot_break(program, ann, name, sql):
    accept(program, view(1), view(2))
    with pytest.raises(IntegrityError) as no, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert no.value.__cause__.diag.constraint_name == name


@pytest.mark.django_db(transaction=True)
def test_one_batch_told_by_eight_connections_in_any_order_is_kept_once(program):
    batch = [view(n) for n in range(100)]

    def tell(turn):
        try:
            mine = batch if turn % 2 else batch[::-1]
            return sum(r.outcome == "accepted" for r in events.accept(program_id=program, batch=mine))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as them:
        assert sum(them.map(tell, range(8))) == 100
    assert EventRow.objects.count() == 100

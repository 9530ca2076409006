"""What the outbox promises: every reaction once, failures later, dead letters kept, old facts gone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from regulars.kernel import clock, events, outbox
from regulars.kernel.errors import Broken
from regulars.kernel.models import DeliveryRow, FactRow
from regulars.kernel.outbox import Reaction

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, kw_only=True)
class Line:
    sku: str
    amount_minor: int


@dataclass(frozen=True, kw_only=True)
class Visited:
    """A test event with one field of each kind that events may carry."""

    member_id: UUID
    at: datetime
    on: date | None = None
    mood: Mood = Mood.GOOD
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Unheard:
    x: int = 1


def visited(n: int = 1) -> Visited:
    return Visited(member_id=UUID(int=n), at=T0)


def heard(seen: list):
    """A reaction that notes what it was told, and of which program."""

    def do(event: object, program_id: int) -> None:
        assert program_id == 7
        seen.append(event)

    return do


events_of_visits = st.builds(
    Visited,
    member_id=st.uuids(),
    at=st.datetimes(timezones=st.just(UTC)),
    on=st.none() | st.dates(),
    mood=st.sampled_from(Mood),
    lines=st.lists(st.builds(Line, sku=st.text(), amount_minor=st.integers(-(2**53), 2**53))).map(tuple),
)


@given(events_of_visits)
def test_an_event_comes_back_as_it_went(event):
    assert events.from_json(Visited, events.to_json(event)) == event


def test_facts_from_before_and_after_an_upgrade_can_be_read():
    old = {"member_id": str(UUID(int=1)), "at": T0.isoformat(), "gone": 1}
    assert events.from_json(Visited, old) == visited()


def announce(*events_: object) -> None:
    with transaction.atomic():
        outbox.announce_all(events_, program_id=7)


def test_news_without_a_change_is_refused(transactional_db):
    with pytest.raises(Broken):
        outbox.announce(visited(), program_id=7)


@pytest.mark.django_db
class TestDelivery:
    def test_a_fact_reaches_each_reaction_and_is_done(self):
        seen = []
        wiring = [Reaction(Visited, "a", heard(seen)), Reaction(Visited, "b", heard(seen))]
        announce(visited())
        assert outbox.deliver_batch(wiring) == 1
        assert seen == [visited(), visited()]
        assert outbox.deliver_batch(wiring) == 0
        assert outbox.health() == outbox.Health(waiting={}, dead={}, oldest_seconds=0)

    def test_a_fact_written_by_a_stored_function_needs_only_three_columns(self):
        seen = []
        with connection.cursor() as cursor:
            body = '{"member_id": "00000000-0000-0000-0000-000000000001", "at": "2026-03-01T12:00:00+00:00"}'
            cursor.execute("insert into kernel_fact (program_id, kind, body) values (7, 'Visited', %s)", [body])
        outbox.deliver_batch([Reaction(Visited, "a", heard(seen))])
        assert seen == [visited()]

    def test_one_failing_reaction_neither_stops_nor_repeats_its_neighbours(self):
        seen = []

        def fail(event, program_id):
            FactRow.objects.create(program_id=1, kind="left behind", body={})
            raise ValueError("no")

        announce(visited())
        wiring = [Reaction(Visited, "bad", fail), Reaction(Visited, "good", heard(seen))]
        for _ in range(3):
            with clock.at(clock.now() + timedelta(hours=1)):
                outbox.deliver_batch(wiring)
        fact = FactRow.objects.get()
        assert seen == [visited()]
        assert "bad: ValueError: no" in fact.last_error
        assert list(DeliveryRow.objects.values_list("reaction", flat=True)) == ["good"]

    def test_no_statement_makes_a_fact_both_done_and_dead(self):
        announce(visited())
        outbox.deliver_batch([Reaction(Visited, "a", heard([]))])
        with pytest.raises(IntegrityError, match="fact_is_done_or_dead"), transaction.atomic():
            FactRow.objects.update(dead_at=T0)
        assert FactRow.objects.filter(done_at__isnull=False, dead_at=None).count() == 1

    def test_failures_are_retried_later_and_later_until_the_fact_is_dead(self):
        waits = []
        with clock.at(T0):
            announce(visited())
        at = T0
        for _ in range(outbox.MOST_TRIES):
            with clock.at(at):
                assert outbox.deliver_batch([Reaction(Visited, "bad", lambda e, p: 1 // 0)]) == 1
                assert outbox.deliver_batch([Reaction(Visited, "bad", lambda e, p: 1 // 0)]) == 0
            fact = FactRow.objects.get()
            if fact.dead_at is None:
                waits.append((fact.next_try_at - at).seconds)
                at = fact.next_try_at
        assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600]
        assert outbox.health().dead == {"Visited": 1}
        [letter] = outbox.dead_letters()
        assert (letter.kind, letter.tries, letter.program_id) == ("Visited", 12, 7)
        assert "ZeroDivisionError" in letter.last_error
        assert outbox.dead_letters(program_id=8) == []

    def test_a_replayed_dead_letter_is_delivered_and_says_who_asked(self):
        announce(visited())
        FactRow.objects.update(dead_at=T0, tries=12, next_try_at=T0)
        fact, seen = FactRow.objects.get(), []
        assert outbox.replay([fact.id, 999], actor="staff:1") == 1
        assert outbox.replay([fact.id], actor="staff:1") == 0
        outbox.deliver_batch([Reaction(Visited, "a", heard(seen))])
        fact.refresh_from_db()
        assert (seen, fact.replayed_by, fact.tries) == ([visited()], "staff:1", 1)

    def test_a_fact_that_nobody_hears_is_put_off_once_and_then_done(self):
        with clock.at(T0):
            announce(Unheard())
            assert outbox.deliver_batch([]) == 1
            assert outbox.deliver_batch([]) == 0
        with clock.at(T0 + outbox.UNHEARD_PAUSE):
            assert outbox.deliver_batch([]) == 1
        assert FactRow.objects.get().done_at == T0 + outbox.UNHEARD_PAUSE

    def test_a_fact_that_an_old_worker_did_not_know_reaches_the_new_one(self):
        seen = []
        with clock.at(T0):
            announce(Unheard())
            outbox.deliver_batch([])
        with clock.at(T0 + outbox.UNHEARD_PAUSE):
            outbox.deliver_batch([Reaction(Unheard, "new", heard(seen))])
        assert seen == [Unheard()]

    def test_old_facts_go_and_waiting_and_dead_ones_stay(self):
        announce(visited(1), visited(2), visited(3), visited(4))
        done, _, dead, young = FactRow.objects.order_by("id")
        FactRow.objects.filter(id=done.id).update(done_at=T0)
        FactRow.objects.filter(id=dead.id).update(dead_at=T0)
        FactRow.objects.filter(id=young.id).update(done_at=T0 + timedelta(days=2))
        DeliveryRow.objects.create(fact=done, reaction="a")
        assert outbox.prune(T0 + timedelta(days=1), batch=1) == 1
        assert outbox.prune(T0 + timedelta(days=1)) == 0
        assert FactRow.objects.count() == 3
        assert DeliveryRow.objects.count() == 0

    def test_health_counts_by_kind_and_tells_the_oldest(self):
        with clock.at(T0):
            announce(visited(), visited(), Unheard())
        with clock.at(T0 + timedelta(seconds=90)):
            health = outbox.health(program_id=7)
        assert health == outbox.Health(waiting={"Visited": 2, "Unheard": 1}, dead={}, oldest_seconds=90)
        assert outbox.health(program_id=8).waiting == {}

"""The verbs of consent on a real database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.kernel.models import FactRow
from regulars.people.consent import services as consent
from regulars.people.consent.models import EventRow
from regulars.people.consent.terms import KeyTaken, TextIsFixed, UnknownText
from regulars.people.members import services as members
from regulars.people.members.terms import UnknownMember

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _today():
    with clock.at(NOW):
        yield


@pytest.fixture(autouse=True)
def text(program):
    return consent.publish_text(program_id=program, purpose="marketing", version="v1", language="en", text="Yes!")


def record(program, member, granted=True, **rest):
    said = {"purpose": "marketing", "actor": "key:1", "text_version": "v1" if granted else "", **rest}
    return consent.record(program_id=program, member_id=member, granted=granted, **said)


def may(program, member, **where):
    return consent.granted(program_id=program, member_id=member, purpose="marketing", **where)


def test_a_consent_is_kept_with_its_text_source_and_time_and_is_told(program, ann):
    done = record(program, ann, channel="email", source="checkout", at=NOW - timedelta(days=3))
    assert (done.at, done.recorded_at, done.text_version) == (NOW - timedelta(days=3), NOW, "v1")
    assert may(program, ann, channel="email").event_id == done.event_id
    assert may(program, ann, channel="sms") is None
    (news,) = FactRow.objects.filter(kind="ConsentRecorded").values_list("body", flat=True)
    assert (news["event_id"], news["granted"], news["member_id"]) == (done.event_id, True, str(ann))


def test_who_changes_her_mind_adds_an_event(program, ann):
    record(program, ann, at=NOW - timedelta(days=2))
    record(program, ann, granted=False, at=NOW - timedelta(days=1))
    assert may(program, ann) is None
    assert [e.granted for e in consent.history(program_id=program, member_id=ann)] == [True, False]
    record(program, ann, at=NOW - timedelta(days=5))
    assert may(program, ann) is None


def test_the_same_key_writes_once(program, ann, bo):
    first = record(program, ann, key="k")
    assert record(program, ann, key="k") == first
    assert EventRow.objects.count() == FactRow.objects.filter(kind="ConsentRecorded").count() == 1
    with pytest.raises(KeyTaken):
        record(program, bo, key="k")
    with pytest.raises(KeyTaken):
        record(program, ann, granted=False, key="k")


def test_bad_consents_are_refused_and_nothing_is_written(program, other_program, ann):
    with pytest.raises(Invalid) as no:
        record(program, ann, purpose="Send Ads!", channel="e mail", at=NOW + timedelta(hours=1))
    assert [path for path, _ in no.value.errors] == ["purpose", "channel", "at"]
    with pytest.raises(UnknownText):
        record(program, ann, text_version="v2")
    with pytest.raises(UnknownText):
        record(program, ann, text_version="")
    with pytest.raises(UnknownMember):
        record(program, UUID(int=1))
    consent.publish_text(program_id=other_program, purpose="marketing", version="v1", language="en", text="Yes!")
    with pytest.raises(UnknownMember):
        record(other_program, ann)
    assert EventRow.objects.count() == 0


def test_a_published_text_is_fixed(program, text):
    again = consent.publish_text(program_id=program, purpose="marketing", version="v1", language="en", text="Yes!")
    assert again == text
    with pytest.raises(TextIsFixed):
        consent.publish_text(program_id=program, purpose="marketing", version="v1", language="en", text="Maybe")
    assert consent.texts(program_id=program) == [text]


def test_many_members_are_asked_for_in_one_query(program, ann, bo, django_assert_num_queries):
    done = record(program, ann, channel="email")
    record(program, bo, channel="email")
    record(program, bo, granted=False)
    with django_assert_num_queries(1):
        found = consent.granted_many(
            program_id=program, member_ids=[ann, bo], purpose="marketing", channel="email", topic="news"
        )
    assert {m: s.event_id for m, s in found.items()} == {ann: done.event_id}


def test_a_merged_person_has_one_history_and_an_undone_merge_keeps_what_was_withdrawn(program, ann, bo):
    with clock.at(NOW - timedelta(days=1)):
        record(program, ann, channel="email")
        record(program, bo, granted=False, channel="sms")
    moved = members.absorb(program_id=program, from_id=ann, into_id=bo)
    noted = consent.absorb(program_id=program, from_id=ann, into_id=bo)
    assert may(program, bo, channel="email") is not None
    assert set(consent.granted_many(program_id=program, member_ids=[bo], purpose="marketing", channel="email")) == {
        bo
    }
    with connection.cursor() as cursor:
        cursor.execute("select member_id, channel, granted from consent_facts order by channel")
        assert cursor.fetchall() == [(bo, "email", True), (bo, "sms", False)]
    with clock.at(NOW + timedelta(days=1)):
        record(program, bo, granted=False, channel="email")
        assert may(program, bo, channel="email") is None
    with clock.at(NOW + timedelta(days=2)):
        members.separate(program_id=program, record=moved)
        assert consent.separate(program_id=program, record=noted, actor="staff:1") == {"withdrawn": 1}
    assert may(program, ann, channel="email") is None
    assert may(program, bo, channel="email") is None
    assert [(e.granted, e.source) for e in consent.history(program_id=program, member_id=ann)] == [
        (True, ""),
        (False, "unmerge"),
    ]


def test_a_dossier_tells_everything(program, ann):
    record(program, ann, channel="email", source="app")
    assert consent.dossier(program_id=program, member_id=ann) == [
        {
            "purpose": "marketing",
            "channel": "email",
            "topic": "",
            "granted": True,
            "text_version": "v1",
            "source": "app",
            "at": NOW.isoformat(),
        }
    ]


@pytest.mark.parametrize(
    ("name", "sql"),
    [
        (
            "C1_one_event_per_key",
            "insert into consent_event (program_id, member_id, purpose, channel, topic, granted, text_version,"
            " source, actor, at, recorded_at, key) select program_id, member_id, purpose, channel, topic, granted,"
            " text_version, source, actor, at, recorded_at, key from consent_event",
        ),
        ("C2_a_consent_has_a_purpose", "{insert} '', true, 'v1', 'key:1', now(), now() from members_member"),
        ("C3_a_grant_names_its_text", "{insert} 'marketing', true, '', 'key:1', now(), now() from members_member"),
        ("C4_somebody_told_it", "{insert} 'marketing', false, '', '', now(), now() from members_member"),
        (
            "C5_one_text_per_version_and_language",
            "insert into consent_text (program_id, purpose, version, language, text, sha256, published_at)"
            " select program_id, purpose, version, language, 'other', sha256, published_at from consent_text",
        ),
        (
            "C6_a_text_says_something",
            "insert into consent_text (program_id, purpose, version, language, text, sha256, published_at)"
            " select program_id, purpose, version, 'zh', '', sha256, published_at from consent_text",
        ),
        ("C7_events_are_append_only", "update consent_event set granted = false"),
        ("C7_events_are_append_only", "delete from consent_event"),
        ("C7_events_are_append_only", "truncate consent_event"),
        ("C8_texts_are_append_only", "update consent_text set text = 'No!'"),
        ("C8_texts_are_append_only", "delete from consent_text"),
        ("C8_texts_are_append_only", "truncate consent_text"),
    ],
)
def test_sql_cannot_break(program, ann, name, sql):
    record(program, ann, key="k")
    insert = (
        "insert into consent_event (program_id, member_id, channel, topic, source, purpose, granted, text_version,"
        " actor, at, recorded_at) select program_id, id, '', '', '',"
    )
    with pytest.raises(DatabaseError) as no, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute(sql.format(insert=insert))
    assert isinstance(no.value, IntegrityError)
    assert no.value.__cause__.diag.constraint_name == name


@pytest.mark.django_db(transaction=True)
def test_one_key_told_by_eight_tills_is_one_event(program, ann):
    def tell(_):
        try:
            return record(program, ann, key="k").event_id
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as tills:
        assert len(set(tills.map(tell, range(8)))) == 1
    assert EventRow.objects.count() == 1

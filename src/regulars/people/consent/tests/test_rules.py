"""What follows from consents."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from regulars.people.consent import rules
from regulars.people.consent.terms import ConsentEvent

START = datetime(2026, 1, 1, tzinfo=UTC)


def act(n, granted, channel="", topic="", purpose="marketing", hours=None):
    return ConsentEvent(
        event_id=n,
        member_id=UUID(int=1),
        purpose=purpose,
        channel=channel,
        topic=topic,
        granted=granted,
        text_version="v1" if granted else "",
        source="app",
        actor="member:1",
        at=START + timedelta(hours=n if hours is None else hours),
        recorded_at=START + timedelta(hours=n),
    )


def may(events, channel="email", topic="news", purpose="marketing"):
    found = rules.relied_on(rules.standings(events), purpose=purpose, channel=channel, topic=topic)
    return found.event_id if found else None


def test_silence_is_no():
    assert may([]) is None
    assert may([act(1, True, purpose="profiling")]) is None


def test_a_wide_consent_covers_the_narrow_use_but_not_the_other_way_round():
    assert may([act(1, True)]) == 1
    assert may([act(1, True, channel="email", topic="news")], topic="games") is None
    assert may([act(1, True, channel="email", topic="news")], channel="sms") is None


def test_a_refused_topic_stays_refused_although_all_news_is_agreed_to_later():
    assert may([act(1, False, channel="email", topic="news"), act(2, True, channel="email")]) is None
    assert may([act(1, False, channel="email", topic="news"), act(2, True, channel="email")], topic="games") == 2


def test_stop_everything_also_stops_what_was_agreed_to_by_name_before():
    assert may([act(1, True, "email", "news"), act(2, False)]) is None
    assert may([act(1, True, "email", "news"), act(2, False), act(3, True, "email", "news")]) == 3


def test_the_latest_act_counts_by_when_it_was_done_and_not_by_when_it_was_told():
    assert may([act(1, False, hours=9), act(2, True, hours=3)]) is None
    assert may([act(1, True, hours=3), act(2, False, hours=3)]) is None


ACTS = st.lists(
    st.tuples(st.booleans(), st.sampled_from(["", "email", "sms"]), st.sampled_from(["", "news", "games"])),
    max_size=8,
)


@given(ACTS, st.sampled_from(["email", "sms"]), st.sampled_from(["news", "games"]))
def test_after_stop_everything_nothing_may_be_sent(acts, channel, topic):
    events = [act(n, granted, c, t) for n, (granted, c, t) in enumerate(acts)]
    assert may([*events, act(99, False)], channel, topic) is None


@given(ACTS, st.sampled_from(["email", "sms"]), st.sampled_from(["news", "games"]), st.randoms())
def test_the_order_of_telling_changes_nothing(acts, channel, topic, chance):
    events = [act(n, granted, c, t) for n, (granted, c, t) in enumerate(acts)]
    shuffled = list(events)
    chance.shuffle(shuffled)
    assert may(shuffled, channel, topic) == may(events, channel, topic)


@given(ACTS, st.sampled_from(["email", "sms"]), st.sampled_from(["news", "games"]))
def test_what_may_be_sent_rests_on_a_grant_that_covers_it(acts, channel, topic):
    events = [act(n, granted, c, t) for n, (granted, c, t) in enumerate(acts)]
    found = may(events, channel, topic)
    if found is not None:
        assert events[found].granted
        assert events[found].channel in (channel, "")
        assert events[found].topic in (topic, "")

"""What follows from a person's consents. Where they disagree, the answer is no."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from regulars.people.consent.terms import ANY, ConsentEvent, Standing

_SLUG = re.compile(r"[a-z][a-z0-9_.-]{0,59}")


def faults(*, purpose: str, channel: str, topic: str, text_version: str, source: str) -> list[tuple[str, str]]:
    """Everything wrong with the words of a consent, by path."""
    found = []
    for path, text, is_needed in (("purpose", purpose, True), ("channel", channel, False), ("topic", topic, False)):
        if (text or is_needed) and not _SLUG.fullmatch(text):
            found.append((path, "must be small letters, digits, dots, dashes and _, beginning with a letter"))
    for path, text in (("text_version", text_version), ("source", source)):
        if len(text) > 60 or not text.isprintable():
            found.append((path, "must be at most 60 printable characters"))
    return found


def standings(events: Iterable[ConsentEvent]) -> list[Standing]:
    """What stands now: of each purpose, channel and topic the latest event; of two at one instant the later told."""
    latest: dict[tuple[str, str, str], ConsentEvent] = {}
    for event in sorted(events, key=lambda e: (e.at, e.event_id)):
        latest[event.purpose, event.channel, event.topic] = event
    return [
        Standing(
            purpose=event.purpose,
            channel=event.channel,
            topic=event.topic,
            granted=event.granted,
            at=event.at,
            text_version=event.text_version,
            source=event.source,
            event_id=event.event_id,
        )
        for _, event in sorted(latest.items())
    ]


def relied_on(standing: Sequence[Standing], *, purpose: str, channel: str, topic: str) -> Standing | None:
    """The consent that a use may rely on, or None: it may not take place.

    The most exact consent that covers the channel and topic counts, and no wider one may have been withdrawn since:
    "stop everything" also stops what was agreed to before by name, and a later "all news" does not bring back the
    one topic that was refused.
    """
    covering = [
        one
        for one in standing
        if one.purpose == purpose and one.channel in (channel, ANY) and one.topic in (topic, ANY)
    ]
    if not covering:
        return None
    best = max(covering, key=lambda one: (one.channel != ANY) + (one.topic != ANY) * 2)
    withdrawn_since = any(not one.granted and (one.at, one.event_id) >= (best.at, best.event_id) for one in covering)
    return best if best.granted and not withdrawn_since else None


def withdrawn_between(events: Iterable[ConsentEvent], *, since: datetime) -> list[ConsentEvent]:
    """The withdrawals told after an instant, in order; they hold for both persons once a merge is undone."""
    told = [event for event in events if not event.granted and event.recorded_at >= since]
    return sorted(told, key=lambda e: (e.at, e.event_id))

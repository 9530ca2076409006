"""What checkout asks of the promotions engine; the one place that knows how it is called."""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Mapping
from datetime import date
from threading import Lock
from weakref import ref

import orjson

from regulars.kernel import ids
from regulars.value.promotions import services as promotions
from regulars.value.promotions.services import trials
from regulars.value.promotions.services.drafts import drafts
from regulars.value.promotions.terms import Question, Snapshot, Verdict
from regulars.value.promotions.terms.drafts import DRAFT_PREFIX

_LEVEL = 1  # of compression: questions are written once a sale and read once a month
_MOST_REMEMBERED = 512  # decisions: a close mostly asks what the last telling of its basket asked
_remembered: OrderedDict[bytes, tuple[ref[Snapshot], Verdict]] = OrderedDict()  # an old snapshot may go
_lock = Lock()


def decide(question: Question, snapshot: Snapshot, asked: bytes | None = None) -> Verdict:
    """What a basket saves, what points pay, what the rest earns.

    Args: asked: the question as `question_json` writes it. What was asked a moment ago, of the same snapshot, is not
    decided again: the same question has the same answer.
    """
    if asked is None:
        return promotions.decide(question=question, snapshot=snapshot)
    known = _remembered.get(asked)
    if known is not None and known[0]() is snapshot:
        return known[1]
    verdict = promotions.decide(question=question, snapshot=snapshot)
    with _lock:
        _remembered[asked] = ref(snapshot), verdict
        if len(_remembered) > _MOST_REMEMBERED:
            _remembered.popitem(last=False)
    return verdict


def with_drafts(snapshot: Snapshot, only: frozenset[str]) -> tuple[Snapshot, frozenset[str]]:
    """A snapshot in which the chosen promotions are there, and their keys: to look at what is not published yet.

    A draft is named by its id (`drf_…`), in the place of what is published under its key; or by a key that nothing
    published has.

    Raises: NoDraft; WrongDraftState for one named by its id that was not tested; Invalid for one with faults.
    """
    named = {name for name in only if name.startswith(f"{DRAFT_PREFIX}_")}
    chosen = [ids.decode(DRAFT_PREFIX, name) for name in sorted(named)]
    if chosen:
        snapshot, keys = trials.with_drafts(snapshot=snapshot, draft_ids=chosen)
        only = (only - named) | keys
    missing = only - {p.key for p in snapshot.promotions}
    found = [drafts(program_id=snapshot.program_id, key=key, limit=1) for key in sorted(missing)]
    bodies = [drafted[0].body for drafted in found if drafted]
    return (trials.with_bodies(snapshot=snapshot, bodies=bodies) if bodies else snapshot), only


def limits_of(
    snapshot: Snapshot, *, store: str | None, day: date, coupons: tuple[str, ...], identifiers: tuple[str, ...]
) -> Mapping[str, int]:
    """The limits and budgets beyond the member that a decision may need: how much each allows, by key."""
    return snapshot.limits(store=store, day=day, coupons=coupons, identifiers=identifiers)


def question_json(question: Question) -> bytes:
    """A question as JSON, whole and exact."""
    return orjson.dumps(promotions.question_to_json(question))


def question_body(asked: bytes) -> bytes:
    """A question's JSON as it is kept: to close what was tendered, to replay, to reprice."""
    return zlib.compress(asked, _LEVEL)


def question_of(body: bytes) -> Question:
    """What `question_body` wrote."""
    return promotions.question_from_json(orjson.loads(zlib.decompress(body)))

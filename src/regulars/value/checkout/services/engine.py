"""What checkout asks of the promotions engine; the one place that knows how it is called."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import date

import orjson

from regulars.kernel import ids
from regulars.value.promotions import services as promotions
from regulars.value.promotions.services import trials
from regulars.value.promotions.services.drafts import drafts
from regulars.value.promotions.terms import Question, Snapshot, Verdict
from regulars.value.promotions.terms.drafts import DRAFT_PREFIX

_LEVEL = 1  # of compression: questions are written once a sale and read once a month


def decide(question: Question, snapshot: Snapshot) -> Verdict:
    """What a basket saves, what points pay, what the rest earns."""
    return promotions.decide(question=question, snapshot=snapshot)


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


def question_body(question: Question) -> bytes:
    """A question as it is kept: to close what was tendered, to replay, to reprice."""
    return zlib.compress(orjson.dumps(promotions.question_to_json(question)), _LEVEL)


def question_of(body: bytes) -> Question:
    """What `question_body` wrote."""
    return promotions.question_from_json(orjson.loads(zlib.decompress(body)))

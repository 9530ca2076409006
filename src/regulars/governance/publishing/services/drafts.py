"""Drafts of promotions become versions: checked within the whole program, published by hand, paused and resumed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from regulars.governance.publishing import rules
from regulars.governance.publishing.rules import conflicting, promoting
from regulars.governance.publishing.rules.conflicting import Conflict
from regulars.governance.publishing.services import applying
from regulars.governance.publishing.terms import NoPromotion, Version
from regulars.kernel.errors import Invalid
from regulars.value.promotions import services as promotions
from regulars.value.promotions.services import drafts
from regulars.value.promotions.terms.drafts import Draft, DraftChanged, DraftOutdated, DraftState, WrongDraftState

SECTION = "promotions"
Body = Mapping[str, Any]


def promotions_of(*, program_id: int) -> list[dict[str, Any]]:
    """Every published promotion of the version in force, as the document writes it, in JSON values.

    Raises: NoProgram.
    """
    return list(rules.plain({SECTION: promotions.describe(program_id).get(SECTION, [])})[SECTION])


def promotion(*, program_id: int, key: str) -> dict[str, Any]:
    """One published promotion.

    Raises: NoPromotion.
    """
    found = promoting.find(promotions_of(program_id=program_id), key)
    if found is None:
        raise NoPromotion
    return found


def as_yaml(body: Body) -> str:
    """A promotion as people write it in a document."""
    return rules.write_text(promoting.written(body))


def from_yaml(text: str) -> dict[str, Any]:
    """A promotion from YAML, in JSON values.

    Raises: Invalid.
    """
    return dict(rules.plain(rules.tidy(rules.read_text(text))))


def conflicts(*, program_id: int, body: Body) -> tuple[Conflict, ...]:
    """The published promotions that may meet this one on the same goods at the same time, the sharpest first."""
    return conflicting.conflicts(body, promotions_of(program_id=program_id))


def begin(*, program_id: int, body: Body, actor: str, behind: str = "", reason: str = "") -> Draft:
    """Begin a draft: of a new promotion, or of another form of the one that is published under its key.

    Raises: Invalid without a key; DraftExists.
    """
    base = promoting.find(promotions_of(program_id=program_id), body.get("key"))
    return drafts.begin(program_id=program_id, body=body, base=base, actor=actor, behind=behind, reason=reason)


def faults(*, program_id: int, body: Body) -> list[tuple[str, str]]:
    """What is wrong with a body inside this program, as (path within the body, message); nothing when it is sound."""
    wanted, place = promoting.put(promotions_of(program_id=program_id), body)
    prefix = f"{SECTION}.{place}"
    try:
        applying.plan(document={SECTION: wanted}, program_id=program_id)
    except Invalid as no:
        return [(path.removeprefix(prefix).lstrip("."), message) for path, message in no.errors]
    return []


def try_out(*, program_id: int, draft_id: UUID, actor: str, reason: str = "", revision: int | None = None) -> Draft:
    """A draft that is sound may be tried: on baskets, in dry sessions, on the orders of last week.

    Raises: Invalid with every fault; NoDraft; WrongDraftState; DraftChanged.
    """
    draft = drafts.draft(program_id=program_id, draft_id=draft_id)
    found = faults(program_id=program_id, body=draft.body)
    if found:
        raise Invalid(errors=found)
    return drafts.mark_tested(
        program_id=program_id, draft_id=draft_id, actor=actor, reason=reason, revision=revision or draft.revision
    )


@transaction.atomic
def publish(
    *, program_id: int, draft_id: UUID, actor: str, reason: str = "", revision: int | None = None
) -> tuple[Draft, Version]:
    """Make an approved draft part of the next version; everything else in the program stays as it is.

    Raises: DraftOutdated when what is published under its key is no longer what the draft began from; NoDraft;
    WrongDraftState; DraftChanged; Invalid when the program has changed so that the draft is no longer sound.
    """
    applying.hold(program_id=program_id)
    draft = drafts.draft(program_id=program_id, draft_id=draft_id, lock=True)
    if draft.state is not DraftState.APPROVED:
        raise WrongDraftState(f"The draft is {draft.state}; only an approved one is published.", state=draft.state)
    if revision is not None and revision != draft.revision:
        raise DraftChanged(f"The draft is at revision {draft.revision}, not {revision}.", revision=draft.revision)
    now = promotions_of(program_id=program_id)
    if promoting.find(now, draft.key) != draft.base:
        raise DraftOutdated
    wanted, _ = promoting.put(now, draft.body)
    version = applying.apply(
        document={SECTION: wanted}, actor=actor, note=reason or f"promotion {draft.key}", program_id=program_id
    )
    done = drafts.mark_published(
        program_id=program_id, draft_id=draft_id, version=version.number, actor=actor, reason=reason
    )
    return done, version


@transaction.atomic
def pause(*, program_id: int, key: str, actor: str, reason: str = "", resume: bool = False) -> Version:
    """Stop a published promotion at once (or let it run again): the next version, with nothing else changed.

    Raises: NoPromotion.
    """
    applying.hold(program_id=program_id)
    now = promotions_of(program_id=program_id)
    found = promoting.find(now, key)
    if found is None:
        raise NoPromotion
    wanted, _ = promoting.put(now, promoting.paused(found, not resume))
    return applying.apply(
        document={SECTION: wanted},
        actor=actor,
        note=reason or f"promotion {key} {'resumed' if resume else 'paused'}",
        program_id=program_id,
    )

"""Drafts of promotions: written, tested, approved by a second person; publishing makes them a version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import IntegrityError, transaction

from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid
from regulars.value.promotions.models import DraftRow
from regulars.value.promotions.terms.drafts import (
    OPEN_STATES,
    Draft,
    DraftChanged,
    DraftExists,
    DraftState,
    FourEyes,
    NoDraft,
    Step,
    WrongDraftState,
)

MOST_BYTES = 512 * 1024
MOST_STEPS = 500
MOST_LETTERS = 500
_ALLOWED = {
    DraftState.TESTING: (DraftState.DRAFT, DraftState.TESTING),
    DraftState.APPROVED: (DraftState.TESTING,),
    DraftState.PUBLISHED: (DraftState.APPROVED,),
    DraftState.DISCARDED: OPEN_STATES,
}
_WORD = {
    DraftState.TESTING: "tested",
    DraftState.APPROVED: "approved",
    DraftState.PUBLISHED: "published",
    DraftState.DISCARDED: "discarded",
}


def begin(
    *,
    program_id: int,
    body: Mapping[str, Any],
    base: Mapping[str, Any] | None,
    actor: str,
    behind: str = "",
    reason: str = "",
) -> Draft:
    """Begin a draft. Its body need not be sound yet; only its key must be there.

    Args: base: what is published under the key now, None for a new one. behind: the person behind a key.
    Raises: Invalid; DraftExists when the key has an open draft.
    """
    key, now = _key(body), clock.now()
    try:
        with transaction.atomic():
            row = DraftRow.objects.create(
                id=ids.new_id(),
                program_id=program_id,
                key=key,
                state=DraftState.DRAFT,
                body=_plain(body),
                base=None if base is None else _plain(base),
                writers=_hands(actor, behind),
                steps=[_step("written", actor, reason)],
                created_at=now,
                changed_at=now,
            )
    except IntegrityError as no:
        raise DraftExists from no
    return _told(row)


@transaction.atomic
def change(
    *,
    program_id: int,
    draft_id: UUID,
    body: Mapping[str, Any],
    actor: str,
    behind: str = "",
    reason: str = "",
    revision: int | None = None,
) -> Draft:
    """Write another body. Whatever was tested or approved before must be so again; an equal body changes nothing.

    Args: revision: refuse unless the draft is at this one. Raises: NoDraft; WrongDraftState; DraftChanged; Invalid;
    DraftExists when its new key has another open draft.
    """
    row = _locked(program_id, draft_id, OPEN_STATES)
    _at(row, revision)
    key, wanted = _key(body), _plain(body)
    if row.base is not None and key != row.key:
        raise Invalid(errors=[("key", f"is the published promotion's, {row.key!r}; a new key is a new draft")])
    if wanted == row.body:
        return _told(row)
    row.key, row.body, row.state, row.approved_by = key, wanted, DraftState.DRAFT, ""
    row.writers = [*row.writers, *(h for h in _hands(actor, behind) if h not in row.writers)]
    row.revision += 1
    try:
        with transaction.atomic():
            return _kept(row, "written", actor, reason)
    except IntegrityError as no:
        raise DraftExists from no


def mark_tested(
    *, program_id: int, draft_id: UUID, actor: str, reason: str = "", revision: int | None = None
) -> Draft:
    """A draft whose body was found sound may be tried on baskets. Publishing checks it: see its services.

    Raises: NoDraft; WrongDraftState; DraftChanged.
    """
    return _move(program_id, draft_id, DraftState.TESTING, actor=actor, reason=reason, revision=revision)


@transaction.atomic
def approve(
    *, program_id: int, draft_id: UUID, actor: str, behind: str = "", reason: str = "", revision: int | None = None
) -> Draft:
    """A second person says yes to the body as it stands.

    Args: behind: the person behind a key: she counts too. revision: what the approver has seen.
    Raises: FourEyes for any of its writers; NoDraft; WrongDraftState; DraftChanged.
    """
    row = _locked(program_id, draft_id, _ALLOWED[DraftState.APPROVED])
    _at(row, revision)
    if set(_hands(actor, behind)) & set(row.writers):
        raise FourEyes
    row.state, row.approved_by = DraftState.APPROVED, actor
    return _kept(row, "approved", actor, reason)


def mark_published(*, program_id: int, draft_id: UUID, version: int, actor: str, reason: str = "") -> Draft:
    """An approved draft has become part of a version; publishing calls this in its own transaction.

    Raises: NoDraft; WrongDraftState.
    """
    return _move(program_id, draft_id, DraftState.PUBLISHED, actor=actor, reason=reason, version=version)


def discard(*, program_id: int, draft_id: UUID, actor: str, reason: str = "", revision: int | None = None) -> Draft:
    """Give a draft up; it stays readable.

    Raises: NoDraft; WrongDraftState; DraftChanged.
    """
    return _move(program_id, draft_id, DraftState.DISCARDED, actor=actor, reason=reason, revision=revision)


def draft(*, program_id: int, draft_id: UUID, lock: bool = False) -> Draft:
    """One draft. Args: lock: hold it until the transaction ends.

    Raises: NoDraft.
    """
    rows = DraftRow.objects.select_for_update() if lock else DraftRow.objects
    row = rows.filter(program_id=program_id, id=draft_id).first()
    if row is None:
        raise NoDraft
    return _told(row)


def drafts(
    *,
    program_id: int,
    states: Iterable[DraftState] = OPEN_STATES,
    key: str | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[Draft]:
    """Drafts, begun last first. Args: before: the last one of the page before."""
    rows = DraftRow.objects.filter(program_id=program_id, state__in=list(states))
    if key is not None:
        rows = rows.filter(key=key)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [_told(row) for row in rows.order_by("-id")[: max(1, min(200, limit))]]


@transaction.atomic
def _move(
    program_id: int,
    draft_id: UUID,
    state: DraftState,
    *,
    actor: str,
    reason: str,
    revision: int | None = None,
    version: int | None = None,
) -> Draft:
    row = _locked(program_id, draft_id, _ALLOWED[state])
    _at(row, revision)
    row.state = state
    if version is not None:
        row.version = version
    return _kept(row, _WORD[state], actor, reason)


def _locked(program_id: int, draft_id: UUID, allowed: tuple[DraftState, ...]) -> DraftRow:
    row = DraftRow.objects.select_for_update().filter(program_id=program_id, id=draft_id).first()
    if row is None:
        raise NoDraft
    if row.state not in allowed:
        raise WrongDraftState(f"The draft is {row.state}; this needs {' or '.join(allowed)}.", state=row.state)
    return row


def _at(row: DraftRow, revision: int | None) -> None:
    if revision is not None and revision != row.revision:
        raise DraftChanged(f"The draft is at revision {row.revision}, not {revision}.", revision=row.revision)


def _kept(row: DraftRow, what: str, actor: str, reason: str) -> Draft:
    row.steps = [*row.steps, _step(what, actor, reason)][-MOST_STEPS:]
    row.changed_at = clock.now()
    row.save()
    return _told(row)


def _step(what: str, actor: str, reason: str) -> dict[str, str]:
    return {"at": clock.now().isoformat(), "what": what, "actor": actor, "reason": reason[:MOST_LETTERS]}


def _hands(actor: str, behind: str) -> list[str]:
    return [hand for hand in dict.fromkeys((actor, behind)) if hand]


def _key(body: Mapping[str, Any]) -> str:
    key = body.get("key")
    if not isinstance(key, str) or not 1 <= len(key) <= 60 or "\x00" in key:
        raise Invalid(errors=[("key", "is missing: a short name of small letters, digits and hyphens")])
    return key


def _plain(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body as JSON holds it: exact decimals as text."""
    try:
        text = orjson.dumps(dict(body), default=str)
    except (TypeError, ValueError) as no:
        raise Invalid(errors=[("body", "must hold texts, whole numbers, decimals, lists and maps only")]) from no
    if len(text) > MOST_BYTES:
        raise Invalid(errors=[("body", f"is larger than {MOST_BYTES} bytes")])
    if b"\\u0000" in text:
        raise Invalid(errors=[("body", "holds the character U+0000, which no text here can hold")])
    found: dict[str, Any] = orjson.loads(text)
    return found


def _told(row: DraftRow) -> Draft:
    return Draft(
        draft_id=row.id,
        program_id=row.program_id,
        key=row.key,
        state=DraftState(row.state),
        body=row.body,
        base=row.base,
        revision=row.revision,
        writers=tuple(row.writers),
        approved_by=row.approved_by,
        version=row.version,
        steps=tuple(
            Step(at=datetime.fromisoformat(s["at"]), what=s["what"], actor=s["actor"], reason=s["reason"])
            for s in row.steps
        ),
        created_at=row.created_at,
        changed_at=row.changed_at,
    )

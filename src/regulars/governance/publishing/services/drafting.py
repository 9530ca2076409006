"""Drafts of whole documents: written by some, approved by another, applied over what is in force then."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from regulars.governance.publishing import rules
from regulars.governance.publishing.models import DraftRow
from regulars.governance.publishing.services import applying, scheduling, wholes
from regulars.governance.publishing.terms import (
    DocumentDraft,
    DocumentDraftState,
    DocumentStep,
    Plan,
    Schedule,
    UnknownDocumentDraft,
    Version,
)
from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid
from regulars.people.programs import services as programs
from regulars.value.promotions.terms.drafts import DraftChanged, FourEyes, WrongDraftState

LONGEST_TITLE, MOST_STEPS, MOST_LETTERS, MOST_LISTED = 200, 500, 500, 200
_State = DocumentDraftState
_OPEN = (_State.DRAFT, _State.SUBMITTED, _State.APPROVED)


def begin(
    *, program_id: int, title: str, text: str, actor: str, behind: str = "", base_version: int | None = None
) -> DocumentDraft:
    """Begin a draft of a whole document, over the version in force. It need not be sound yet, only readable.

    Args: behind: the person behind a key. base_version: the version that it was written over, if it is an older one.
    Raises: Invalid; NoProgram; VersionConflict for a base that does not exist.
    """
    now = clock.now()
    in_force = programs.by_id(program_id=program_id).current_version
    base = in_force if base_version is None else base_version
    faults = [("base_version", f"must be between 0 and {in_force}")] if not 0 <= base <= in_force else []
    row = DraftRow.objects.create(
        id=ids.new_id(),
        program_id=program_id,
        title=_title(title, faults),
        text=_readable(text),
        base_version=base,
        state=_State.DRAFT,
        writers=_hands(actor, behind),
        steps=[_step("written", actor, "")],
        created_at=now,
        changed_at=now,
    )
    return _told(row)


@transaction.atomic
def change(
    *,
    program_id: int,
    draft_id: UUID,
    text: str,
    actor: str,
    behind: str = "",
    title: str | None = None,
    reason: str = "",
    revision: int | None = None,
) -> DocumentDraft:
    """Write another text. What was submitted or approved must be so again; an equal text changes nothing.

    Raises: UnknownDocumentDraft; WrongDraftState; DraftChanged; Invalid.
    """
    row = _locked(program_id, draft_id, _OPEN, revision)
    wanted = _readable(text)
    name = _title(title, []) if title is not None else row.title
    if (wanted, name) == (row.text, row.title):
        return _told(row)
    row.text, row.title, row.state, row.approved_by = wanted, name, _State.DRAFT, ""
    row.writers = [*row.writers, *(h for h in _hands(actor, behind) if h not in row.writers)]
    row.revision += 1
    return _kept(row, "written", actor, reason)


@transaction.atomic
def submit(
    *, program_id: int, draft_id: UUID, actor: str, reason: str = "", revision: int | None = None
) -> DocumentDraft:
    """Ask for approval: a document with faults is not asked for.

    Raises: Invalid with every fault, or why apply would refuse it; BaseChanged; UnknownDocumentDraft;
    WrongDraftState.
    """
    row = _locked(program_id, draft_id, (_State.DRAFT, _State.SUBMITTED), revision)
    found = plan(program_id=program_id, draft_id=draft_id)
    if found.refused:
        raise Invalid(errors=[(r.path, r.message) for r in found.refused])
    row.state = _State.SUBMITTED
    return _kept(row, "submitted", actor, reason)


@transaction.atomic
def approve(
    *, program_id: int, draft_id: UUID, actor: str, behind: str = "", reason: str = "", revision: int | None = None
) -> DocumentDraft:
    """A second person says yes to the text as it stands.

    Raises: FourEyes for any of its writers; UnknownDocumentDraft; WrongDraftState; DraftChanged.
    """
    row = _locked(program_id, draft_id, (_State.SUBMITTED,), revision)
    if set(_hands(actor, behind)) & set(row.writers):
        raise FourEyes
    row.state, row.approved_by = _State.APPROVED, actor
    return _kept(row, "approved", actor, reason)


@transaction.atomic
def discard(
    *, program_id: int, draft_id: UUID, actor: str, reason: str = "", revision: int | None = None
) -> DocumentDraft:
    """Give a draft up; it stays readable.

    Raises: UnknownDocumentDraft; WrongDraftState; DraftChanged.
    """
    row = _locked(program_id, draft_id, _OPEN, revision)
    row.state, row.approved_by = _State.DISCARDED, ""
    return _kept(row, "discarded", actor, reason)


def plan(*, program_id: int, draft_id: UUID) -> Plan:
    """What the draft would change of what is in force now.

    Raises: Invalid; BaseChanged; UnknownDocumentDraft.
    """
    row = _row(program_id, draft_id)
    document = scheduling.over_now(program_id=program_id, base_version=row.base_version, document=row.text)
    return applying.plan(document=document, program_id=program_id)


@transaction.atomic
def publish(
    *,
    program_id: int,
    draft_id: UUID,
    actor: str,
    reason: str = "",
    revision: int | None = None,
    at: datetime | None = None,
) -> tuple[DocumentDraft, Version | Schedule]:
    """Make an approved draft the next version, at once or at an instant; what it does not change stays as it is.

    Raises: BaseChanged when somebody changed the same objects since; WrongDraftState when it is not approved;
    UnknownDocumentDraft; DraftChanged; NoticeNeeded; Invalid.
    """
    applying.hold(program_id=program_id)
    row = _locked(program_id, draft_id, (_State.APPROVED,), revision)
    document = scheduling.over_now(program_id=program_id, base_version=row.base_version, document=row.text)
    note = reason or row.title
    row.state = _State.PUBLISHED
    if at is not None:
        later = scheduling.schedule(program_id=program_id, document=document, at=at, actor=actor, note=note)
        return _kept(row, "scheduled", actor, reason), later
    done = applying.apply(document=document, program_id=program_id, actor=actor, note=note)
    row.version = done.number
    return _kept(row, "published", actor, reason), done


def draft(*, program_id: int, draft_id: UUID) -> DocumentDraft:
    """One draft.

    Raises: UnknownDocumentDraft.
    """
    return _told(_row(program_id, draft_id))


def drafts(
    *, program_id: int, open_only: bool = False, before: UUID | None = None, limit: int = 50
) -> list[DocumentDraft]:
    """Drafts of whole documents, begun last first. Args: before: the last one of the page before."""
    rows = DraftRow.objects.filter(program_id=program_id)
    if open_only:
        rows = rows.filter(state__in=_OPEN)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [_told(row) for row in rows.order_by("-id")[: max(1, min(MOST_LISTED, limit))]]


def _row(program_id: int, draft_id: UUID) -> DraftRow:
    row = DraftRow.objects.filter(program_id=program_id, id=draft_id).first()
    if row is None:
        raise UnknownDocumentDraft
    return row


def _locked(
    program_id: int, draft_id: UUID, allowed: tuple[DocumentDraftState, ...], revision: int | None
) -> DraftRow:
    row = DraftRow.objects.select_for_update().filter(program_id=program_id, id=draft_id).first()
    if row is None:
        raise UnknownDocumentDraft
    if row.state not in allowed:
        raise WrongDraftState(f"The draft is {row.state}; this needs {' or '.join(allowed)}.", state=row.state)
    if revision is not None and revision != row.revision:
        raise DraftChanged(f"The draft is at revision {row.revision}, not {revision}.", revision=row.revision)
    return row


def _title(title: str, faults: list[tuple[str, str]]) -> str:
    named = title.strip()
    if not named or len(named) > LONGEST_TITLE or "\x00" in named:
        faults = [*faults, ("title", f"must be 1 to {LONGEST_TITLE} characters")]
    if faults:
        raise Invalid(errors=faults)
    return named


def _readable(text: str) -> str:
    """The text, if it can be read as a document; faults of contexts are told when it is submitted."""
    wholes.read(text)
    return text if text.endswith("\n") else f"{text}\n"


def _kept(row: DraftRow, what: str, actor: str, reason: str) -> DocumentDraft:
    row.steps = [*row.steps, _step(what, actor, reason)][-MOST_STEPS:]
    row.changed_at = clock.now()
    row.save()
    return _told(row)


def _step(what: str, actor: str, reason: str) -> dict[str, str]:
    return {"at": clock.now().isoformat(), "what": what, "actor": actor, "reason": reason[:MOST_LETTERS]}


def _hands(actor: str, behind: str) -> list[str]:
    return [hand for hand in dict.fromkeys((actor, behind)) if hand]


def as_yaml(document: object) -> str:
    """A document of values as people write it.

    Raises: Invalid.
    """
    return rules.write_text(rules.tidy(document))


def _told(row: DraftRow) -> DocumentDraft:
    return DocumentDraft(
        draft_id=row.id,
        program_id=row.program_id,
        title=row.title,
        text=row.text,
        base_version=row.base_version,
        state=_State(row.state),
        revision=row.revision,
        writers=tuple(row.writers),
        approved_by=row.approved_by,
        steps=tuple(
            DocumentStep(at=datetime.fromisoformat(s["at"]), what=s["what"], actor=s["actor"], reason=s["reason"])
            for s in row.steps
        ),
        version=row.version,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )

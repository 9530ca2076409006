"""Codes that prove an identifier: six digits, ten minutes, five tries, five codes an hour."""

from __future__ import annotations

import hmac
from datetime import timedelta
from secrets import randbelow
from uuid import UUID

from django.db import IntegrityError, transaction

from regulars.kernel import clock, ids, secrets
from regulars.kernel.errors import Busy
from regulars.kernel.nights import Work
from regulars.kernel.outbox import announce
from regulars.people.members.models import CodeRow, IdentifierRow, MemberRow
from regulars.people.members.services.claims import holders
from regulars.people.members.services.identifiers import release_row, tell_verified
from regulars.people.members.services.rows import broken_constraint, seal, told, unseal, writable_row
from regulars.people.members.terms import (
    CodeDelivery,
    CodeMade,
    Confirmation,
    HeldByAnother,
    IdentifierType,
    NoCode,
    NotConfirmable,
    OnConflict,
    TooManyCodes,
    UnknownIdentifier,
)

TTL = timedelta(minutes=10)
TRIES = 5
MOST_AN_HOUR = 5
KEPT = timedelta(days=30)
_CONFIRMABLE = (IdentifierType.PHONE, IdentifierType.EMAIL)


@transaction.atomic
def send_code(*, program_id: int, member_id: UUID, identifier_id: UUID) -> CodeMade:
    """Make a code for a phone or an e-mail and announce it; the messenger opens it with `code_delivery`.

    Older codes for the identifier stop working. The limit counts every member who claims the same address.

    Raises: UnknownMember; AlreadyMerged; Forgotten; UnknownIdentifier; NotConfirmable; TooManyCodes.
    """
    member = writable_row(program_id=program_id, member_id=member_id)
    row = _identifier(program_id=program_id, member_id=member_id, identifier_id=identifier_id)
    if row.type not in _CONFIRMABLE:
        raise NotConfirmable
    now = clock.now()
    recent = CodeRow.objects.filter(program_id=program_id, blind=row.blind, created_at__gt=now - timedelta(hours=1))
    if recent.count() >= MOST_AN_HOUR:
        raise TooManyCodes
    CodeRow.objects.filter(identifier_id=row.id, used_at=None, expires_at__gt=now).update(
        expires_at=now, sealed_code=None
    )
    code = f"{randbelow(10**6):06d}"
    code_id = ids.new_id()
    made = CodeRow.objects.create(
        id=code_id,
        program_id=program_id,
        identifier_id=row.id,
        blind=row.blind,
        code_hash=_hash(program_id=program_id, code_id=code_id, code=code),
        sealed_code=seal(member, code, "code"),
        tries_left=TRIES,
        created_at=now,
        expires_at=now + TTL,
    )
    news = CodeMade(
        member_id=member_id, identifier_id=row.id, code_id=made.id, type=row.type, expires_at=made.expires_at
    )
    announce(news, program_id=program_id, member_id=member_id)
    return news


def code_delivery(*, program_id: int, code_id: UUID) -> CodeDelivery | None:
    """What the messenger needs to send a code; None when it is used, replaced or too old."""
    row = CodeRow.objects.filter(program_id=program_id, pk=code_id, used_at=None, expires_at__gt=clock.now()).first()
    if row is None:
        return None
    identifier = IdentifierRow.objects.get(pk=row.identifier_id)
    member = MemberRow.objects.get(pk=identifier.member_id)
    value, code = unseal(member, identifier.sealed, identifier.type), unseal(member, row.sealed_code, "code")
    if value is None or code is None:
        return None
    return CodeDelivery(type=IdentifierType(identifier.type), value=value, code=code, expires_at=row.expires_at)


def confirm_code(
    *,
    program_id: int,
    member_id: UUID,
    identifier_id: UUID,
    code: str,
    actor: str,
    on_conflict: OnConflict = OnConflict.REFUSE,
) -> Confirmation:
    """Try a code. The right one makes the identifier find this member; a wrong one costs a try, and that is kept.

    Args: on_conflict: what to do when another member holds the identifier by now: refuse (merge them, or let staff
        decide), or move it here (phones are recycled: whoever has the code has the phone).
    Raises: UnknownMember; AlreadyMerged; Forgotten; UnknownIdentifier; NoCode; HeldByAnother (the code stays).
    """
    try:
        with told(), transaction.atomic():
            return _confirm(program_id, member_id, identifier_id, code, actor, on_conflict)
    except IntegrityError as error:
        if broken_constraint(error) == "M8_one_verified_holder":
            raise Busy from error
        raise


def _confirm(
    program_id: int, member_id: UUID, identifier_id: UUID, code: str, actor: str, on_conflict: OnConflict
) -> Confirmation:
    now = clock.now()
    row = _identifier(program_id=program_id, member_id=member_id, identifier_id=identifier_id)
    key = (row.type, bytes(row.blind or b""))
    holder = holders(program_id=program_id, keys=[key]).get(key)
    # Both members in one order: two people who move phones to each other must not wait for one another.
    for one in sorted({member_id, holder or member_id}):
        writable_row(program_id=program_id, member_id=one, readable=one == member_id)
    row = _identifier(program_id=program_id, member_id=member_id, identifier_id=identifier_id)
    made = CodeRow.objects.select_for_update().filter(identifier_id=row.id, used_at=None, expires_at__gt=now).first()
    if made is None or made.tries_left == 0:
        raise NoCode
    if not hmac.compare_digest(
        bytes(made.code_hash), _hash(program_id=program_id, code_id=made.id, code=code.strip())
    ):
        made.tries_left -= 1
        if made.tries_left == 0:
            made.sealed_code = None
        made.save(update_fields=["tries_left", "sealed_code"])
        return Confirmation(confirmed=False, tries_left=made.tries_left)
    moved_from = holder if holder != member_id else None
    if moved_from is not None:
        if on_conflict is OnConflict.REFUSE:
            raise HeldByAnother
        _move_away(program_id=program_id, holder=moved_from, key=key, actor=actor)
    made.used_at, made.sealed_code = now, None
    made.save(update_fields=["used_at", "sealed_code"])
    row.verified_at, row.method = now, "code"
    row.save(update_fields=["verified_at", "method"])
    tell_verified(row, moved_from=moved_from, actor=actor)
    return Confirmation(confirmed=True, tries_left=made.tries_left, moved_from=moved_from)


def _move_away(*, program_id: int, holder: UUID, key: tuple[str, bytes], actor: str) -> None:
    held = IdentifierRow.objects.filter(
        program_id=program_id, member_id=holder, type=key[0], blind=key[1], released_at=None
    )
    for row in held:
        release_row(row, reason="moved", actor=actor)


def forget_old_codes(work: Work) -> str | None:
    """The night's step: delete a batch of a program's codes older than 30 days, and again while there are any."""
    old = CodeRow.objects.filter(program_id=work.program_id, created_at__lt=work.at - KEPT).order_by("created_at")
    gone = CodeRow.objects.filter(pk__in=old.values("pk")[: work.limit]).delete()[0]
    return "more" if gone else None


def _identifier(*, program_id: int, member_id: UUID, identifier_id: UUID) -> IdentifierRow:
    row = IdentifierRow.objects.filter(
        program_id=program_id, member_id=member_id, pk=identifier_id, released_at=None
    ).first()
    if row is None:
        raise UnknownIdentifier
    return row


def _hash(*, program_id: int, code_id: UUID, code: str) -> bytes:
    return secrets.blind(program_id, "members.code", f"{code_id}:{code}")

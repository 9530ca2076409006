"""Identifiers of a member: add, release, list."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction

from regulars.kernel import clock
from regulars.kernel.outbox import announce
from regulars.people.members.models import CodeRow, IdentifierRow
from regulars.people.members.services.claims import holders, prepare, region_of, row_for
from regulars.people.members.services.rows import (
    broken_constraint,
    live_identifiers,
    member_row,
    told,
    unseal,
    view_of,
    writable_row,
)
from regulars.people.members.terms import (
    Claim,
    HeldByAnother,
    IdentifierReleased,
    IdentifierVerified,
    IdentifierView,
    UnknownIdentifier,
)


def add_identifier(
    *, program_id: int, member_id: UUID, claim: Claim, actor: str, attested: bool = False
) -> IdentifierView:
    """Note one more identifier of a member: at once when verified or attested, else as a claim that waits for a code.

    Adding what the member already has changes nothing, except that a verified one makes a waiting claim count.

    Raises: UnknownMember; AlreadyMerged; Forgotten; Invalid; HeldByAnother when it is verified and another holds it.
    """
    try:
        with told(), transaction.atomic():
            return _add(program_id=program_id, member_id=member_id, claim=claim, actor=actor, attested=attested)
    except IntegrityError as error:
        if broken_constraint(error) in ("M8_one_verified_holder", "M9_one_claim_per_member"):
            raise HeldByAnother from error
        raise


def _add(*, program_id: int, member_id: UUID, claim: Claim, actor: str, attested: bool) -> IdentifierView:
    member = writable_row(program_id=program_id, member_id=member_id)
    region = region_of(program_id=program_id)
    (one,) = prepare(
        program_id=program_id, claims=[claim], attested=attested, actor=actor, region=region, path="identifier"
    )
    if one.verified_at and holders(program_id=program_id, keys=[one.key]).get(one.key, member.id) != member.id:
        raise HeldByAnother
    row = IdentifierRow.objects.filter(member_id=member.id, type=one.type, blind=one.blind, released_at=None).first()
    if row is not None and (row.verified_at is not None or one.verified_at is None):
        return view_of(row)
    if row is None:
        row = row_for(one, member=member)
        row.save(force_insert=True)
    else:
        row.verified_at, row.method, row.attested_by = one.verified_at, one.method, one.attested_by
        row.save(update_fields=["verified_at", "method", "attested_by"])
    if row.verified_at is not None:
        tell_verified(row, moved_from=None, actor=actor)
    return view_of(row)


def tell_verified(row: IdentifierRow, *, moved_from: UUID | None, actor: str) -> None:
    """Announce that an identifier now finds its member."""
    announce(
        IdentifierVerified(
            member_id=row.member_id,
            identifier_id=row.id,
            type=row.type,
            method=row.method,
            moved_from=moved_from,
            actor=actor,
        ),
        program_id=row.program_id,
        member_id=row.member_id,
    )


@transaction.atomic
def release_identifier(*, program_id: int, member_id: UUID, identifier_id: UUID, reason: str, actor: str) -> None:
    """Let an identifier go, so that its next owner can register it; releasing twice changes nothing.

    Raises: UnknownMember; AlreadyMerged; UnknownIdentifier.
    """
    writable_row(program_id=program_id, member_id=member_id, readable=False)
    row = IdentifierRow.objects.filter(program_id=program_id, member_id=member_id, pk=identifier_id).first()
    if row is None:
        raise UnknownIdentifier
    release_row(row, reason=reason, actor=actor)


def release_row(row: IdentifierRow, *, reason: str, actor: str) -> None:
    """Release an identifier of a locked member. Its value goes; the hint and the dates stay as history."""
    if row.released_at is not None:
        return
    row.released_at, row.sealed, row.blind = clock.now(), None, None
    row.save(update_fields=["released_at", "sealed", "blind"])
    CodeRow.objects.filter(identifier_id=row.id, used_at=None).update(expires_at=row.released_at, sealed_code=None)
    announce(
        IdentifierReleased(member_id=row.member_id, identifier_id=row.id, type=row.type, reason=reason, actor=actor),
        program_id=row.program_id,
        member_id=row.member_id,
    )


def identifiers(*, program_id: int, member_id: UUID, reveal: bool = False) -> list[IdentifierView]:
    """The live identifiers of a member, verified ones first.

    Args: reveal: open the values; whoever asks for that writes it into the log of views.
    Raises: UnknownMember.
    """
    member = member_row(program_id=program_id, member_id=member_id)
    return [
        view_of(row, value=unseal(member, row.sealed, row.type) if reveal else None)
        for row in live_identifiers(member_id)
    ]

"""Packs granted to members, and the paid plans that subscriptions tell of: each by its source, until a date."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from regulars.kernel import clock, postgres
from regulars.kernel.errors import Invalid
from regulars.kernel.outbox import announce
from regulars.people.members import services as members
from regulars.people.members.terms import MemberStatus
from regulars.value.benefits.models import HoldingRow
from regulars.value.benefits.services import document
from regulars.value.benefits.terms import BenefitForbidden, Holding, HoldingKind, PackGranted, PackRevoked

_LONGEST = 200


@transaction.atomic
def grant_pack(
    *,
    program_id: int,
    member_id: UUID,
    pack: str,
    until: datetime | None,
    source: str,
    actor: str,
    began_at: datetime | None = None,
) -> Holding:
    """Give a member a pack of benefits until an instant; the same source told again moves the end.

    Args: until: exclusive and aware; None: without end. source: what grants it, e.g. `subscription/<id>`, `staff`.
    began_at: since when it counts, where a source goes on after a break: its membership years do not begin anew.
    A pack that several sources grant ends with the last of them.
    Raises: UnknownPack; UnknownMember; BenefitForbidden for a closed or merged member; Invalid.
    """
    document.pack(program_id=program_id, key=pack)
    found, changed = _hold(program_id, member_id, HoldingKind.PACK, pack, source, until, actor, began_at)
    if changed:
        announce(
            PackGranted(member_id=member_id, pack=pack, source=source, until=until),
            program_id=program_id,
            member_id=member_id,
        )
    return found


@transaction.atomic
def revoke_pack(
    *, program_id: int, member_id: UUID, source: str, pack: str | None = None, actor: str = "system:benefits"
) -> tuple[str, ...]:
    """End now what a source granted a member (None: every pack of it); what others granted stays.

    What was used stays used. Returns: the packs that ended; none when nothing ran.
    """
    gone = _let_go(program_id, member_id, HoldingKind.PACK, source, pack, actor)
    for key in gone:
        announce(
            PackRevoked(member_id=member_id, pack=key, source=source), program_id=program_id, member_id=member_id
        )
    return gone


@transaction.atomic
def note_plan(
    *,
    program_id: int,
    member_id: UUID,
    plan: str,
    until: datetime | None,
    source: str,
    actor: str = "system:subscriptions",
    began_at: datetime | None = None,
) -> Holding:
    """Tell that a member has a paid plan until an instant, so that benefits and conditions know it.

    Args: began_at: as `grant_pack`.
    Subscriptions calls it whenever the end moves, and `forget_plan` when the plan ends before.
    Raises: UnknownMember; BenefitForbidden for a closed or merged member; Invalid.
    """
    return _hold(program_id, member_id, HoldingKind.PLAN, plan, source, until, actor, began_at)[0]


def forget_plan(
    *, program_id: int, member_id: UUID, source: str, plan: str | None = None, actor: str = "system:subscriptions"
) -> tuple[str, ...]:
    """Tell that a plan has ended now. Returns: the plans that ended."""
    return _let_go(program_id, member_id, HoldingKind.PLAN, source, plan, actor)


def holdings(*, program_id: int, member_id: UUID, is_live: bool = False) -> tuple[Holding, ...]:
    """Packs and plans that a member has or had, latest first; `is_live`: only those that run."""
    rows = HoldingRow.objects.filter(program_id=program_id, member_id=member_id)
    if is_live:
        now = clock.now()
        rows = rows.filter(revoked_at__isnull=True, since__lte=now)
        rows = rows.filter(Q(until__isnull=True) | Q(until__gt=now))
    return tuple([_holding(r) for r in rows.order_by("-since", "-id")])


def _hold(
    program_id: int,
    member_id: UUID,
    kind: HoldingKind,
    key: str,
    source: str,
    until: datetime | None,
    actor: str,
    began_at: datetime | None = None,
) -> tuple[Holding, bool]:
    if not source.strip() or len(source) > _LONGEST:
        raise Invalid(errors=[("source", f"must be 1 to {_LONGEST} characters")])
    if until is not None and until.tzinfo is None:
        raise Invalid(errors=[("until", "must say its offset from UTC")])
    fact = members.fact(program_id=program_id, member_id=member_id)
    if fact.merged_into is not None or fact.status is MemberStatus.CLOSED:
        raise BenefitForbidden(status="merged" if fact.merged_into else fact.status.value)
    changed, _ = postgres.ask(
        "select * from benefits_hold(%s::int, %s::uuid, %s::text, %s::text, %s::text, %s::timestamptz,"
        " %s::timestamptz, %s::text)",
        (program_id, member_id, kind, key, source, until, clock.now(), actor),
    )[0]
    if began_at is not None:
        later = HoldingRow.objects.filter(member_id=member_id, kind=kind, key=key, source=source, since__gt=began_at)
        later.update(since=began_at)
    return _holding(HoldingRow.objects.get(member_id=member_id, kind=kind, key=key, source=source)), changed


def _let_go(
    program_id: int, member_id: UUID, kind: HoldingKind, source: str, key: str | None, actor: str
) -> tuple[str, ...]:
    found = postgres.ask(
        "select benefits_let_go(%s::int, %s::uuid, %s::text, %s::text, %s::text, %s::timestamptz, %s::text)",
        (program_id, member_id, kind, source, key, clock.now(), actor),
    )
    return tuple(found[0][0] or ())


def _holding(row: HoldingRow) -> Holding:
    return Holding(
        holding_id=row.id,
        member_id=row.member_id,
        kind=HoldingKind(row.kind),
        key=row.key,
        source=row.source,
        since=row.since,
        until=row.until,
        actor=row.actor,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
    )

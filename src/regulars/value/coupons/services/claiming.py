"""Pages where members fetch a coupon by themselves, with limits by member, by day and in all."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from regulars.kernel import clock, ids, postgres
from regulars.kernel.errors import Invalid
from regulars.people.programs import services as programs
from regulars.value.coupons.models import ClaimCountRow, ClaimRow, CouponRow
from regulars.value.coupons.rules import judging
from regulars.value.coupons.services import document, holding, looking
from regulars.value.coupons.terms import Claim, Coupon, CouponLimit, EventKind, NotEntitled, UnknownClaim

_TOKEN_BYTES = 16


@transaction.atomic
def open_claims(
    *,
    program_id: int,
    template: str,
    per_member: int | None = 1,
    per_day: int | None = None,
    total: int | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    note: str = "",
    actor: str,
) -> Claim:
    """Make a page where members fetch coupons of a template. Its token is the only way to it.

    Args: per_member: how many each may have of this page; per_day: how many in all on each day of the program's zone.
    Raises: UnknownTemplate; Invalid.
    """
    document.template(program_id=program_id, key=template)
    now = clock.now()
    begins = starts_at or now
    limits = {"per_member": per_member, "per_day": per_day, "total": total}
    faults = [(name, "must be at least 1") for name, n in limits.items() if n is not None and n < 1]
    if ends_at is not None and ends_at <= begins:
        faults.append(("ends_at", "must come after starts_at"))
    if faults:
        raise Invalid(errors=faults)
    row = ClaimRow.objects.create(
        id=ids.new_id(),
        program_id=program_id,
        token=secrets.token_urlsafe(_TOKEN_BYTES),
        template=template,
        starts_at=begins,
        ends_at=ends_at,
        note=note,
        actor=actor,
        created_at=now,
        claimed=0,
        **limits,
    )
    return _claim(row)


def claims(*, program_id: int, limit: int = 100) -> tuple[Claim, ...]:
    """The pages of a program, newest first."""
    rows = ClaimRow.objects.filter(program_id=program_id).order_by("-created_at")[:limit]
    return tuple([_claim(r) for r in rows])


def claim_page(*, token: str, program_id: int | None = None) -> Claim:
    """A page by its token.

    Raises: UnknownClaim.
    """
    return _claim(_page(token, program_id))


@transaction.atomic
def close_claims(*, program_id: int, token: str) -> Claim:
    """Close a page now; what was fetched stays.

    Raises: UnknownClaim.
    """
    row = _page(token, program_id)
    now = clock.now()
    if row.ends_at is None or row.ends_at > now:
        row.ends_at = now
        row.save(update_fields=["ends_at"])
    return _claim(row)


@transaction.atomic
def claim(
    *,
    program_id: int,
    token: str,
    member_id: UUID,
    key: str,
    actor: str,
    tier: str | None = None,
    audiences: frozenset[str] = frozenset(),
) -> Coupon:
    """Fetch a coupon from a page, once by `key`. All limits hold over any number of callers at once.

    Raises: UnknownClaim; NotEntitled; CouponLimit, with nothing counted; Busy.
    """
    row, now = _page(token, program_id), clock.now()
    if row.starts_at > now or (row.ends_at is not None and row.ends_at <= now):
        raise UnknownClaim
    found = document.template(program_id=program_id, key=row.template)
    holding.must_live(program_id=program_id, member_id=member_id)
    if not judging.may_hold(found, member_id, tier, audiences):
        raise NotEntitled(reason="not_entitled")
    issue_key = f"claim/{row.id}/{member_id}/{key}"
    with connection.cursor() as cursor:  # the same call twice at once: the second waits, and is told
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [issue_key])
    told = CouponRow.objects.filter(program_id=program_id, issue_key=issue_key).values_list("pk", flat=True).first()
    if told is None:
        zone = programs.by_id(program_id=program_id).zone
        postgres.ask(
            "select coupons_claim_tally(%s::int, %s::uuid, %s::text, %s::int)",
            (program_id, member_id, row.template, found.limits.claim),
        )
        ((told, what),) = holding.store(
            program_id=program_id,
            member_id=member_id,
            template=row.template,
            keys=[issue_key],
            hold=found.limits.hold,
            at=now,
            actor=actor,
            source=f"claim/{row.id}",
            kind=EventKind.CLAIMED,
        )
        if told is None:
            raise CouponLimit(reason=what)
        postgres.ask(
            "select coupons_claim_count(%s::int, %s::uuid, %s::uuid, %s::date)",
            (program_id, row.id, member_id, clock.local_day(now, zone)),
        )
    return looking.by_ids(program_id=program_id, coupon_ids=[told])[0]


def claimed_by(*, claim_id: UUID, member_id: UUID) -> int:
    """How many a member has fetched from a page."""
    rows = ClaimCountRow.objects.filter(claim_id=claim_id, member_id=member_id)
    return rows.values_list("used", flat=True).first() or 0


def _page(token: str, program_id: int | None) -> ClaimRow:
    rows = ClaimRow.objects.filter(token=token)
    row = (rows if program_id is None else rows.filter(program_id=program_id)).first()
    if row is None:
        raise UnknownClaim
    return row


def _claim(row: ClaimRow) -> Claim:
    return Claim(
        claim_id=row.id,
        token=row.token,
        template=row.template,
        per_member=row.per_member,
        per_day=row.per_day,
        total=row.total,
        claimed=row.claimed,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        note=row.note,
    )

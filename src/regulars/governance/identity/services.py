"""The verbs of identity: merge two members in one transaction over every context, and undo it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection, transaction

from regulars.governance.identity import rules
from regulars.governance.identity.models import MergeRow
from regulars.governance.identity.terms import (
    PREFIX,
    AlreadyUndone,
    Discrepancy,
    MembersMerged,
    Merge,
    MergedOnSince,
    MergeUndone,
    NotMergeable,
    TooLateToUndo,
    UnknownMerge,
)
from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid
from regulars.kernel.outbox import announce
from regulars.people.audiences import services as audiences
from regulars.people.care import services as care
from regulars.people.consent import services as consent
from regulars.people.members import services as members
from regulars.people.members.terms import AlreadyMerged
from regulars.value.allowances import services as allowances
from regulars.value.benefits import services as benefits
from regulars.value.checkout import services as checkout
from regulars.value.coupons import services as coupons
from regulars.value.ledger import services as ledger
from regulars.value.rewards import services as rewards
from regulars.value.subscriptions import services as subscriptions
from regulars.value.tiers import services as tiers

_LONGEST_REASON = 200


@transaction.atomic
def merge(*, program_id: int, into: UUID, from_: UUID, reason: str, actor: str) -> Merge:
    """Make two members one: identifiers, blanks, lots with their life, holds and debt go over; the old id redirects.

    Both are locked in the order of their ids; all of it happens or nothing. Journals, orders, events and consents
    stay where they were written. It can be undone for 30 days.

    Args: into: who remains. from_: who goes into her. reason: why, without personal data.
    Raises: UnknownMember; Invalid; AlreadyMerged; NotMergeable; Busy; whatever the ledger refuses.
    """
    _check_reason(reason)
    if into == from_:
        raise Invalid(errors=[("from", "must be another member")])
    facts = members.hold(program_id=program_id, member_ids=[into, from_])
    if facts[into].merged_into or facts[from_].merged_into:
        raise AlreadyMerged
    if not rules.is_mergeable(facts[into], facts[from_]):
        raise NotMergeable(statuses=[facts[into].status.value, facts[from_].status.value])
    merge_id, now = ids.new_id(), clock.now()
    record: dict[str, Any] = {
        # sessions first: they are locked before accounts
        "checkout": checkout.absorb(program_id=program_id, from_id=from_, into_id=into),
        "ledger": ledger.absorb(
            program_id=program_id, from_id=from_, into_id=into, key=_key(merge_id), reason="merge", actor=actor
        ),
        "members": members.absorb(program_id=program_id, from_id=from_, into_id=into),
        "consent": consent.absorb(program_id=program_id, from_id=from_, into_id=into),
        "audiences": audiences.absorb(program_id=program_id, from_id=from_, into_id=into),
    }
    record["care"] = care.absorb(program_id=program_id, from_id=from_, into_id=into)
    record["coupons"] = coupons.absorb(program_id=program_id, from_id=from_, into_id=into)
    record["rewards"] = rewards.absorb(program_id=program_id, from_id=from_, into_id=into)
    record["subscriptions"] = subscriptions.absorb(program_id=program_id, from_id=from_, into_id=into)
    record["benefits"] = benefits.absorb(program_id=program_id, from_id=from_, into_id=into)
    tiers.absorb(program_id=program_id, from_member=from_, into_member=into)
    allowances.absorb(program_id=program_id, from_member=from_, into_member=into)
    row = MergeRow.objects.create(
        id=merge_id,
        program_id=program_id,
        from_member_id=from_,
        into_member_id=into,
        reason=reason.strip(),
        actor=actor,
        at=now,
        record=record,
        moved=_moved(record),
    )
    announce(
        MembersMerged(merge_id=merge_id, from_id=from_, into_id=into, actor=actor),
        program_id=program_id,
        member_id=into,
    )
    return _merge(row)


@transaction.atomic
def undo(*, program_id: int, merge_id: UUID, reason: str, actor: str) -> Merge:
    """Take two members apart again, as far as it still goes: `moved["not_returned"]` lists what was spent or changed.

    Raises: UnknownMerge; AlreadyUndone; TooLateToUndo; MergedOnSince, with the merge to undo first; Forgotten; Busy.
    """
    _check_reason(reason)
    row = MergeRow.objects.filter(program_id=program_id, pk=merge_id).first()
    if row is None:
        raise UnknownMerge
    into, from_ = row.into_member_id, row.from_member_id
    facts = members.hold(program_id=program_id, member_ids=[into, from_])
    row = MergeRow.objects.select_for_update().get(pk=merge_id)
    now = clock.now()
    if row.undone_at is not None:
        raise AlreadyUndone
    if now >= rules.undo_ends(row.at):
        raise TooLateToUndo
    if facts[into].merged_into is not None:
        later = MergeRow.objects.get(from_member_id=into, undone_at=None)
        raise MergedOnSince(merge=ids.encode(PREFIX, later.pk))
    back = {
        "members": members.separate(program_id=program_id, record=row.record["members"]),
        "consent": consent.separate(program_id=program_id, record=row.record["consent"], actor=actor),
        "ledger": ledger.separate(
            program_id=program_id,
            record=row.record["ledger"],
            key=f"{_key(merge_id)}/undo",
            reason="unmerge",
            actor=actor,
        ),
    }
    if "audiences" in row.record:  # older merges moved none
        audiences.separate(program_id=program_id, record=row.record["audiences"])
    if "care" in row.record:
        care.separate(program_id=program_id, record=row.record["care"])
    if "coupons" in row.record:
        coupons.separate(program_id=program_id, record=row.record["coupons"])
    if "rewards" in row.record:
        rewards.separate(program_id=program_id, record=row.record["rewards"])
    if "benefits" in row.record:
        benefits.separate(program_id=program_id, record=row.record["benefits"])
    if "subscriptions" in row.record:
        subscriptions.separate(program_id=program_id, record=row.record["subscriptions"])
    if "checkout" in row.record:  # merges of before have none
        checkout.separate(program_id=program_id, record=row.record["checkout"])
    tiers.separate(program_id=program_id, members=[from_, into])
    allowances.separate(program_id=program_id, members=[from_, into])
    row.undone_at, row.undone_by, row.undone_reason = now, actor, reason.strip()
    row.moved = {**row.moved, "not_returned": _not_returned(back)}
    row.save(update_fields=["undone_at", "undone_by", "undone_reason", "moved"])
    announce(
        MergeUndone(merge_id=merge_id, from_id=from_, into_id=into, actor=actor),
        program_id=program_id,
        member_id=into,
    )
    return _merge(row)


def find(*, program_id: int, merge_id: UUID) -> Merge:
    """A merge by its id.

    Raises: UnknownMerge.
    """
    row = MergeRow.objects.filter(program_id=program_id, pk=merge_id).first()
    if row is None:
        raise UnknownMerge
    return _merge(row)


def merges(*, program_id: int, member_id: UUID) -> list[Merge]:
    """The merges that a member took part in, latest first; undone ones too."""
    rows = MergeRow.objects.filter(program_id=program_id)
    found = rows.filter(from_member_id=member_id) | rows.filter(into_member_id=member_id)
    return [_merge(row) for row in found.order_by("-at", "-pk")]


def discrepancies(program_id: int | None = None) -> list[Discrepancy]:
    """I6: a member redirects if and only if a merge of hers stands. Should be none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select g.id, coalesce(g.from_id, m.member_id), g.id is null"
            " from (select * from identity_merge where undone_at is null) g"
            " full join (select * from members_facts where merged_into is not null) m on m.member_id = g.from_id"
            " where (g.id is null or m.member_id is null)"
            " and (%s::int is null or coalesce(g.program_id, m.program_id) = %s::int) order by 2",
            [program_id, program_id],
        )
        return [
            Discrepancy(
                promise="I6",
                what="a redirect without a merge" if is_lone else "a merge without a redirect",
                merge_id=merge_id,
                member_id=member_id,
            )
            for merge_id, member_id, is_lone in cursor.fetchall()
        ]


def _check_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > _LONGEST_REASON:
        raise Invalid(errors=[("reason", f"must be 1 to {_LONGEST_REASON} characters")])


def _key(merge_id: UUID) -> str:
    return f"merge/{ids.encode(PREFIX, merge_id)}"


def _moved(record: dict[str, Any]) -> dict[str, Any]:
    told = record["members"]
    fields = [*told["filled"], *(f"attributes.{key}" for key in [*told["attributes"], *told["personal"]])]
    return {
        "identifiers": len(told["moved"]) + len(told["swapped"]),
        "fields": sorted(set(fields) - {"masked_name"}),
        "value": record["ledger"]["moved"],
    }


def _not_returned(back: dict[str, Any]) -> dict[str, Any]:
    return {
        "identifiers": len(back["members"]["kept"]),
        "withdrawn_for_both": back["consent"]["withdrawn"],
        "value": back["ledger"]["spent"],
    }


def _merge(row: MergeRow) -> Merge:
    return Merge(
        merge_id=row.pk,
        program_id=row.program_id,
        from_=row.from_member_id,
        into=row.into_member_id,
        reason=row.reason,
        actor=row.actor,
        at=row.at,
        undone_at=row.undone_at,
        undone_by=row.undone_by,
        moved=row.moved,
    )

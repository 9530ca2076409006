"""Using a benefit, undoing a use, and choosing among benefits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock, ids, postgres
from regulars.kernel.errors import Invalid
from regulars.people.agreements import services as agreements
from regulars.value.benefits.models import GiftRow, UseRow
from regulars.value.benefits.services import document, giving, reading
from regulars.value.benefits.terms import Entitled, GiftState, NotAChoice, UnknownUse, Use, UseState

_USE = (
    "select * from benefits_use(%s::int, %s::uuid, %s::text, %s::text, %s::uuid, %s::int, %s::bigint, %s::text,"
    " %s::text, %s::timestamptz, %s::text, %s::bigint, %s::text)"
)
_LONGEST = 250
_MOST_TIMES = 1_000


@transaction.atomic
def use(
    *,
    program_id: int,
    member_id: UUID,
    benefit: str,
    key: str,
    actor: str,
    times: int = 1,
    cost_minor: int | None = None,
    ref: str = "",
    store: str = "",
    at: datetime | None = None,
) -> Use:
    """Use a benefit once by its key: the quota is taken, the cost is kept, and what it gives is given.

    The same key with the same benefit answers the first use (`is_new` False).

    Args: times: how many of the quota this takes. cost_minor: what this use cost, where it is known better than the
    document says. ref: what it belongs to, e.g. an order. store: its key. at: when it was used (None: now).
    Raises: UnknownBenefit; NotYourBenefit; BenefitNotNow; QuotaUsedUp; ComesByItself; BenefitForbidden;
    BenefitKeyReused; UnknownMember; Invalid; what giving refuses, with nothing used.
    """
    faults = []
    if not key.strip() or len(key) > _LONGEST:
        faults.append(("key", f"must be 1 to {_LONGEST} characters"))
    if not 1 <= times <= _MOST_TIMES:
        faults.append(("times", f"must be between 1 and {_MOST_TIMES}"))
    if cost_minor is not None and cost_minor < 0:
        faults.append(("cost_minor", "must not be below zero"))
    if faults:
        raise Invalid(errors=faults)
    instant = at or clock.now()
    use_id, is_new = postgres.ask(
        _USE,
        (
            program_id,
            member_id,
            benefit,
            key,
            ids.new_id(),
            times,
            cost_minor,
            ref,
            store,
            instant,
            actor,
            None,
            None,
        ),
    )[0]
    row = UseRow.objects.select_related("gift").get(id=use_id)
    if is_new:
        found = document.benefit(program_id=program_id, key=benefit, version=row.version)
        if found.gives:
            giving.give(program_id=program_id, member_id=member_id, use_id=use_id, gives=found.gives, actor=actor)
            row.refresh_from_db()
    return reading.use_of(row, is_new=is_new)


@transaction.atomic
def undo(*, program_id: int, use_id: UUID, reason: str, actor: str) -> Use:
    """Undo a use, once: the quota has it again, and what it gave is taken back as far as it goes (`returned` says).

    Told again it answers how the use stands.

    Raises: UnknownUse; Invalid without a reason.
    """
    if not reason.strip() or len(reason) > _LONGEST:
        raise Invalid(errors=[("reason", f"must be 1 to {_LONGEST} characters")])
    now = clock.now()
    done = postgres.ask(
        "select benefits_undo(%s::int, %s::uuid, %s::timestamptz, %s::text, %s::text)",
        (program_id, use_id, now, actor, reason.strip()),
    )[0][0]
    if done is None:
        raise UnknownUse
    row = UseRow.objects.select_related("gift").get(id=use_id)
    if done and row.given:
        giving.take_back(row=row, actor=actor)
    if (
        done
        and row.gift_id is not None
        and not UseRow.objects.filter(gift_id=row.gift_id, state=UseState.USED).exists()
    ):
        GiftRow.objects.filter(id=row.gift_id, state=GiftState.GIVEN).update(state=GiftState.RETURNED)
    return reading.use_of(row, is_new=bool(done))


def give_back(*, program_id: int, ref: str, reason: str, actor: str) -> int:
    """Undo every use that belongs to an order or basket; returns how many were undone now."""
    rows = UseRow.objects.filter(program_id=program_id, ref=ref, state=UseState.USED).order_by("id")
    return sum(
        undo(program_id=program_id, use_id=use_id, reason=reason, actor=actor).is_new
        for use_id in rows.values_list("id", flat=True)
    )


@transaction.atomic
def choose(
    *, program_id: int, member_id: UUID, benefit: str, picked: Sequence[str], actor: str, at: datetime | None = None
) -> Entitled:
    """Pick some of a choice's benefits for the period it is in; may be changed until something picked was used.

    Raises: UnknownBenefit; NotAChoice; NotYourBenefit; ChoiceUsed; Invalid for a pick of too many, or not to choose.
    """
    kept = agreements.kept_for(program_id=program_id, member_id=member_id)
    found = document.benefit(program_id=program_id, key=benefit, version=kept)
    if found.choose is None:
        raise NotAChoice
    faults = [
        (f"picked.{n}", f"{key!r} is not among those to choose from")
        for n, key in enumerate(picked)
        if key not in found.choose.of
    ]
    if len(set(picked)) != len(picked):
        faults.append(("picked", "names one twice"))
    if not 1 <= len(picked) <= found.choose.pick:
        faults.append(("picked", f"must name 1 to {found.choose.pick} benefits"))
    if faults:
        raise Invalid(errors=faults)
    instant = at or clock.now()
    postgres.ask(
        "select benefits_choose(%s::int, %s::uuid, %s::text, %s::text[], %s::timestamptz, %s::text)",
        (program_id, member_id, benefit, sorted(picked), instant, actor),
    )
    return reading.of(program_id=program_id, member_id=member_id, at=instant, benefit=benefit)[0]

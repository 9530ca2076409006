"""One uploaded order, settled. Read `settle`: all about an order happens in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from regulars.kernel import ids, outbox
from regulars.kernel.errors import Invalid
from regulars.people.members import services as members
from regulars.people.members.terms import MemberStatus, UnknownMember
from regulars.value.allowances.models import AllowanceRow, ConflictRow, DeviceRow, UploadRow
from regulars.value.allowances.rules import judging, reading
from regulars.value.allowances.services.document import version_at
from regulars.value.allowances.services.issuing import end
from regulars.value.allowances.services.locking import lock_account, locked
from regulars.value.allowances.services.rows import allowance_of, store_key
from regulars.value.allowances.terms import (
    CONFLICT_PREFIX,
    PREFIX,
    AllowanceState,
    Burn,
    ConflictFound,
    ConflictState,
    Judged,
    Outcome,
    Rule,
    Settled,
    Told,
)
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import HoldState, MemberClosed, MemberEarnOnly, MemberMerged, MemberSuspended, Source
from regulars.value.orders import services as orders
from regulars.value.orders.terms import OrderDiffers, Receipt, SpentHere
from regulars.value.promotions import services as promotions
from regulars.value.promotions.terms import NoSuchVersion

# settled by the rule alone; any other waits for a person when points are unpaid or a sale could not be recorded
_FOR_PEOPLE = {Rule.NOT_READABLE, Rule.UNKNOWN_MEMBER, Rule.SEQUENCE_REUSED}


@dataclass
class _Case:
    """What is known of one order while it is settled."""

    device: DeviceRow
    store: str
    told: Told
    at: datetime
    now: datetime
    actor: str
    member_id: UUID | None = None
    order: Receipt | None = None
    conflicts: list[ConflictRow] = field(default_factory=list)

    @property
    def program_id(self) -> int:
        return self.device.program_id

    @property
    def source(self) -> str:
        return f"till.{self.device.key}"

    @property
    def is_revoked(self) -> bool:
        return self.device.revoked_at is not None and self.at >= self.device.revoked_at

    def note(self, rule: Rule, **more: Any) -> None:
        """Something did not fit."""
        self.conflicts.append(
            ConflictRow(
                id=ids.new_id(),
                program_id=self.program_id,
                device=self.device,
                store_id=self.device.store_id,
                seq=self.told.seq,
                ref=self.told.ref,
                rule=rule,
                state=ConflictState.OPEN if rule in _FOR_PEOPLE or more.get("unpaid") else ConflictState.NOTED,
                member_id=more.pop("member_id", self.member_id),
                found_at=self.now,
                **more,
            )
        )


def warm(*, program_id: int) -> None:
    """Have the rules in force compiled before any transaction, in which they would not be remembered."""
    promotions.snapshot(program_id=program_id)


@transaction.atomic
def settle(*, device_id: UUID, told: Told, offset_ms: int, now: datetime, actor: str) -> Settled:
    """Record one order of a till and let its allowances pay. The sale always stands, whatever does not fit.

    Told again, it is the first answer, as `repeated`. Capture, order, conflicts and answer commit together.
    Raises: Busy, with nothing changed.
    """
    device = DeviceRow.objects.select_for_update().get(id=device_id)  # one after another: the first upload wins
    again = UploadRow.objects.filter(device=device, seq=told.seq, digest=told.digest).first()
    if again is not None:
        return _repeated(again)
    at = min(told.occurred_at + timedelta(milliseconds=offset_ms), now)  # nothing is sold after it was uploaded
    store = store_key(device.program_id, device.store_id)
    case = _Case(device=device, store=store, told=told, at=at, now=now, actor=actor)
    twin = UploadRow.objects.filter(program_id=device.program_id, key=told.key).order_by("id").first()
    if twin is not None and twin.device_id != device.id:
        case.note(Rule.TWO_TILLS, facts={"seq": twin.seq, "ref": twin.ref})
        return _kept(case, twin.order_id)
    if UploadRow.objects.filter(device=device, seq=told.seq).exists():
        case.note(Rule.SEQUENCE_REUSED, facts={"chain": told.chain})
    if offset_ms:
        case.note(Rule.CLOCK_SKEW, facts={"offset_ms": offset_ms, "told": told.occurred_at.isoformat()})
    case.member_id = _member(case)
    paid = _pay(case)
    _place(case)
    if case.order is not None and paid:
        orders.note_spent(program_id=case.program_id, order_id=case.order.order_id, spent=paid)
    return _kept(case, case.order.order_id if case.order else None)


def _repeated(row: UploadRow) -> Settled:
    return Settled(
        seq=row.seq,
        outcome=Outcome.REPEATED,
        order_id=row.order_id,
        earned=row.answer["earned"],
        conflicts=tuple(row.answer["conflicts"]),
    )


def _member(case: _Case) -> UUID | None:
    """Whose order it is: as told, else whose allowance pays; nobody's when the till was not trusted any more."""
    ref = case.told.body.get("member")
    if case.is_revoked:
        known = members.resolve_many(program_id=case.program_id, refs=[ref]).get(ref) if ref else None
        if not case.told.burns:  # else each of them says so
            case.note(Rule.DEVICE_REVOKED, member_id=known)
        return None
    found: UUID | None
    if ref is None:
        pays = AllowanceRow.objects.filter(
            program_id=case.program_id, id__in=[b.allowance_id for b in case.told.burns]
        )
        found = pays.order_by("id").values_list("member_id", flat=True).first()
        if found is None:
            return None
    else:
        try:
            found = members.resolve(program_id=case.program_id, ref=ref)
        except UnknownMember:
            case.note(Rule.UNKNOWN_MEMBER, facts={"member": ref})
            return None
    _say_what_she_became(case, found, ref)
    return found


def _say_what_she_became(case: _Case, member_id: UUID, ref: str | None) -> None:
    if ref is not None and ref.startswith("mem_") and ids.encode("mem", member_id) != ref:
        case.note(Rule.MEMBER_MERGED, member_id=member_id, facts={"told": ref})
    if members.fact(program_id=case.program_id, member_id=member_id).status is MemberStatus.CLOSED:
        case.note(Rule.MEMBER_CLOSED, member_id=member_id)


def _pay(case: _Case) -> list[SpentHere]:
    """Let allowances pay what the order says, each by its rule; what nothing pays is listed."""
    spent: list[SpentHere] = []
    if not case.told.burns:
        return spent
    if case.member_id is not None:
        case.member_id = _held(case, case.member_id)
    for n, burn in enumerate(case.told.burns):
        row = _allowance(case, burn)
        judged = _judged(case, burn, row)
        if row is not None and judged.from_hold:
            spent.append(_captured(case, burn, row, judged, n))
        taken = judged.from_hold
        if row is not None and judged.from_balance:
            from_balance = _spent(case, burn, row, judged, n)
            spent += from_balance
            taken += sum(s.amount for s in from_balance)
        if row is not None and taken:
            _count(row, taken, judged.from_hold, case.now)
        _list(case, burn, row, judged, taken)
    return spent


def _held(case: _Case, member_id: UUID) -> UUID:
    """Her account locked; whom she was merged into, if that happened just now."""
    for _ in range(4):
        try:
            lock_account(program_id=case.program_id, member_id=member_id)
            return member_id
        except MemberMerged:
            member_id = members.resolve(program_id=case.program_id, ref=ids.encode("mem", member_id))
    return member_id


def _allowance(case: _Case, burn: Burn) -> AllowanceRow | None:
    """The allowance, locked if it is hers; another member's is only looked at, since her account is not."""
    row = AllowanceRow.objects.filter(program_id=case.program_id, id=burn.allowance_id).first()
    if row is None or row.member_id != case.member_id:
        return row
    row = locked(program_id=case.program_id, allowance_id=burn.allowance_id)
    hold = ledger.hold_of(program_id=case.program_id, hold_id=row.hold_id)
    if row.state == AllowanceState.OPEN and hold.state is not HoldState.OPEN:
        end(row, AllowanceState.ENDED, case.actor)  # the ledger let it go before the night came
    return row


def _judged(case: _Case, burn: Burn, row: AllowanceRow | None) -> Judged:
    balance = 0
    if row is not None and row.member_id == case.member_id and row.left < burn.amount:
        balance = _balance(case, row)
    return judging.judge(
        burn=burn,
        allowance=allowance_of(row) if row is not None else None,
        seen=judging.Seen(
            device=case.device.key,
            store=case.store,
            member_id=case.member_id,
            at=case.at,
            is_revoked=case.is_revoked,
            balance=balance,
        ),
    )


def _balance(case: _Case, row: AllowanceRow) -> int:
    slot = ledger.unit(program_id=case.program_id, key=row.unit).slot
    seen = ledger.context(member_id=row.member_id)
    return _at(seen.active, slot) - _at(seen.overdue, slot)


def _at(column: Sequence[int], slot: int) -> int:
    return column[slot - 1] if slot <= len(column) else 0


def _journal(case: _Case, burn: Burn, n: int, how: str) -> dict[str, Any]:
    """What capture and spend of this order have in common."""
    digest = case.told.digest.hex()[:16]
    ref = f"{case.source}/{case.told.ref}"
    return {
        "program_id": case.program_id,
        "key": f"{ref}/{digest}/{n}/{how}",
        "actor": case.actor,
        "source": Source(type="order", ref=ref, line=ids.encode(PREFIX, burn.allowance_id)),
    }


def _captured(case: _Case, burn: Burn, row: AllowanceRow, judged: Judged, n: int) -> SpentHere:
    told = _journal(case, burn, n, "capture")
    moved = ledger.capture(
        hold_id=row.hold_id,
        amount=judged.from_hold,
        release_rest=False,
        occurred_at=min(case.at, case.now),
        **told,
    )
    return _paid(case, burn, row.unit, judged.from_hold, moved.seq, told["key"])


def _spent(case: _Case, burn: Burn, row: AllowanceRow, judged: Judged, n: int) -> list[SpentHere]:
    """The part that the balance pays; nothing when she may not spend (any more): then it is unpaid."""
    told = _journal(case, burn, n, "spend")
    try:
        moved = ledger.spend(member_id=row.member_id, unit=row.unit, amount=judged.from_balance, **told)
    except (MemberClosed, MemberSuspended, MemberEarnOnly):
        return []
    return [_paid(case, burn, row.unit, judged.from_balance, moved.seq, told["key"])]


def _paid(case: _Case, burn: Burn, unit: str, amount: int, seq: int | None, key: str) -> SpentHere:
    slot = ledger.unit(program_id=case.program_id, key=unit).slot
    return SpentHere(unit, slot, amount, burn.amount_minor * amount // burn.amount, seq or 0, key)


def _count(row: AllowanceRow, taken: int, from_hold: int, now: datetime) -> None:
    row.used += taken
    row.left -= from_hold
    if row.left == 0 and row.state == AllowanceState.OPEN:
        row.state, row.closed_at = AllowanceState.USED, now
    row.save(update_fields=["used", "left", "state", "closed_at"])


def _list(case: _Case, burn: Burn, row: AllowanceRow | None, judged: Judged, taken: int) -> None:
    """One conflict for each rule; the points stand with the last, which is the one that left them unpaid."""
    for i, rule in enumerate(judged.rules):
        last = i == len(judged.rules) - 1
        points = {"asked": burn.amount, "paid": taken, "unpaid": burn.amount - taken} if last else {}
        case.note(
            rule,
            allowance_id=burn.allowance_id,
            unit=row.unit if row is not None else None,
            member_id=row.member_id if row is not None else case.member_id,
            facts={"amount_minor": burn.amount_minor},
            **points,
        )


def _place(case: _Case) -> None:
    """The sale becomes an order, by the rules that were in force; one that cannot be read is kept as it was told."""
    version = version_at(program_id=case.program_id, at=case.at)
    if version is not None and case.told.rule_version not in (0, version):
        case.note(Rule.OLDER_RULES, facts={"told": case.told.rule_version, "in_force": version})
    try:
        with transaction.atomic():
            case.order = _placed(case, case.told.ref, version)
    except OrderDiffers:  # the same reference again, with other goods: both were sold
        ref = f"{case.told.ref}~{case.told.digest.hex()[:8]}"
        case.order = _placed(case, ref, version)
    except Invalid as no:
        faults = [[path, message] for path, message in no.errors] or [["", no.detail]]
        case.note(Rule.NOT_READABLE, facts={"errors": faults[:20]})


def _placed(case: _Case, ref: str, version: int | None) -> Receipt:
    member = ids.encode("mem", case.member_id) if case.member_id else None
    body = reading.order_body(case.told, source=case.source, ref=ref, store=case.store, member=member, at=case.at)
    told = orders.read_order(body)
    try:
        with transaction.atomic():
            return orders.place(program_id=case.program_id, told=told, actor=case.actor, rule_version=version)
    except NoSuchVersion:  # of before the rules had versions
        return orders.place(program_id=case.program_id, told=told, actor=case.actor)


def _kept(case: _Case, order_id: UUID | None) -> Settled:
    """Write the answer and what did not fit, in the order's own transaction."""
    for row in case.conflicts:
        row.order_id = order_id
    ConflictRow.objects.bulk_create(case.conflicts)
    for row in case.conflicts:
        if row.state == ConflictState.OPEN:
            found = ConflictFound(
                conflict_id=row.id, device=case.device.key, rule=row.rule, unit=row.unit, unpaid=row.unpaid
            )
            outbox.announce(found, program_id=case.program_id, member_id=row.member_id)
    conflicts = tuple(_told(row) for row in case.conflicts)
    earned = dict(case.order.earned) if case.order else {}
    UploadRow.objects.create(
        program_id=case.program_id,
        device=case.device,
        seq=case.told.seq,
        key=case.told.key,
        digest=case.told.digest,
        chain=case.told.chain,
        ref=case.told.ref,
        rule_version=case.told.rule_version,
        told_at=case.told.occurred_at,
        occurred_at=case.at,
        uploaded_at=case.now,
        order_id=order_id,
        answer={"earned": earned, "conflicts": conflicts},
        body=dict(case.told.body) if order_id is None else None,
    )
    outcome = Outcome.CONFLICT if conflicts else Outcome.ACCEPTED
    return Settled(seq=case.told.seq, outcome=outcome, order_id=order_id, earned=earned, conflicts=conflicts)


def _told(row: ConflictRow) -> Mapping[str, Any]:
    return {
        "id": ids.encode(CONFLICT_PREFIX, row.id),
        "seq": row.seq,
        "ref": row.ref,
        "rule": str(row.rule),
        "state": str(row.state),
        "allowance": ids.encode(PREFIX, row.allowance_id) if row.allowance_id else None,
        "unit": row.unit,
        "asked": row.asked,
        "paid": row.paid,
        "unpaid": row.unpaid,
    }

"""The program's books: statements by account, totals by day, closed days, signed heads, and the proofs."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Literal

from django.db import transaction

from regulars.kernel import clock, secrets
from regulars.kernel.errors import NotFound
from regulars.value.ledger.models import DailyRow, HeadRow
from regulars.value.ledger.services.calls import call, rows
from regulars.value.ledger.services.units import unit as unit_of
from regulars.value.ledger.services.units import units
from regulars.value.ledger.terms import Account, DayTotal, Discrepancy, Line

EMPTY = b"\x00" * 64


def statements(*, program_id: int, zone: str, first: date, last: date) -> list[Line]:
    """What moved between which accounts, by unit and party, over local days `first` to `last`, both inside.

    Closed days come from their roll-up, the others from the postings. Sorted by unit, debit, credit, party.
    """
    keys = {u.slot: u.key for u in units(program_id=program_id)}
    sums: dict[tuple[int, str, str, str | None], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for _, unit, debit, credit, party, amount, count in _movements(program_id, zone, first, last, None):
        had = sums[unit, debit, credit, party]
        sums[unit, debit, credit, party] = (had[0] + amount, had[1] + count)
    return [
        Line(unit=keys.get(u, str(u)), debit=Account(d), credit=Account(c), party=p, amount=a, postings=n)
        for (u, d, c, p), (a, n) in sorted(sums.items(), key=lambda x: (*x[0][:3], x[0][3] or ""))
    ]


def totals_by_day(
    *,
    program_id: int,
    zone: str,
    unit: str,
    first: date,
    last: date,
    by: Literal["recorded", "occurred"] = "recorded",
) -> list[DayTotal]:
    """Issued, spent, expired and clawed back on each local day, days without movement too (for charts).

    Args: by: "recorded" is the day on which the books took it, as statements do, and quick over closed days;
    "occurred" is the day when it happened, which shows an imported year as a year, and reads the journal of the unit.
    """
    slot = unit_of(program_id=program_id, key=unit).slot
    days: dict[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    read = (
        _movements(program_id, zone, first, last, slot)
        if by == "recorded"
        else _happened(program_id, zone, first, last, slot)
    )
    for day, _, debit, credit, _, amount, _ in read:
        given, given_back = debit in ("issued", "funder"), credit in ("issued", "funder")
        days[day]["issued"] += amount if given else 0
        days[day]["clawed"] += amount if given_back else 0
        days[day]["spent"] += (
            amount if credit in ("spent", "payable") else -amount if debit in ("spent", "payable") else 0
        )
        days[day]["expired"] += amount if credit == "expired" else -amount if debit == "expired" else 0
    names = ("issued", "spent", "expired", "clawed")
    every = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [DayTotal(day=day, **{name: days[day][name] for name in names}) for day in every]


def _movements(
    program_id: int, zone: str, first: date, last: date, slot: int | None
) -> list[tuple[date, int, str, str, str | None, int, int]]:
    closed = DailyRow.objects.filter(program_id=program_id).order_by("-day").values_list("day", flat=True).first()
    live_from = max(first, closed + timedelta(days=1)) if closed else first
    found = rows(
        "select day, unit, debit, credit, party, amount, postings from ledger_daily"
        " where program_id = %s and day >= %s and day <= %s and day < %s and (%s::int is null or unit = %s)"
        " union all select (recorded_at at time zone %s)::date, unit, debit, credit,"
        " case when 'transit' in (debit, credit) then null else party end, sum(amount)::bigint, count(*)"
        " from ledger_posting where program_id = %s and recorded_at >= %s and recorded_at < %s"
        " and (%s::int is null or unit = %s) group by 1, 2, 3, 4, 5",
        program_id,
        first,
        last,
        live_from,
        slot,
        slot,
        zone,
        program_id,
        clock.day_starts(live_from, zone),
        clock.day_ends(last, zone),
        slot,
        slot,
    )
    return [(day, unit, debit, credit, party, int(a), int(n)) for day, unit, debit, credit, party, a, n in found]


def _happened(
    program_id: int, zone: str, first: date, last: date, slot: int
) -> list[tuple[date, int, str, str, str | None, int, int]]:
    found = rows(
        "select (j.occurred_at at time zone %s)::date, p.unit, p.debit, p.credit, null, sum(p.amount)::bigint,"
        " count(*) from ledger_journal j join ledger_posting p on p.member_id = j.member_id and p.seq = j.seq"
        " where j.program_id = %s and j.occurred_at >= %s and j.occurred_at < %s and p.unit = %s group by 1, 2, 3, 4",
        zone,
        program_id,
        clock.day_starts(first, zone),
        clock.day_ends(last, zone),
        slot,
    )
    return [(day, unit, debit, credit, party, int(a), int(n)) for day, unit, debit, credit, party, a, n in found]


@transaction.atomic
def close_days(*, program_id: int, zone: str, through: date, again_from: date | None = None) -> int:
    """Roll up closed local days to `through`, from the first one that is not yet (or again from `again_from`).

    An import that recorded into closed days says so with `again_from`. Answers how many lines were written.
    """
    latest = DailyRow.objects.filter(program_id=program_id).order_by("-day").values_list("day", flat=True).first()
    first = again_from
    if first is None and latest is not None:
        first = latest + timedelta(days=1)
    if first is None:
        ((oldest,),) = rows("select min(recorded_at) from ledger_journal where program_id = %s", program_id)
        first = clock.local_day(oldest, zone) if oldest else through
    (count,) = call(
        "select ledger_close_days(%s::int, %s::date, %s::date)", program_id, first, through + timedelta(days=1)
    )
    return int(count)


@transaction.atomic
def sign_heads(*, program_id: int, day: date) -> bytes:
    """Sign one digest over all hash heads of a program for a day, chained to the night before (Ed25519, 64 bytes).

    Keep copies elsewhere: whoever owns the database could forge it, but not what was copied out before.
    """
    done = HeadRow.objects.filter(program_id=program_id, day=day).first()
    if done is not None:
        return bytes(done.signature)
    members, journals, digest = _heads(program_id)
    before = HeadRow.objects.filter(program_id=program_id, day__lt=day).order_by("-day").first()
    told = _told(program_id, day, members, journals, digest, bytes(before.signature) if before else EMPTY)
    signature = secrets.sign(program_id, told)
    HeadRow.objects.create(
        program_id=program_id,
        day=day,
        members=members,
        journals=journals,
        digest=digest,
        signature=signature,
        made_at=clock.now(),
    )
    return signature


def _heads(program_id: int) -> tuple[int, int, bytes]:
    ((members, journals, digest),) = rows(
        "select count(*), coalesce(sum(seq), 0),"
        " sha256(coalesce(string_agg(uuid_send(member_id) || int8send(seq) || head, ''::bytea order by member_id),"
        " ''::bytea)) from ledger_account where program_id = %s",
        program_id,
    )
    return int(members), int(journals), bytes(digest)


def _told(program_id: int, day: date, members: int, journals: int, digest: bytes, before: bytes) -> bytes:
    """What is signed for a night: `program/day/members/journals/`, the digest, the signature of the night before."""
    return f"{program_id}/{day.isoformat()}/{members}/{journals}/".encode() + digest + before


def heads_verify(*, program_id: int) -> list[Discrepancy]:
    """Nights whose signature does not stand for what is written beside it after the night before."""
    found, before = [], EMPTY
    for row in HeadRow.objects.filter(program_id=program_id).order_by("day"):
        told = _told(program_id, row.day, row.members, row.journals, bytes(row.digest), before)
        if not secrets.verify(secrets.verify_key(program_id), told, bytes(row.signature)):
            found.append(
                Discrepancy(
                    promise="L9",
                    what=f"the signature of {row.day} is not ours",
                    program_id=program_id,
                    member_id=None,
                    seq=None,
                    expected="signed by this program",
                    found=bytes(row.signature).hex(),
                )
            )
        before = bytes(row.signature)
    return found


def head_of(*, program_id: int, day: date) -> HeadRow:
    """One night's signed digest. Raises: NotFound."""
    row = HeadRow.objects.filter(program_id=program_id, day=day).first()
    if row is None:
        raise NotFound("No heads were signed that night.")
    return row

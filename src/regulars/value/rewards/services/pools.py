"""Pools of codes that others made: imported sealed, given oldest first, shown to who redeemed them; and stocks."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count

from regulars.kernel import clock, ids, postgres, secrets
from regulars.kernel.errors import Invalid
from regulars.value.rewards.models import CodeRow, PoolRow, RedemptionRow, StockingRow
from regulars.value.rewards.services import base, document
from regulars.value.rewards.terms import (
    PREFIX,
    CodeState,
    Imported,
    Kind,
    NoCodes,
    RedemptionKeyReused,
    State,
    UnknownRedemption,
    Withdrawn,
)

MOST_LINES = 100_000
LONGEST = 500
LONGEST_REASON = 200
_PURPOSE = "reward code"
_HEADERS = {"code", "codes", "voucher", "pin", "key"}


@transaction.atomic
def import_codes(*, program_id: int, reward: str, codes: Sequence[str], key: str, actor: str) -> Imported:
    """Store codes that others made for a reward, once by `key`; who waits is offered them.

    A code that is too long, was said before, or is there already, is rejected with its line and the reason.

    Args: codes: one a line (`read_codes` reads files); blank ones are passed over.
    Raises: UnknownReward; Invalid; RedemptionKeyReused when the key brought another file.
    """
    if document.reward(program_id=program_id, key=reward).kind is not Kind.DIGITAL_CODE:
        raise Invalid(errors=[("reward", "has no codes: its kind is another")])
    told_all = "\n".join([reward, *codes])
    digest = hashlib.sha256(told_all.encode("utf-8", "surrogatepass")).digest()[:16]
    postgres.ask("select pg_advisory_xact_lock(hashtextextended(%s::text, 0))", (f"rewards pool {program_id} {key}",))
    told = PoolRow.objects.filter(program_id=program_id, key=key).first()
    if told is not None:
        if bytes(told.digest) != digest:
            raise RedemptionKeyReused
        return _imported(told)
    lines = [(n, code.strip()) for n, code in enumerate(codes, start=1) if code.strip()]
    if not 1 <= len(lines) <= MOST_LINES:
        raise Invalid(errors=[("codes", f"must be 1 to {MOST_LINES} lines")])
    good, rejects = _sorted(lines)
    pool = PoolRow(
        id=ids.new_id(),
        program_id=program_id,
        reward=reward,
        key=key,
        digest=digest,
        data_key=secrets.new_data_key(program_id),
        lines=len(lines),
        actor=actor,
        at=clock.now(),
    )
    stored = _store(pool, good)
    rejects += [(n, "is a code already") for n, code in good if code not in stored]
    pool.stored, pool.rejects = len(stored), sorted(rejects)
    pool.save(force_insert=True)
    if stored:
        _restock(program_id, reward, "", len(stored), actor, f"codes {ids.encode('rcp', pool.id)}")
    return _imported(pool)


def read_codes(text: str) -> list[str]:
    """The first column of a text or CSV file, a line each; a first line that is called `code` is emptied.

    Raises: Invalid when it cannot be read.
    """
    try:
        cells = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    except csv.Error as no:
        raise Invalid(errors=[("codes", f"cannot be read: {no}")]) from no
    lines = [row[0].strip() if row else "" for row in cells]
    if lines and lines[0].lower() in _HEADERS:
        lines[0] = ""
    return lines


def _sorted(lines: Sequence[tuple[int, str]]) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """What can be stored, and what is rejected."""
    good: list[tuple[int, str]] = []
    rejects: list[tuple[int, str]] = []
    seen: set[str] = set()
    for n, code in lines:
        if len(code) > LONGEST:
            rejects.append((n, f"is longer than {LONGEST} characters"))
        elif not code.isprintable():
            rejects.append((n, "has invisible signs"))
        elif code in seen:
            rejects.append((n, "stands in the file twice"))
        else:
            good.append((n, code))
            seen.add(code)
    return good, rejects


def _store(pool: PoolRow, good: Sequence[tuple[int, str]]) -> set[str]:
    """Seal and store; returns the codes that are new."""
    kind = f"reward code {pool.reward}"
    blinds = secrets.blind_many(pool.program_id, kind, [code for _, code in good])
    box = secrets.box(pool.program_id, bytes(pool.data_key))
    rows = postgres.ask(
        "insert into rewards_code (program_id, reward, pool_id, blind, sealed, state)"
        " select %s::int, %s::text, %s::uuid, x.b, x.s, 'free' from unnest(%s::bytea[], %s::bytea[])"
        " with ordinality as x (b, s, n) order by x.n"
        " on conflict (program_id, reward, blind) do nothing returning blind",
        (
            pool.program_id,
            pool.reward,
            pool.id,
            blinds,
            [box.seal(code, _PURPOSE) for _, code in good],
        ),
    )
    new = {bytes(b) for (b,) in rows}
    return {code for (_, code), b in zip(good, blinds, strict=True) if b in new}


def _imported(row: PoolRow) -> Imported:
    rejects = tuple([(int(n), str(why)) for n, why in row.rejects])
    return Imported(pool_id=row.id, lines=row.lines, stored=row.stored, rejects=rejects)


def pools(*, program_id: int, reward: str, limit: int = 50) -> tuple[Imported, ...]:
    """The imports of a reward, latest first."""
    rows = PoolRow.objects.filter(program_id=program_id, reward=reward).order_by("-pk")[:limit]
    free = CodeRow.objects.filter(program_id=program_id, reward=reward, state=CodeState.FREE)
    left = dict(free.values_list("pool_id").annotate(n=Count("id")))
    return tuple([replace(_imported(row), free=left.get(row.id, 0)) for row in rows])


@transaction.atomic
def withdraw_codes(*, program_id: int, reward: str, pool_id: UUID, actor: str, reason: str) -> Withdrawn:
    """Withdraw the codes of one import that nobody has: they are worth nothing here, and are never taken in again.

    A code that is needed for a piece that somebody was promised stays; what is shown or given is hers.
    Raises: UnknownReward; Invalid without a reason; NoCodes when there is no such import.
    """
    document.reward(program_id=program_id, key=reward)
    if not 1 <= len(reason.strip()) <= LONGEST_REASON:
        raise Invalid(errors=[("reason", f"has 1 to {LONGEST_REASON} characters")])
    if not PoolRow.objects.filter(program_id=program_id, reward=reward, pk=pool_id).exists():
        raise NoCodes("There is no such import of codes.")
    gone, kept = postgres.ask(
        "select * from rewards_withdraw_codes(%s::int, %s::text, %s::uuid, %s::text, %s::text, %s::timestamptz)",
        (program_id, reward, pool_id, actor, reason.strip(), clock.now()),
    )[0]
    return Withdrawn(pool_id=pool_id, withdrawn=int(gone), kept=int(kept))


@transaction.atomic
def show_codes(*, program_id: int, redemption_id: UUID, actor: str) -> tuple[str, ...]:
    """The codes of a redemption, in clear. Once shown they cannot be taken back; the first look stands in its story.

    Raises: UnknownRedemption; NoCodes.
    """
    row = RedemptionRow.objects.select_for_update().filter(program_id=program_id, pk=redemption_id).first()
    if row is None:
        raise UnknownRedemption(f"There is no redemption {ids.encode(PREFIX, redemption_id)}.")
    found = list(CodeRow.objects.filter(redemption_id=redemption_id, state=CodeState.GIVEN).order_by("pk"))
    if not found or row.state not in (State.FULFILLED, State.FAILED):
        raise NoCodes
    fresh = [c.pk for c in found if c.shown_at is None]
    if fresh:
        CodeRow.objects.filter(pk__in=fresh).update(shown_at=clock.now())
        base.tell(row, "shown", actor=actor, codes=len(fresh))
    keys = dict(PoolRow.objects.filter(pk__in={c.pool_id for c in found}).values_list("pk", "data_key"))
    return tuple(secrets.open_many(program_id, [(bytes(keys[c.pool_id]), bytes(c.sealed), _PURPOSE) for c in found]))


@transaction.atomic
def restock(*, program_id: int, reward: str, count: int, actor: str, reason: str, session: str = "") -> None:
    """Add pieces or seats, or (below zero) take some away that nobody has; who waits is offered the new ones.

    The document's own number stays as it is: this comes on top of it.
    Raises: UnknownReward, also for one that never ends; StockTaken; Invalid.
    """
    found = document.reward(program_id=program_id, key=reward)
    faults = []
    if count == 0 or abs(count) > 10**9:
        faults.append(("count", "must be a number of pieces, above or below zero"))
    if not 1 <= len(reason.strip()) <= LONGEST_REASON:
        faults.append(("reason", f"has 1 to {LONGEST_REASON} characters"))
    if found.kind is Kind.DIGITAL_CODE:
        faults.append(("reward", "is stocked by importing codes"))
    if faults:
        raise Invalid(errors=faults)
    _restock(program_id, reward, session, count, actor, reason.strip())


def _restock(program_id: int, reward: str, session: str, count: int, actor: str, reason: str) -> None:
    postgres.ask(
        "select rewards_restock(%s::int, %s::text, %s::text, %s::bigint, %s::text, %s::text, %s::timestamptz)",
        (program_id, reward, session, count, actor, reason, clock.now()),
    )


def stockings(*, program_id: int, reward: str, limit: int = 50) -> list[dict[str, Any]]:
    """What was added and taken away by hand, latest first."""
    rows = StockingRow.objects.filter(program_id=program_id, reward=reward).order_by("-pk")[:limit]
    return [dict(r) for r in rows.values("session", "count", "actor", "reason", "at")]

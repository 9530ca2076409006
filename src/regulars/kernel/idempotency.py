"""The first answer to a mutating call, kept and replayed for the same key.

Two requests with one key never run at once: an advisory lock of the transaction stands for the key, and it is tried,
never waited for. (A row inserted first would make the second request wait for the first one's commit.) The answer is
stored when it is known, in the transaction of the change, so that the change and its answer commit together. Stored
functions that write `kernel_idempotency` themselves do so under the lock that `claim` took.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import connection, transaction

from regulars.kernel import clock
from regulars.kernel.errors import Invalid, Refusal, sure
from regulars.kernel.nights import Work

LONGEST_KEY = 255
KEPT_DAYS = 30
BATCH = 1_000


class IdempotencyMismatch(Refusal):
    """This idempotency key was used for another request; send a new key with a new request."""

    status = 422


class InProgress(Refusal):
    """A request with this idempotency key is being worked on right now; ask again in a moment."""

    status = 409
    retry_after_seconds: ClassVar[int] = 1


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An answer: the HTTP status and the body's bytes; `replayed` when it was given before."""

    status: int
    body: bytes
    replayed: bool = True


def hash_of(method: str, path: str, body: bytes) -> bytes:
    """What makes two requests the same: SHA-256 over method, path (with its query) and the body's bytes."""
    digest = hashlib.sha256(f"{method.upper()} {path}\n".encode())
    digest.update(body)
    return digest.digest()


def claim(program_id: int, key: str, request_hash: bytes) -> Stored | None:
    """Reserve a key until the surrounding transaction ends, or answer what was answered before.

    Call it first in the transaction of the request, outside of any savepoint that may be rolled back.
    Args: request_hash: see `hash_of`.
    Raises: Invalid for an impossible key; InProgress when another transaction holds the key now (at once: nothing is
    waited for); IdempotencyMismatch when the key came before with another request.
    """
    _check(key)
    sure(connection.in_atomic_block, "a key is claimed inside the transaction of its request")
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s)", [_lock_number(program_id, key)])
        (free,) = cursor.fetchone()
        if not free:
            raise InProgress
        # A second statement, hence a newer snapshot: it sees what the last holder of the lock has committed.
        cursor.execute(
            "select request_hash, status, body from kernel_idempotency where program_id = %s and key = %s",
            [program_id, key],
        )
        row = cursor.fetchone()
    return _stored(row, request_hash)


begin = claim


def answered(program_id: int, key: str, request_hash: bytes) -> Stored | None:
    """What was answered under a key before; nothing is reserved.

    For calls whose stored function writes the key itself, so that of two at once one finds the other's row.
    Raises: Invalid for an impossible key; IdempotencyMismatch when the key came before with another request.
    """
    _check(key)
    with connection.cursor() as cursor:
        cursor.execute(
            "select request_hash, status, body from kernel_idempotency where program_id = %s and key = %s",
            [program_id, key],
        )
        return _stored(cursor.fetchone(), request_hash)


def _stored(row: tuple[Any, ...] | None, request_hash: bytes) -> Stored | None:
    if row is None:
        return None
    if bytes(row[0]) != request_hash:
        raise IdempotencyMismatch
    return Stored(status=row[1], body=bytes(row[2]))


def keep(program_id: int, key: str, request_hash: bytes, status: int, body: bytes) -> None:
    """Store the answer under a key that this transaction has claimed; an answer that is there already stays.

    Args: status: of an answer that may be replayed (`may_keep`). body: ids and numbers, or ciphertext: never a name,
    a phone number or an e-mail address.
    """
    _check(key)
    sure(may_keep(status), f"an answer of status {status} is not kept: the same call may go well later")
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into kernel_idempotency (program_id, key, request_hash, status, body, created_at) "
            "values (%s, %s, %s, %s, %s, %s) on conflict (program_id, key) do nothing",
            [program_id, key, request_hash, status, body, clock.now()],
        )


def may_keep(status: int, code: str = "") -> bool:
    """Whether an answer holds for the next call too: successes and refusals do; "later" (409 busy or in progress,
    401, 403, 425, 429) and errors of ours do not."""
    if status in (401, 403, 408, 425, 429) or (status == 409 and code in ("busy", "in_progress")):
        return False
    return 200 <= status < 500


def once(
    *, program_id: int, key: str, request_hash: bytes, do: Callable[[], Stored], refused: Callable[[Refusal], Stored]
) -> Stored:
    """Do a mutating call once: claim, do, keep, in one transaction; or give the answer of the first time.

    A refusal undoes what `do` wrote (a savepoint), and its answer is kept unless it means "later".
    Args: do: does the work and answers. refused: the answer that a refusal becomes.
    Raises: InProgress, IdempotencyMismatch, Invalid; what `do` raises beside refusals; refusals that mean "later".
    """
    with transaction.atomic():
        found = claim(program_id, key, request_hash)
        if found is not None:
            return found
        try:
            with transaction.atomic():
                answer = do()
        except Refusal as refusal:
            answer = refused(refusal)
            if not may_keep(answer.status, refusal.code):
                raise
        if may_keep(answer.status):
            keep(program_id, key, request_hash, answer.status, answer.body)
        return Stored(status=answer.status, body=answer.body, replayed=False)


def forget_old(*, days: int = KEPT_DAYS, batch: int = BATCH) -> int:
    """Delete answers older than `days`, in batches that commit by themselves; returns how many went.

    Call it outside a transaction, or the batches become one. Two processes at once take different rows.
    """
    before = clock.now() - timedelta(days=days)
    gone = 0
    while True:
        went = _forget_batch(before, batch)
        gone += went
        if went < batch:
            return gone


def forget_at_night(work: Work) -> str | None:
    """A step of the night: one batch of answers that were 30 days old at its midnight."""
    gone = _forget_batch(work.at - timedelta(days=KEPT_DAYS), BATCH)
    return str(int(work.cursor or 0) + gone) if gone else None


def _forget_batch(before: datetime, batch: int) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "delete from kernel_idempotency where (program_id, key) in (select program_id, key "
            "from kernel_idempotency where created_at < %s limit %s for update skip locked)",
            [before, batch],
        )
        return int(cursor.rowcount)


def _check(key: str) -> None:
    if not key or len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        message = f"must have 1 to {LONGEST_KEY} printable ASCII characters; a UUID is a good key"
        raise Invalid(errors=[("Idempotency-Key", message)])


def _lock_number(program_id: int, key: str) -> int:
    digest = hashlib.blake2b(f"idempotency {program_id} {key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)

"""The keys of programs: made once, stored wrapped by the master key, held unwrapped in a small cache."""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import connection

from regulars.kernel.errors import Broken

KEY_BYTES = 32
NONCE_BYTES = 12
CACHED = 512  # unwrapped program keys in one process
DATA, BLIND, SIGN = "data", "blind", "sign"

# `now()` is the start of the transaction: it tells whether this very transaction has made the row.
_LIVE = """
    select version, wrapped, master_print, public, created_at = now() from kernel_program_key
    where program_id = %s and kind = %s and retired_at is null
"""
_VERSION = """
    select version, wrapped, master_print, public, created_at = now() from kernel_program_key
    where program_id = %s and kind = %s and version = %s
"""
_INSERT = """
    insert into kernel_program_key (program_id, kind, version, wrapped, master_print, public, created_at)
    values (%s, %s, %s, %s, %s, %s, now()) on conflict do nothing
"""


class CannotOpen(Broken):
    """A sealed value or key does not open: it was changed, or belongs to another member, purpose or program."""


class WrongMasterKey(Broken):
    """The keys in the database were wrapped by another master key than the one in the settings."""


@dataclass(frozen=True)
class ProgramKey:
    """One unwrapped key of one program. Its text form shows nothing of it."""

    program_id: int
    kind: str
    version: int
    raw: bytes = field(repr=False)
    public: bytes | None = None
    cipher: AESGCM = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cipher", AESGCM(self.raw))

    def derived(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose (HKDF-SHA256, RFC 5869)."""
        return derive(self.raw, f"regulars {self.kind} {purpose}")


_cache: OrderedDict[tuple[int, str, int | None], ProgramKey] = OrderedDict()  # version None: the only one there is
_lock = Lock()


def forget_cached() -> None:
    """Empty this process's cache of unwrapped keys, e.g. after a database was restored under it."""
    with _lock:
        _cache.clear()


def make_keys(*, program_id: int) -> None:
    """Give a new program its keys. Keys that exist stay; without this call they are made at first use."""
    for kind in (DATA, BLIND, SIGN):
        live(program_id, kind)


def live(program_id: int, kind: str) -> ProgramKey:
    """The key in use now, read from the database so that a rotation counts at once; made if there is none."""
    row = _row(_LIVE, program_id, kind)
    if row is None:
        insert(program_id, kind, 1)
        row = _row(_LIVE, program_id, kind)
        if row is None:
            raise Broken(f"program {program_id} has no live {kind} key, although one was just made")
    return _kept(program_id, kind, row[0], row)


def lasting(program_id: int, kind: str) -> ProgramKey:
    """The one key of a kind that is never rotated, from the cache if it is there."""
    found = _cached((program_id, kind, None))
    if found is None:
        found = live(program_id, kind)
        if _cached((program_id, kind, found.version)) is found:
            _keep((program_id, kind, None), found)
    return found


def of_version(program_id: int, kind: str, version: int, *, fresh: bool = False) -> ProgramKey:
    """A key by its version, retired or not. `fresh` asks the database although the cache has an answer.

    Raises: CannotOpen when there is no such version.
    """
    found = None if fresh else _cached((program_id, kind, version))
    if found is not None:
        return found
    row = _row(_VERSION, program_id, kind, version)
    if row is None:
        raise CannotOpen(f"program {program_id} has no {kind} key of version {version}")
    return _kept(program_id, kind, version, row)


def insert(program_id: int, kind: str, version: int) -> None:
    """Store a new random key. If another transaction stored this version first, its key stands."""
    raw, public = os.urandom(KEY_BYTES), None
    if kind == SIGN:
        public = Ed25519PrivateKey.from_private_bytes(raw).public_key().public_bytes_raw()
    master = master_key()
    wrapped = wrap(master, raw, _about(program_id, kind, version))
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [program_id, kind, version, wrapped, print_of(master), public])


def unwrapped(program_id: int, kind: str, version: int, wrapped: bytes, master: bytes) -> bytes:
    """The key inside a row. Raises: CannotOpen when the row was tampered with."""
    return unwrap(AESGCM(master), wrapped, _about(program_id, kind, version), f"{kind} key of program {program_id}")


def rewrapped(program_id: int, kind: str, version: int, raw: bytes, master: bytes) -> bytes:
    """The same key under another master key."""
    return wrap(master, raw, _about(program_id, kind, version))


def wrap(key: bytes, plain: bytes, about: bytes) -> bytes:
    """AES-256-GCM with a random nonce in front; `about` must be said again to open it."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, about)


def unwrap(cipher: AESGCM, sealed: bytes, about: bytes, what: str) -> bytes:
    """Undo `wrap`. Raises: CannotOpen, naming `what` and nothing of the content."""
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about)
    except (InvalidTag, ValueError):
        raise CannotOpen(f"the {what} does not open") from None


def derive(key: bytes, info: str) -> bytes:
    """HKDF-SHA256 without salt (RFC 5869): the key is random already."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info.encode()).derive(key)


def print_of(master: bytes) -> bytes:
    """Eight bytes that tell master keys apart and say nothing about them."""
    return derive(master, "regulars master print")[:8]


def master_key() -> bytes:
    """The master key of the settings. Never log it."""
    return bytes(settings.MASTER_KEY)


def _about(program_id: int, kind: str, version: int) -> bytes:
    return f"regulars program key {program_id} {kind} {version}".encode()


def _row(sql: str, *params: Any) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


def _kept(program_id: int, kind: str, version: int, row: tuple[Any, ...]) -> ProgramKey:
    """Unwrap a row and cache it, unless this transaction made it: a rollback would leave a key nobody has."""
    _, wrapped, master_print, public, made_here = row
    master = master_key()
    if bytes(master_print) != print_of(master):
        raise WrongMasterKey(
            f"the {kind} key of program {program_id} is wrapped by the master key {bytes(master_print).hex()}, "
            f"and the settings hold {print_of(master).hex()}: set REGULARS_MASTER_KEY to the one used before"
        )
    raw = unwrapped(program_id, kind, version, bytes(wrapped), master)
    known = _cached((program_id, kind, version))
    if known is not None and known.raw == raw:
        return known
    key = ProgramKey(program_id, kind, version, raw, bytes(public) if public is not None else None)
    if not made_here:
        _keep((program_id, kind, version), key)
    return key


def _cached(name: tuple[int, str, int | None]) -> ProgramKey | None:
    with _lock:
        found = _cache.get(name)
        if found is not None:
            _cache.move_to_end(name)
        return found


def _keep(name: tuple[int, str, int | None], key: ProgramKey) -> None:
    with _lock:
        _cache[name] = key
        _cache.move_to_end(name)
        while len(_cache) > CACHED:
            _cache.popitem(last=False)

"""Sealing and opening fields, blind hashes for exact look-ups, and signatures."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from regulars.kernel.secrets import keys
from regulars.kernel.secrets.keys import CannotOpen, ProgramKey

BLIND_BYTES = 16
_FORMAT = 1  # first byte of everything stored, so that a later scheme can be told apart
_HEAD = 5  # of a wrapped data key: format, version in 4 bytes


class Box:
    """Seals and opens the fields of one member. Keep it no longer than the call that needs it."""

    __slots__ = ("_cipher", "_program_id")

    def __init__(self, program_id: int, raw: bytes) -> None:
        self._program_id = program_id
        self._cipher = AESGCM(raw)

    def seal(self, plain: str, purpose: str) -> bytes:
        """The text, sealed for one purpose (`phone`, `email` …); it opens for no other."""
        nonce = os.urandom(keys.NONCE_BYTES)
        body = plain.encode("utf-8", "surrogatepass")  # never fails: an encoding error would quote the text
        return b"\x01" + nonce + self._cipher.encrypt(nonce, body, self._about(purpose))

    def open(self, sealed: bytes, purpose: str) -> str:
        """Undo `seal`. Raises: CannotOpen."""
        sealed = bytes(sealed)
        try:
            if sealed[:1] == b"\x01":
                body = self._cipher.decrypt(sealed[1:13], sealed[13:], self._about(purpose))
                return body.decode("utf-8", "surrogatepass")
        except (InvalidTag, ValueError):
            pass
        raise CannotOpen(f"a sealed {purpose} of program {self._program_id} does not open")

    def _about(self, purpose: str) -> bytes:
        return b"%d %s" % (self._program_id, purpose.encode())


def new_data_key(program_id: int) -> bytes:
    """A new data key for one member, wrapped (65 bytes); store it beside her row, destroy it to erase her."""
    return new_data_keys(program_id, 1)[0]


def new_data_keys(program_id: int, count: int) -> list[bytes]:
    """Many data keys with one look at the database."""
    program_key = keys.live(program_id, keys.DATA)
    return [wrapped_by(program_key, os.urandom(keys.KEY_BYTES)) for _ in range(count)]


def box(program_id: int, member_key: bytes) -> Box:
    """The box of one member, for several fields at once.

    Args: member_key: as `new_data_key` gave it. Raises: CannotOpen.
    """
    return Box(program_id, data_key(program_id, member_key))


def seal(program_id: int, member_key: bytes, plain: str, purpose: str) -> bytes:
    """Seal one field of one member: AES-256-GCM under her key, bound to program and purpose; 29 bytes longer.

    Raises: CannotOpen when the member key is not one of this program.
    """
    return box(program_id, member_key).seal(plain, purpose)


def open(program_id: int, member_key: bytes, sealed: bytes, purpose: str) -> str:
    """Open one field. Raises: CannotOpen, which says nothing of the content."""
    return box(program_id, member_key).open(sealed, purpose)


def open_many(program_id: int, fields: Iterable[tuple[bytes, bytes, str]]) -> list[str]:
    """Open fields of many members: `(member_key, sealed, purpose)`; neighbours of one member share her box."""
    found: list[str] = []
    last: bytes | None = None
    opened: Box | None = None
    for member_key, sealed, purpose in fields:
        if opened is None or member_key != last:
            opened, last = box(program_id, member_key), member_key
        found.append(opened.open(sealed, purpose))
    return found


def blind(program_id: int, kind: str, value: str) -> bytes:
    """A keyed hash of 16 bytes that finds an exact value without storing it.

    HMAC-SHA256 cut to 128 bits, under a key that HKDF derives from the program's blind key for this kind; it
    survives every rotation. Args: kind: `phone`, `email`, `name` …. value: already normalised.
    """
    key = _blind_key(keys.lasting(program_id, keys.BLIND), kind)
    return hmac.digest(key, value.encode("utf-8", "surrogatepass"), "sha256")[:BLIND_BYTES]


def blind_many(program_id: int, kind: str, values: Iterable[str]) -> list[bytes]:
    """As `blind`, for many values of one kind."""
    key = _blind_key(keys.lasting(program_id, keys.BLIND), kind)
    return [hmac.digest(key, v.encode("utf-8", "surrogatepass"), "sha256")[:BLIND_BYTES] for v in values]


def sign(program_id: int, message: bytes) -> bytes:
    """The program's Ed25519 signature (64 bytes) of a ledger head or a statement."""
    return Ed25519PrivateKey.from_private_bytes(keys.lasting(program_id, keys.SIGN).raw).sign(message)


def verify_key(program_id: int) -> bytes:
    """The public key (32 bytes, raw) that anyone may check the program's signatures with."""
    public = keys.lasting(program_id, keys.SIGN).public
    if public is None:
        raise CannotOpen(f"program {program_id} has a signing key without its public half")
    return public


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` was made over `message` by the holder of `public_key`."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def version_of(member_key: bytes) -> int:
    """The version of the program key that wraps a member's key. Raises: CannotOpen when it is no wrapped key."""
    if len(member_key) != _HEAD + keys.NONCE_BYTES + keys.KEY_BYTES + 16 or member_key[0] != _FORMAT:
        raise CannotOpen("a member key is missing or has an unknown form")
    return int.from_bytes(member_key[1:_HEAD], "big")


def data_key(program_id: int, member_key: bytes) -> bytes:
    """The data key itself. A cached program key that does not fit is read again once."""
    member_key = bytes(member_key)
    version = version_of(member_key)
    program_key = keys.of_version(program_id, keys.DATA, version)
    try:
        return _unwrapped_by(program_key, member_key)
    except CannotOpen:
        fresh = keys.of_version(program_id, keys.DATA, version, fresh=True)
        if fresh.raw == program_key.raw:
            raise
        return _unwrapped_by(fresh, member_key)


def wrapped_by(program_key: ProgramKey, raw: bytes) -> bytes:
    """A data key under a program key, with that key's version in front."""
    head = bytes([_FORMAT]) + program_key.version.to_bytes(4, "big")
    nonce = os.urandom(keys.NONCE_BYTES)
    return head + nonce + program_key.cipher.encrypt(nonce, raw, _about(program_key))


def _unwrapped_by(program_key: ProgramKey, member_key: bytes) -> bytes:
    return keys.unwrap(program_key.cipher, member_key[_HEAD:], _about(program_key), "member key")


def _about(program_key: ProgramKey) -> bytes:
    return b"member key %d %d" % (program_key.program_id, program_key.version)


@lru_cache(maxsize=1_024)
def _blind_key(program_key: ProgramKey, kind: str) -> bytes:
    return program_key.derived(kind)

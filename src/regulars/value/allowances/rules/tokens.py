"""The text of an allowance: canonical bytes, one form. docs/offline-tills.md describes it for other programmers."""

from __future__ import annotations

import base64
import struct

from regulars.value.allowances.terms import Bound, Token

PREFIX = "RGA1:"
CONTEXT = b"regulars allowance 1\n"
BATCH_CONTEXT = b"regulars offline batch 1\n"
_HEAD = struct.Struct(">B4sI16s16sQQQB")
_BOUND = {Bound.DEVICE: 1, Bound.STORE: 2}


def payload(token: Token) -> bytes:
    """The bytes of an allowance before its signature."""
    head = _HEAD.pack(
        1,
        bytes.fromhex(token.kid),
        token.program_id,
        token.allowance_id.bytes,
        token.member_id.bytes,
        token.amount,
        int(token.issued_at.timestamp()),
        int(token.expires_at.timestamp()),
        _BOUND[token.bound],
    )
    return head + _word(token.unit) + _word(token.bound_to)


def _word(text: str) -> bytes:
    raw = text.encode()
    return bytes([len(raw)]) + raw


def text(told: bytes, signature: bytes) -> str:
    """The text for a QR code: capitals and digits, which such codes pack well."""
    return PREFIX + base64.b32encode(told + signature).decode().rstrip("=")


def key_of(text: str) -> bytes | None:
    """The 32 bytes of a public key as base64url text (padding optional); None when it is none."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return raw if len(raw) == 32 and base64.urlsafe_b64encode(raw).decode().rstrip("=") == text.rstrip("=") else None


def public_text(raw: bytes) -> str:
    """A key or signature as base64url text without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def signature_of(text: str) -> bytes | None:
    """The 64 bytes of a signature; None when the text is none."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return raw if len(raw) == 64 else None

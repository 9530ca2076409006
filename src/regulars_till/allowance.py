"""An allowance as it travels: one line of text for a QR code, read and checked without a line to the house.

The text is `RGA1:` and the base32 (RFC 4648, capitals, no padding) of the payload and its Ed25519 signature; QR codes
pack capitals and digits well. All numbers are big-endian. The payload:

    version 1 | key id 4 | program 4 | allowance 16 | member 16 | amount 8 | issued 8 | expires 8 |
    bound 1 (1 a device, 2 a store) | unit: length 1, UTF-8 | bound to: length 1, UTF-8

Instants are whole seconds since 1970 (UTC). Signed is the line `regulars allowance 1`, a line feed, and the payload.
There is one text for one allowance: whatever else decodes to the same bytes is refused.
"""

from __future__ import annotations

import base64
import binascii
import struct
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from regulars_till import ed25519
from regulars_till.errors import BadAllowance, BadSignature, UnknownSigningKey

PREFIX = "RGA1:"
CONTEXT = b"regulars allowance 1\n"
BOUND = {1: "device", 2: "store"}
_HEAD = struct.Struct(">B4sI16s16sQQQB")
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LONGEST = 1_000


@dataclass(frozen=True)
class SigningKey:
    """A public key of the program. `ends_at` (seconds since 1970): what was issued later is not its; None: in use."""

    kid: str
    public: bytes
    ends_at: int | None = None


@dataclass(frozen=True)
class Allowance:
    """What a member may spend offline, as the program signed it: `bound` to a `device` or `store`, by its key."""

    id: str
    member: str
    program: int
    unit: str
    amount: int
    issued_at: int
    expires_at: int
    bound: str
    bound_to: str
    kid: str
    text: str


def read_allowance(text: str, keys: Mapping[str, SigningKey]) -> Allowance:
    """The allowance that a text holds, if one of the keys signed it.

    Raises BadAllowance for any other text, UnknownSigningKey, BadSignature.
    """
    payload, signature, canonical = _unpacked(text)
    found = _fields(payload, canonical)
    key = keys.get(found.kid)
    if key is None:
        raise UnknownSigningKey(f"the key {found.kid} is not known here")
    if key.ends_at is not None and found.issued_at > key.ends_at:
        raise UnknownSigningKey(f"the key {found.kid} was out of use when this was signed")
    if not ed25519.verify(key.public, CONTEXT + payload, signature):
        raise BadSignature("the signature does not fit")
    return found


def _unpacked(text: str) -> tuple[bytes, bytes, str]:
    told = text.strip().upper()
    if not told.startswith(PREFIX) or len(told) > LONGEST:
        raise BadAllowance("this is not an allowance")
    body = told[len(PREFIX) :]
    try:
        raw = base64.b32decode(body + "=" * (-len(body) % 8))
    except (binascii.Error, ValueError):
        raise BadAllowance("this text cannot be read") from None
    if base64.b32encode(raw).decode().rstrip("=") != body or len(raw) < _HEAD.size + 2 + 64:
        raise BadAllowance("this text cannot be read")
    return raw[:-64], raw[-64:], told


def _fields(payload: bytes, text: str) -> Allowance:
    version, kid, program, allowance, member, amount, issued, expires, bound = _HEAD.unpack_from(payload)
    unit, after = _word(payload, _HEAD.size)
    bound_to, after = _word(payload, after)
    if version != 1 or after != len(payload) or bound not in BOUND or amount < 1 or expires <= issued:
        raise BadAllowance("this allowance is of a form that this till does not know")
    return Allowance(
        id=public_id("alw", allowance),
        member=public_id("mem", member),
        program=program,
        unit=unit,
        amount=amount,
        issued_at=issued,
        expires_at=expires,
        bound=BOUND[bound],
        bound_to=bound_to,
        kid=kid.hex(),
        text=text,
    )


def _word(payload: bytes, at: int) -> tuple[str, int]:
    if at >= len(payload):
        raise BadAllowance("this allowance is cut off")
    end = at + 1 + payload[at]
    if end > len(payload) or end == at + 1:
        raise BadAllowance("this allowance is cut off")
    try:
        return payload[at + 1 : end].decode(), end
    except UnicodeDecodeError:
        raise BadAllowance("this allowance cannot be read") from None


def public_id(prefix: str, raw: bytes) -> str:
    """An id as the house writes it: `mem_01h455vb4pex5vsknk084sn02q`."""
    number, out = uuid.UUID(bytes=raw).int, []
    for _ in range(26):
        number, rest = divmod(number, 32)
        out.append(_ALPHABET[rest])
    return prefix + "_" + "".join(reversed(out))

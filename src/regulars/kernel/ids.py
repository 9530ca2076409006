"""Ids: time-ordered UUIDs inside, opaque prefixed strings outside."""

from __future__ import annotations

import base64
import os
from uuid import UUID, SafeUUID

from regulars.kernel import clock
from regulars.kernel.errors import NotFound

_ALPHABET = b"0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case
_RFC_4648 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # the alphabet of the standard library
_OUT = bytes.maketrans(_RFC_4648, _ALPHABET)
_IN = bytes.maketrans(_ALPHABET, _RFC_4648)
_LENGTH = 26
_WIDE = 20  # bytes: a whole number of groups of five, whose last 26 digits are ours
_ZEROS = b"A" * (_WIDE * 8 // 5 - _LENGTH)


# What people call the thing behind each prefix; no two things have the same.
NAMES = {
    "adv": "adviser",
    "alw": "allowance",
    "bnu": "use of a benefit",
    "cft": "conflict",
    "cnt": "note",
    "cpb": "coupon batch",
    "cpl": "claim of a coupon",
    "cpn": "coupon",
    "drf": "draft of a promotion",
    "est": "estimate",
    "fup": "follow-up",
    "gft": "gift of a subscription",
    "hld": "hold",
    "idn": "identifier",
    "imp": "import",
    "jrn": "journal entry",
    "key": "key",
    "mem": "member",
    "mrg": "merge",
    "ord": "order",
    "pay": "payment",
    "pdr": "draft of a program document",
    "rcp": "pool of codes",
    "rdm": "redemption",
    "ret": "return",
    "rfd": "refund",
    "sch": "scheduled document",
    "sub": "subscription",
    "tel": "telling",
    "wtg": "place on a waiting list",
}
_VERSION, _VARIANT = 7 << 76, 2 << 62
_last_ms = 0


def new_id() -> UUID:
    """A new UUID version 7: later ids sort later, so indexes grow at their right edge.

    Of one thread no two are of one millisecond; when there are too many, their clock runs ahead.
    """
    global _last_ms
    _last_ms = ms = max(clock.machine_ms(), _last_ms + 1)
    chance = int.from_bytes(os.urandom(10), "big")
    return _uuid(
        (ms & 0xFFFFFFFFFFFF) << 80 | _VERSION | (chance >> 68) << 64 | _VARIANT | chance & 0x3FFFFFFFFFFFFFFF
    )


_new, _set = object.__new__, object.__setattr__


def _uuid(number: int) -> UUID:
    """As `UUID(int=number)`, which looks at six other ways to say it first. The number is of 128 bits."""
    made = _new(UUID)
    _set(made, "int", number)
    _set(made, "is_safe", SafeUUID.unknown)
    return made


def encode(prefix: str, value: UUID) -> str:
    """The public form of an id: `mem_01h455vb4pex5vsknk084sn02q`.

    >>> encode("mem", UUID(int=1))
    'mem_00000000000000000000000001'
    """
    digits = base64.b32encode(value.int.to_bytes(_WIDE, "big"))[-_LENGTH:]
    return f"{prefix}_{digits.translate(_OUT).decode()}"


def decode(prefix: str, text: str) -> UUID:
    """Read a public id back.

    Raises: NotFound when the text is not an id of this kind (the answer is the same as for an unknown one).

    >>> decode("mem", encode("mem", UUID(int=7))).int
    7
    """
    head, _, body = text.partition("_")
    if head == prefix and len(body) == _LENGTH and body.isascii():
        digits = body.encode()
        if not digits.translate(None, _ALPHABET):  # nothing but digits of ours
            number = int.from_bytes(base64.b32decode(_ZEROS + digits.translate(_IN)), "big")
            if number < 1 << 128:
                return _uuid(number)
    raise NotFound(f"There is no {NAMES.get(prefix, 'such thing')} with this id; one looks like {prefix}_….")

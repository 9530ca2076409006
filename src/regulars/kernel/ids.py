"""Ids: time-ordered UUIDs inside, opaque prefixed strings outside."""

from __future__ import annotations

from uuid import UUID

import uuid6

from regulars.kernel.errors import NotFound

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case
_VALUE = {c: n for n, c in enumerate(_ALPHABET)}
_LENGTH = 26


def new_id() -> UUID:
    """A new UUID version 7: later ids sort later, so indexes grow at their right edge."""
    return UUID(int=uuid6.uuid7().int)


def encode(prefix: str, value: UUID) -> str:
    """The public form of an id: `mem_01h455vb4pex5vsknk084sn02q`.

    >>> encode("mem", UUID(int=1))
    'mem_00000000000000000000000001'
    """
    number, out = value.int, []
    for _ in range(_LENGTH):
        number, rest = divmod(number, 32)
        out.append(_ALPHABET[rest])
    return f"{prefix}_{''.join(reversed(out))}"


def decode(prefix: str, text: str) -> UUID:
    """Read a public id back.

    Raises: NotFound when the text is not an id of this kind (the answer is the same as for an unknown one).

    >>> decode("mem", encode("mem", UUID(int=7))).int
    7
    """
    head, _, body = text.partition("_")
    if head != prefix or len(body) != _LENGTH or any(c not in _VALUE for c in body):
        raise NotFound(f"There is no {prefix} with this id.")
    number = 0
    for char in body:
        number = number * 32 + _VALUE[char]
    if number >= 1 << 128:
        raise NotFound(f"There is no {prefix} with this id.")
    return UUID(int=number)

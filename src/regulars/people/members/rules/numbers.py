"""Member numbers: a counter, scattered by a keyed permutation, closed by a check digit."""

from __future__ import annotations

from hashlib import blake2b

from regulars.kernel.errors import sure

_HALF = 300_000
CAPACITY = _HALF * _HALF  # 90,000,000,000 numbers a program: eleven digits that do not begin with 0
_FIRST = 10_000_000_000
_ROUNDS = 6


def number(counter: int, key: bytes) -> str:
    """The member number of a counter: 12 digits, not guessable from the one before, never the same for two counters.

    A balanced Feistel network over 300,000 × 300,000 is a permutation whatever its round function
    (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002).

    Args: counter: 0 ≤ counter < CAPACITY. key: secret of the program, at most 64 bytes.

    >>> number(1, b"k") != number(2, b"k"), len(number(1, b"k"))
    (True, 12)
    """
    sure(0 <= counter < CAPACITY, "member numbers are used up")
    left, right = divmod(counter, _HALF)
    for turn in range(_ROUNDS):
        digest = blake2b(b"%d:%d" % (turn, right), key=key, digest_size=8).digest()
        left, right = right, (left + int.from_bytes(digest)) % _HALF
    return with_check(str(_FIRST + left * _HALF + right))


def with_check(digits: str) -> str:
    """The digits followed by their Luhn check digit (ISO/IEC 7812-1 annex B).

    >>> with_check("7992739871")
    '79927398713'
    """
    return digits + str(-_luhn(digits + "0") % 10)


def is_right(text: str) -> bool:
    """Whether the last digit is the check digit of the others; any single wrong digit makes it wrong.

    >>> is_right("79927398713"), is_right("79927398710"), is_right("")
    (True, False, False)
    """
    return len(text) > 1 and text.isascii() and text.isdigit() and _luhn(text) % 10 == 0


def _luhn(digits: str) -> int:
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (1 + place % 2)
        total += value if value < 10 else value - 9
    return total

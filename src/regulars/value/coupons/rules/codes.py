"""Codes from numbers: a keyed permutation, an alphabet without look-alikes, and a sign that checks the others. Pure.

A number n below the space of a pattern goes through a Feistel network over exactly that space (two halves of mixed
radix, ten rounds, each adding what AES makes of the other half), so that different numbers give different codes
and nobody without the key can tell one from another. `encode` does one number; `columns` the same for many at once.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from regulars.kernel.errors import sure
from regulars.value.coupons.terms import Alphabet

SIGNS = {
    Alphabet.CLEAR: "23456789ABCDEFGHJKMNPQRSTUVWXYZ",  # 31, a prime
    Alphabet.LETTERS: "ABCDEFGHJKMNPQRSTUVWXYZ",  # 23, a prime
    Alphabet.DIGITS: "0123456789",
}
ROUNDS = 10
GUESSES = 1_000_000  # how many times larger the space of codes must be than the codes drawn from it
MOST_SPACE = 1 << 62
LONGEST = 64
_STRIPE = 16_384  # numbers permuted at once: what is in between stays in the cache
_PATTERN = re.compile(r"[A-Z0-9]{0,16}#[A-Z0-9#]{0,47}\Z", re.ASCII)
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015]+")
# Damm's table: finds every wrong digit and every swap of neighbours
_DAMM = bytes(
    int(digit)
    for digit in "0317598642709215486342068713591750983426"
    "6123045978367420958158697201348945362017"
    "94386172052581436790"
)


def canonical(text: str) -> str:
    """A code as it is stored and looked for: upper case, without spaces and hyphens; at most 64 signs.

    >>> canonical(" spring-2k7 ")
    'SPRING2K7'
    """
    return _SEPARATORS.sub("", text[: 4 * LONGEST]).upper()[:LONGEST]


def pattern_fault(pattern: str, alphabet: Alphabet) -> str:
    """What is wrong with a pattern; empty when nothing is."""
    if not _PATTERN.match(pattern):
        return "must be upper-case letters, digits and # (a sign to draw), at most 64, at most 16 before the first #"
    free = pattern.count("#") - 1
    if free < 2:
        return "draws too few signs; the last # checks the others"
    if space(pattern, alphabet) > MOST_SPACE:
        return "draws too many signs"
    return ""


def space(pattern: str, alphabet: Alphabet) -> int:
    """How many codes a pattern can spell."""
    return int(len(SIGNS[alphabet]) ** (pattern.count("#") - 1))


def overlap(one: str, other: str, alphabets: tuple[Alphabet, Alphabet]) -> bool:
    """Whether two patterns can spell the same code."""
    signs = [frozenset(SIGNS[a]) for a in alphabets]
    return len(one) == len(other) and all(
        (a == b if a != "#" and b != "#" else True)
        and (b in signs[0] if a == "#" and b != "#" else True)
        and (a in signs[1] if b == "#" and a != "#" else True)
        and (a != "#" or b != "#" or bool(signs[0] & signs[1]))
        for a, b in zip(one, other, strict=True)
    )


class Half(NamedTuple):
    """The two halves of the space: numbers are `left * right_size + right`."""

    left_size: int
    right_size: int


@lru_cache(maxsize=256)
def maker(key: bytes, pattern: str, alphabet: Alphabet) -> Maker:
    """The maker of a pattern's codes under a key of 32 bytes; the same object for the same three."""
    return Maker(key, pattern, alphabet)


class Maker:
    """Makes the codes of one pattern under one key. Safe for threads.

    `space` is how many codes there are; numbers run from 0 to `space` − 1.
    """

    def __init__(self, key: bytes, pattern: str, alphabet: Alphabet) -> None:
        sure(not pattern_fault(pattern, alphabet) and len(key) == 32, "a checked pattern and a whole key")
        self.pattern = pattern
        self.alphabet = alphabet
        self._key = key
        self._signs = SIGNS[alphabet]
        self._base = len(self._signs)
        self._free = pattern.count("#") - 1
        self._places = [n for n, sign in enumerate(pattern) if sign == "#"]
        self.space = space(pattern, alphabet)
        right = self._base ** (self._free // 2)
        self._half = Half(self.space // right, right)
        self._cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - a keyed function of single blocks

    def _mixed(self, halves: array[int], turn: int) -> array[int]:
        """What AES makes of each half in one round: 64 bits each."""
        blocks = array("Q", [turn, 0]) * len(halves)
        blocks[1::2] = halves
        out = array("Q", [0, 0]) * (len(halves) + 1)  # a block more than needed: `update_into` insists
        self._cipher.encryptor().update_into(memoryview(blocks).cast("B"), memoryview(out).cast("B"))
        return out[: 2 * len(halves) : 2]

    def permute(self, numbers: array[int]) -> array[int]:
        """Each number's image, in the order given. Args: numbers: of type "Q", below `space`."""
        images = array("Q")
        for at in range(0, len(numbers), _STRIPE):
            images.extend(self._permute(numbers[at : at + _STRIPE]))
        return images

    def _permute(self, numbers: array[int]) -> array[int]:
        left, right = _divmod(_arrow(numbers), self._half.right_size)
        for turn in range(ROUNDS):
            if turn % 2 == 0:
                left = self._turned(left, right, self._half.left_size, turn)
            else:
                right = self._turned(right, left, self._half.right_size, turn)
        return _array(pc.add(pc.multiply(left, pa.scalar(self._half.right_size, pa.uint64())), right))

    def _turned(self, half: Any, other: Any, size: int, turn: int) -> Any:
        added = _divmod(_arrow(self._mixed(_array(other), turn)), size)[1]
        total = pc.add(half, added)
        return pc.min_element_wise(
            total, pc.subtract(total, pa.scalar(size, pa.uint64()))
        )  # below 0 wraps to the top

    def number_of(self, code: str) -> int | None:
        """The number behind a code of this pattern; None when it cannot be one of ours."""
        if not self.fits(code):
            return None
        value = 0
        for place in self._places[:-1]:
            value = value * self._base + self._signs.index(code[place])
        left, right = divmod(value, self._half.right_size)
        for turn in reversed(range(ROUNDS)):
            if turn % 2 == 0:
                left = (left - self._mixed(array("Q", [right]), turn)[0]) % self._half.left_size
            else:
                right = (right - self._mixed(array("Q", [left]), turn)[0]) % self._half.right_size
        return left * self._half.right_size + right

    def fits(self, code: str) -> bool:
        """Whether a text has this pattern's form and its checking sign is right."""
        if len(code) != len(self.pattern):
            return False
        for sign, wanted in zip(code, self.pattern, strict=True):
            if (sign not in self._signs) if wanted == "#" else (sign != wanted):
                return False
        digits = [self._signs.index(code[place]) for place in self._places]
        return self._check([array("B", [d]) for d in digits[:-1]])[0] == digits[-1]

    def encode(self, numbers: Iterable[int]) -> list[str]:
        """The codes of a few numbers."""
        return self.spell(self.permute(array("Q", numbers)))

    def spell(self, images: array[int]) -> list[str]:
        """The codes of permuted numbers, as texts."""
        width = len(self.pattern)
        rows = bytearray(width * len(images))
        self.write(images, rows, at=0, width=width)
        text = rows.decode("ascii")
        return [text[n : n + width] for n in range(0, len(text), width)]

    def write(self, images: array[int], rows: bytearray, *, at: int, width: int) -> None:
        """Write the codes of permuted numbers into rows of fixed width, beginning `at` bytes into each row."""
        count = len(images)
        for place, sign in enumerate(self.pattern):
            if sign != "#":
                rows[at + place :: width] = sign.encode() * count
        digits = self._digits(images)
        table = self._signs.encode().ljust(256, b"?")
        for place, column in zip(self._places, [*digits, self._check(digits)], strict=True):
            rows[at + place :: width] = bytes(column).translate(table)

    def _digits(self, images: array[int]) -> list[array[int]]:
        """The drawn digits, most significant first."""
        rest, found = _arrow(images), []
        for _ in range(self._free):
            rest, digit = _divmod(rest, self._base)
            found.append(_array(digit.cast(pa.uint8()), "B"))
        return found[::-1]

    def _check(self, digits: Sequence[array[int]]) -> array[int]:
        """The checking digits of many codes, column by column."""
        count = len(digits[0])
        if self.alphabet is Alphabet.DIGITS:
            state, ten = array("B", bytes(count)), pa.scalar(10, pa.uint8())
            for column in digits:
                at = pc.add(pc.multiply(_arrow(state, pa.uint8()), ten), _arrow(column, pa.uint8()))
                state = array("B", bytes(_array(at, "B")).translate(_DAMM.ljust(256, b"\0")))
            return state
        total = _arrow(array("Q", bytes(8 * count)))
        for n, column in enumerate(digits, start=2):  # weights 2, 3, … below the prime: all different, none 0 or 1
            weight = pa.scalar(n % self._base or 1, pa.uint64())
            total = pc.add(total, pc.multiply(_arrow(column, pa.uint8()).cast(pa.uint64()), weight))
        return _array(_divmod(total, self._base)[1].cast(pa.uint8()), "B")


def _arrow(values: array[int], kind: Any = None) -> Any:
    kind = kind or pa.uint64()
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def _array(values: Any, code: str = "Q") -> array[int]:
    out = array(code)
    size = out.itemsize
    buffer = values.buffers()[1]
    if buffer is not None:
        out.frombytes(memoryview(buffer)[values.offset * size : (values.offset + len(values)) * size])
    return out


def _divmod(values: Any, by: int) -> tuple[Any, Any]:
    divisor = pa.scalar(by, pa.uint64())
    whole = pc.divide(values, divisor)
    return whole, pc.subtract(values, pc.multiply(whole, divisor))

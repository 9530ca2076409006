"""Codes of gifts: a keyed permutation of numbers, an alphabet without look-alikes, and a sign that checks. Pure.

A number goes through a Feistel network of ten rounds over pairs of two halves of six signs each, so that different
numbers give different codes and nobody without the key can tell one from another.
"""

from __future__ import annotations

import hashlib
import hmac
import re

SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # 31, a prime: one wrong sign and one swap are always found
HALF_SIGNS = 6
HALF: int = len(SIGNS) ** HALF_SIGNS
ROUNDS = 10
LENGTH = 2 * HALF_SIGNS + 1
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015]+")


def canonical(text: str) -> str:
    """A code as it is stored: upper case, without spaces and hyphens.

    >>> canonical(" abcd-efgh ")
    'ABCDEFGH'
    """
    return _SEPARATORS.sub("", text[:100]).upper()


def shown(code: str) -> str:
    """A code as people read it, in groups of four.

    >>> shown("ABCDEFGHJKMNP")
    'ABCD-EFGH-JKMN-P'
    """
    return "-".join(code[n : n + 4] for n in range(0, len(code), 4))


def spell(key: bytes, number: int) -> str:
    """The code of a number (0 ≤ number < 31^12) under a key."""
    left, right = divmod(number, HALF)
    for turn in range(ROUNDS):
        if turn % 2 == 0:
            left = (left + _mixed(key, turn, right)) % HALF
        else:
            right = (right + _mixed(key, turn, left)) % HALF
    digits = _digits(left) + _digits(right)
    return "".join(SIGNS[d] for d in [*digits, _check(digits)])


def fits(code: str) -> bool:
    """Whether a text has the form of our codes and its checking sign is right."""
    if len(code) != LENGTH or any(sign not in SIGNS for sign in code):
        return False
    digits = [SIGNS.index(sign) for sign in code]
    return _check(digits[:-1]) == digits[-1]


def _mixed(key: bytes, turn: int, half: int) -> int:
    block = turn.to_bytes(1, "big") + half.to_bytes(8, "big")
    return int.from_bytes(hmac.new(key, block, hashlib.sha256).digest(), "big") % HALF


def _digits(value: int) -> list[int]:
    found = []
    for _ in range(HALF_SIGNS):
        value, digit = divmod(value, len(SIGNS))
        found.append(digit)
    return found[::-1]


def _check(digits: list[int]) -> int:
    return sum(n * digit for n, digit in enumerate(digits, start=2)) % len(SIGNS)

"""Codes of a program's patterns: their keys, and numbers that are never used twice."""

from __future__ import annotations

import os
from collections import deque
from datetime import datetime
from threading import Lock

import psycopg
from django.db import connection, transaction

from regulars.kernel import clock, ids, secrets
from regulars.people.programs import services as programs
from regulars.value.coupons.models import SeriesRow
from regulars.value.coupons.rules import codes, validity
from regulars.value.coupons.services import document
from regulars.value.coupons.terms import Alphabet, Coined, Expired, TooFewCodes

_BLOCK = 100  # as the sequence counts

_numbers: deque[int] = deque()
_lock = Lock()


def maker(*, program_id: int, pattern: str, alphabet: Alphabet) -> codes.Maker:
    """The maker of a pattern's codes in a program. Its key survives every rotation."""
    about = f"{alphabet.value}/{pattern}"
    key = b"".join([secrets.blind(program_id, "coupon codes", f"{about}/{half}") for half in (1, 2)])
    return codes.maker(key, pattern, alphabet)


def coin(*, program_id: int, template: str, n: int = 1, at: datetime | None = None) -> list[Coined]:
    """Make codes of a template for single coupons; nothing is stored: `coupons_issue` or `issue` does that.

    Args: at: the instant of issue, from which validity counts (None: now).
    Raises: NoProgram; UnknownTemplate; TooFewCodes; Expired when the template's own days are over.
    """
    found = document.template(program_id=program_id, key=template)
    program = programs.by_id(program_id=program_id)
    make = maker(program_id=program_id, pattern=found.pattern, alphabet=found.alphabet)
    half = make.space // 2
    numbers = _take(n)
    if (max(numbers, default=0) + 1) * codes.GUESSES > half:
        raise TooFewCodes(pattern=found.pattern, codes=make.space)
    starts, ends = validity.span(found.validity, issued_at=at or clock.now(), zone=program.zone)
    if ends is not None and ends <= starts:
        raise Expired("Coupons of this template have ended.", reason="expired")
    return [
        Coined(ids.new_id(), code, template, found.version, starts, ends)
        for code in make.encode([half + number for number in numbers])
    ]


def is_twin(taken: psycopg.errors.UniqueViolation) -> bool:
    """Whether a code that was drawn is somebody's already, e.g. of an imported pool: then another one is drawn."""
    return taken.diag.constraint_name == "W1_a_code_is_one_coupon"


def _take(n: int) -> list[int]:
    """Numbers that no process has had: from this process's block, then from new ones."""
    with _lock:
        while len(_numbers) < n:
            with connection.cursor() as cursor:
                cursor.execute("select nextval('coupons_single')")
                first = int(cursor.fetchone()[0]) - 1
            _numbers.extend(range(first, first + _BLOCK))
        return [_numbers.popleft() for _ in range(n)]


def forget_numbers() -> None:
    """Drop this process's block of numbers; for tests, whose databases begin to count anew."""
    with _lock:
        _numbers.clear()


os.register_at_fork(before=forget_numbers)  # a child must not spell its parent's codes again


@transaction.atomic
def take_range(*, program_id: int, pattern: str, alphabet: Alphabet, size: int) -> tuple[SeriesRow, int]:
    """The next `size` numbers of a pattern's series, for a batch; returns the series and the first of them.

    Raises: TooFewCodes when codes of this pattern could be guessed, or another pattern can spell the same ones.
    """
    make = maker(program_id=program_id, pattern=pattern, alphabet=alphabet)
    for other in SeriesRow.objects.filter(program_id=program_id).exclude(pattern=pattern, alphabet=alphabet):
        if codes.overlap(pattern, other.pattern, (alphabet, Alphabet(other.alphabet))):
            raise TooFewCodes(f"The pattern {other.pattern} ({other.alphabet}) can spell the same codes.")
    SeriesRow.objects.bulk_create(
        [SeriesRow(program_id=program_id, pattern=pattern, alphabet=alphabet, half=make.space // 2, next=0)],
        ignore_conflicts=True,
    )
    series = SeriesRow.objects.select_for_update().get(program_id=program_id, pattern=pattern, alphabet=alphabet)
    first = series.next
    if (first + size) * codes.GUESSES > make.space:
        raise TooFewCodes(
            f"The pattern {pattern} has {make.space} codes; {(first + size) * codes.GUESSES} are needed for so many.",
            codes=make.space,
            needed=(first + size) * codes.GUESSES,
        )
    series.next = first + size
    series.save(update_fields=["next"])
    return series, first

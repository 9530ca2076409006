"""Codes: a permutation over exactly the pattern's space, checked signs, and patterns that can be guessed refused."""

from __future__ import annotations

from array import array
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.value.coupons.rules import codes
from regulars.value.coupons.terms import Alphabet

KEY = bytes(range(32))
SMALL = [("###", Alphabet.CLEAR), ("A##B#", Alphabet.LETTERS), ("##-###".replace("-", ""), Alphabet.DIGITS)]
LARGE = [("###########", Alphabet.CLEAR), ("VIP#########", Alphabet.LETTERS), ("################", Alphabet.DIGITS)]


@pytest.mark.parametrize(("pattern", "alphabet"), SMALL)
@pytest.mark.parametrize("key", [KEY, bytes(32)])
def test_every_number_has_its_own_code_and_every_good_code_its_number(pattern, alphabet, key):
    maker = codes.Maker(key, pattern, alphabet)
    made = maker.encode(range(maker.space))
    assert len(set(made)) == maker.space == codes.space(pattern, alphabet)
    assert [maker.number_of(code) for code in made] == list(range(maker.space))


@settings(max_examples=100, deadline=None)
@given(data=st.data(), form=st.sampled_from(LARGE), key=st.binary(min_size=32, max_size=32))
def test_a_number_comes_back_from_its_code_in_any_space_and_under_any_key(data, form, key):
    maker = codes.Maker(key, *form)
    numbers = data.draw(st.lists(st.integers(0, maker.space - 1), min_size=1, max_size=20, unique=True))
    made = maker.encode(numbers)
    assert [maker.number_of(code) for code in made] == numbers
    assert len(set(made)) == len(numbers)
    assert all(len(code) == len(form[0]) and maker.fits(code) for code in made)


@settings(max_examples=50, deadline=None)
@given(data=st.data(), form=st.sampled_from(LARGE))
def test_one_wrong_sign_and_one_swap_of_neighbours_are_always_found(data, form):
    maker = codes.Maker(KEY, *form)
    (code,) = maker.encode([data.draw(st.integers(0, maker.space - 1))])
    signs = codes.SIGNS[form[1]]
    drawn = [n for n, sign in enumerate(form[0]) if sign == "#"]
    for n in drawn:
        assert not any(maker.fits(code[:n] + sign + code[n + 1 :]) for sign in signs if sign != code[n])
    for a, b in pairwise(drawn):
        if code[a] != code[b]:
            swapped = list(code)
            swapped[a], swapped[b] = swapped[b], swapped[a]
            assert not maker.fits("".join(swapped))


def test_codes_in_rows_are_the_codes_one_by_one_and_sort_as_their_images():
    maker = codes.Maker(KEY, "VIP#########", Alphabet.LETTERS)
    images = maker.permute(array("Q", range(500)))
    rows = bytearray(b"<............>" * 500)
    maker.write(images, rows, at=1, width=14)
    made = [rows[n * 14 + 1 : n * 14 + 13].decode() for n in range(500)]
    assert made == maker.encode(range(500))
    assert sorted(made) == maker.spell(array("Q", sorted(images)))


def test_neighbours_in_number_have_nothing_in_common():
    maker = codes.Maker(KEY, "###########", Alphabet.CLEAR)
    made = maker.encode(range(5_000))
    assert len({code[:3] for code in made}) > 4_000  # of 29,791 beginnings, as dice would have it
    assert len(set(made) & set(codes.Maker(bytes(32), "###########", Alphabet.CLEAR).encode(range(5_000)))) == 0


@pytest.mark.parametrize("pattern", ["", "ABC", "##", "#-##", "ab###", "A" * 17 + "###", "#" * 65, "É####"])
def test_a_pattern_that_cannot_be_is_refused(pattern):
    assert codes.pattern_fault(pattern, Alphabet.CLEAR)


@pytest.mark.parametrize(
    ("one", "other", "alphabets", "expected"),
    [
        ("####", "####", (Alphabet.CLEAR, Alphabet.DIGITS), True),
        ("A###", "####", (Alphabet.CLEAR, Alphabet.CLEAR), True),
        ("A###", "B###", (Alphabet.CLEAR, Alphabet.CLEAR), False),
        ("O###", "####", (Alphabet.CLEAR, Alphabet.CLEAR), False),  # O is never drawn
        ("####", "O###", (Alphabet.CLEAR, Alphabet.CLEAR), False),
        ("####", "#####", (Alphabet.CLEAR, Alphabet.CLEAR), False),
        ("####", "####", (Alphabet.LETTERS, Alphabet.DIGITS), False),
    ],
)
def test_patterns_overlap_where_one_code_could_be_of_both(one, other, alphabets, expected):
    assert codes.overlap(one, other, alphabets) is expected


@pytest.mark.parametrize(
    ("told", "kept"), [(" sp-ring 20 ", "SPRING20"), ("a–b", "AB"), ("", ""), ("x" * 500, "X" * 64)]
)
def test_a_code_is_the_same_however_it_is_typed(told, kept):
    assert codes.canonical(told) == kept

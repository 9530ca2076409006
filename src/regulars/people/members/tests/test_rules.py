"""Rules of members: numbers, normal forms, masks, attributes, cursors."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.kernel.errors import Invalid
from regulars.people.members.rules import attributes, masks, normal, numbers, pages
from regulars.people.members.terms import Attribute, AttributeType, Birthday, IdentifierType

VALUES = st.text(min_size=1, max_size=60)
PRINTABLE = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=60)


@given(st.integers(0, numbers.CAPACITY - 1), st.integers(0, 11), st.integers(1, 9))
def test_any_single_wrong_digit_is_noticed(counter, place, shift):
    right = numbers.number(counter, b"key")
    wrong = right[:place] + str((int(right[place]) + shift) % 10) + right[place + 1 :]
    assert numbers.is_right(right)
    assert not numbers.is_right(wrong)


@given(st.binary(min_size=1, max_size=64), st.integers(0, numbers.CAPACITY - 600))
def test_five_hundred_neighbours_get_five_hundred_numbers(key, start):
    made = {numbers.number(start + n, key) for n in range(500)}
    assert len(made) == 500
    assert {len(one) for one in made} == {12}
    assert not any(one.startswith("0") for one in made)


@given(st.sampled_from(sorted(IdentifierType)), VALUES, st.sampled_from(["CN", "GB", ""]))
def test_a_normal_form_is_its_own_normal_form(kind, text, region):
    try:
        once = normal.identifier(kind, text, region=region)
    except Invalid:
        return
    assert normal.identifier(kind, once, region=region) == once


@given(VALUES)
def test_the_normal_form_of_a_name_is_its_own(text):
    assert normal.name(normal.name(text)) == normal.name(text)


@given(st.sampled_from(["CN", "GB", "US", ""]), st.from_regex(r"(\+86|\+44|0)?[1-9][0-9]{6,11}", fullmatch=True))
def test_a_phone_has_one_form_whatever_region_reads_it_again(region, text):
    try:
        once = normal.phone(text, region=region)
    except Invalid:
        return
    assert normal.phone(once, region="GB") == once


@pytest.mark.parametrize(
    ("text", "region", "form"),
    [
        ("13800138000", "CN", "+8613800138000"),
        ("１３８ ００１３ ８０００", "CN", "+8613800138000"),
        ("+86 138-0013-8000", "GB", "+8613800138000"),
        ("86 13800138000", "CN", "+8613800138000"),
        ("010 6552 9988", "CN", "+861065529988"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("(415) 555-2671", "US", "+14155552671"),
    ],
)
def test_phones_are_read_as_people_write_them(text, region, form):
    assert normal.identifier(IdentifierType.PHONE, text, region=region) == form


@pytest.mark.parametrize("text", ["12", "hello", "13800138000", ""])
def test_what_is_no_phone_is_refused_with_its_path(text):
    with pytest.raises(Invalid) as no:
        normal.identifier(IdentifierType.PHONE, text, region="", path="identifiers.3.value")
    assert no.value.errors[0][0] == "identifiers.3.value"


@given(st.sampled_from(sorted(IdentifierType)), PRINTABLE)
def test_a_hint_never_shows_more_than_the_last_four_characters(kind, value):
    shown = masks.hint(kind, value)
    if kind is IdentifierType.PAYMENT_TOKEN:
        assert shown == ""
        return
    _, _, tail = shown.partition(masks.DOTS)
    assert len(tail.removeprefix(" ")) <= min(4, len(value) // 3)
    assert value.endswith(tail.removeprefix(" "))


@given(st.text(min_size=2, max_size=60).filter(lambda t: len(t.split()) > 0))
def test_a_masked_name_shows_one_letter_of_each_part(text):
    shown = masks.name(text)
    assert all(len(part.replace("•", "")) <= 1 for part in shown.split())


def declared(**types):
    return {
        k: Attribute(key=k, type=t, choices=("s", "m") if t is AttributeType.CHOICE else ()) for k, t in types.items()
    }


def test_every_misfit_is_told_by_its_path():
    known = declared(
        size=AttributeType.CHOICE, shoes=AttributeType.INTEGER, vip=AttributeType.BOOLEAN, met=AttributeType.DATE
    )
    wrong = {"size": "xl", "shoes": True, "vip": 1, "met": "31/01/2026", "hat": "no"}
    assert [path for path, _ in attributes.faults(wrong, known)] == [
        "attributes.size",
        "attributes.shoes",
        "attributes.vip",
        "attributes.met",
        "attributes.hat",
    ]
    right = {"size": "m", "shoes": 42, "vip": False, "met": "2026-01-31"}
    assert attributes.faults(right, known) == []
    assert attributes.faults(dict.fromkeys(right), known) == []


@pytest.mark.parametrize(
    ("birthday", "fits"),
    [
        (Birthday(month=2, day=29), True),
        (Birthday(month=2, day=29, year=2023), False),
        (Birthday(month=2, day=29, year=2024), True),
        (Birthday(month=4, day=31), False),
        (Birthday(month=13, day=1), False),
        (Birthday(month=1, day=1, year=2027), False),
    ],
)
def test_birthdays_are_days_that_exist(birthday, fits):
    assert (attributes.birthday_faults(birthday, this_year=2026) == []) is fits


@pytest.mark.parametrize("text", ["", "x", "bm90IGEgY3Vyc29y", "%%%", "2026"])
def test_a_foreign_cursor_is_refused(text):
    with pytest.raises(Invalid):
        pages.place(text)


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_reads_back(at, row_id):
    assert pages.place(pages.cursor(at, row_id)) == (at, row_id)


def test_a_cursor_hides_nothing_but_order():
    assert pages.place(pages.cursor(datetime(2026, 1, 1, tzinfo=UTC), UUID(int=1)))[1] == UUID(int=1)

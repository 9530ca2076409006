"""Documents: whatever is sent is understood or refused with its place, and what is written reads back the same."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.governance.publishing import rules
from regulars.kernel.errors import Invalid

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
WORDS = st.sampled_from(
    ["no", "on", "yes", "null", "~", "true", "007", "0x1F", "1e5", "12:30", "1_000", "2026-01-01", "- a", "a: b",
     "", " ", "'", '"', "|", ">", "&a", "*a", "!t", "{}", "[]", "%", "@", "`", "=", "<<", ".5", "1.", "+1", "-0",
     "#x", "1.50", "多行\n文本\n", "x\n\n", "\n", "\ty", "\u2028", "\x85", "\ufeff"]
)  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.decimals(min_value=-(10**9), max_value=10**9, places=2)
    | TEXTS
    | WORDS
)
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8) | WORDS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=25
)


@settings(max_examples=300)
@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_what_is_written_reads_back_the_same(document):
    text = rules.write_text(document)
    assert rules.read_text(text) == document
    assert rules.write_text(rules.read_text(text)) == text
    assert rules.digest(rules.read_text(text)) == rules.digest(document)


@settings(max_examples=300)
@given(st.text(max_size=60) | st.binary(max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        read = rules.tidy(rules.read_text(text))
    except Invalid as no:
        read = dict(no.errors)
    assert isinstance(read, dict)


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(8)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BOMB, "anchors"),
        ("a: *b", "anchors"),
        ("a: &b 1", "anchors"),
        ("<<: {a: 1}\na: !!python/object/apply:os.system ['true']", "tags"),
        ("a: !!binary aGk=", "tags"),
        ("a: !thing {b: 1}", "tags"),
        ("a: 1\na: 2", "line 2, column 1: 'a' is said twice"),
        ("? [a, b]\n: 1", "a name must be a text"),
        ("a: 1\n---\nb: 2", "second document"),
        ("[" * 100_000, "nested deeper"),
        ("- " * 100_000, "nested deeper"),
        ("{a: " * 5_000 + "}" * 5_000, "nested deeper"),
        ("a: [" + "1," * 200_000 + "]", "more than 100000 values"),
        ("a: '" + "x" * 2_000_000 + "'", "longer than"),
        ("a: [1", "did not find expected"),
        ("a: 'b", "line 1"),
        ("\t- a", "line 1"),
        ("a: \x00", "cannot be read"),
        (b"\xff\xfe\x00", "not UTF-8"),
    ],
)
def test_what_would_harm_is_refused_with_its_place(text, says):
    with pytest.raises(Invalid) as no:
        rules.read_text(text)
    assert says in no.value.errors[0][1]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (None, ""),
        ([], ""),
        ("x", ""),
        ({5: 1}, ""),
        ({"a": {"b": [float("nan")]}}, "a.b.0"),
        ({"a": float("inf")}, "a"),
        ({"a": b"x"}, "a"),
        ({"a": {"b": object()}}, "a.b"),
        ({"a": "\x00"}, "a"),
        ({"a": "\ud800"}, "a"),
        ({"a": 10**18}, "a"),
        ({"a": [1] * 100_001}, "a.99998"),
    ],
)
def test_values_that_json_cannot_keep_are_refused_with_their_path(value, path):
    with pytest.raises(Invalid) as no:
        rules.tidy(value)
    assert no.value.errors[0][0] == path


def test_binary_fractions_become_the_decimals_that_were_written():
    assert rules.tidy({"per": 1.1, "n": [0.01]}) == {"per": Decimal("1.1"), "n": [Decimal("0.01")]}


def test_times_of_day_words_and_numbers_with_leading_zeros_stay_texts():
    read = rules.read_text("{a: 09:00, b: no, c: 007, d: 2026-01-01, e: 1.50, f: ~, g: 12, h: 'true', i: true}")
    assert read == {
        "a": "09:00", "b": "no", "c": "007", "d": "2026-01-01", "e": Decimal("1.50"), "f": None, "g": 12, "h": "true",
        "i": True,
    }  # fmt: skip

"""Schemas of events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.people.events import rules

NUMBERS = st.integers(0, 20)


@st.composite
def declared(draw):
    kind = draw(st.sampled_from(["string", "integer", "number", "boolean"]))
    said = {"type": kind}
    if kind == "string" and draw(st.booleans()):
        said["maxLength"] = draw(NUMBERS)
    if kind in ("integer", "number") and draw(st.booleans()):
        said["maximum"] = draw(NUMBERS)
    return said


SCHEMAS = st.dictionaries(st.sampled_from("abc"), declared(), max_size=3).flatmap(
    lambda p: (
        st.lists(st.sampled_from(sorted(p)), unique=True).map(lambda r: {"properties": p, "required": r})
        if p
        else st.just({"properties": {}, "required": []})
    )
)
VALUES = st.dictionaries(
    st.sampled_from("abc"), st.one_of(st.text("xy", max_size=25), st.integers(0, 25), st.booleans(), st.floats())
)


@given(SCHEMAS, SCHEMAS, VALUES)
def test_what_fits_a_schema_fits_every_wider_one(old, new, values):
    if rules.is_wider(new, old) and not rules.property_faults(values, old):
        assert rules.property_faults(values, new) == []


@given(SCHEMAS)
def test_every_schema_is_as_wide_as_itself_and_without_fault(schema):
    assert rules.schema_faults(schema) == []
    assert rules.is_wider(schema, schema)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    )
)
def test_no_schema_makes_the_check_fall_over(schema):
    nested = {"properties": {"a": schema}, "required": [schema]}
    assert isinstance(rules.schema_faults(schema), list)
    assert ("schema.required", "must list names of properties") in rules.schema_faults(nested) or schema == "a"


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ([], "schema"),
        ({"type": "array"}, "schema.type"),
        ({"additionalProperties": True}, "schema.additionalProperties"),
        ({"patternProperties": {}}, "schema.patternProperties"),
        ({"properties": {"a b": {"type": "string"}}}, "schema.properties.a b"),
        ({"properties": {"a": {"type": "money"}}}, "schema.properties.a.type"),
        ({"properties": {"a": {"type": "string", "minimum": 1}}}, "schema.properties.a.minimum"),
        ({"properties": {"a": {"type": "string", "format": "email"}}}, "schema.properties.a.format"),
        ({"properties": {"a": {"type": "integer", "maximum": "9"}}}, "schema.properties.a.maximum"),
        ({"properties": {"a": {"type": "array", "items": {"type": "array"}}}}, "schema.properties.a.items.type"),
        ({"properties": {"a": {"type": "string", "enum": []}}}, "schema.properties.a.enum"),
        ({"properties": {}, "required": ["a"]}, "schema.required"),
    ],
)
def test_a_bad_schema_says_where(schema, path):
    assert [found for found, _ in rules.schema_faults(schema)] == [path]


@pytest.mark.parametrize(
    ("said", "good", "bad"),
    [
        ({"type": "string", "maxLength": 2}, ["", "ab"], ["abc", 1, None, "\x00", "\ud800"]),
        ({"type": "string", "format": "date"}, ["2026-01-31"], ["2026-02-30", "20260131", "x"]),
        ({"type": "string", "format": "date-time"}, ["2026-01-31T12:00:00+08:00"], ["2026-01-31T12:00:00", "x"]),
        ({"type": "string", "enum": ["a", "b"]}, ["a"], ["c", ""]),
        ({"type": "integer", "minimum": 1}, [1, 2**53], [0, 1.0, True, 2**53 + 1, "1"]),
        ({"type": "number", "maximum": 1}, [1, 0.5, -3], [1.5, float("nan"), float("inf"), True]),
        ({"type": "boolean"}, [True, False], [0, "true", None]),
        ({"type": "array", "items": {"type": "string"}}, [[], ["a"]], ["a", [1], ["a"] * 101]),
    ],
)
def test_values_fit_or_not(said, good, bad):
    assert [value for value in good if rules.misfit(value, said)] == []
    assert [value for value in bad if not rules.misfit(value, said)] == []

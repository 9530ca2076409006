"""Texts of a body: limits are told and kept by pydantic's core, and what cannot be kept is said in our words."""

from __future__ import annotations

import pytest
from pydantic import Field, ValidationError

from regulars.interfaces.http_api import problems
from regulars.interfaces.http_api.order_shapes import Quantity
from regulars.interfaces.http_api.shapes import Body, Key, Text


class Told(Body):
    note: Text = Field(default="", max_length=5)
    key: Key = "k"
    quantity: Quantity = "1"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"note": "a\tb"}, "must not contain control characters"),
        ({"note": "\x7f"}, "must not contain control characters"),
        ({"key": "line\n"}, "must not contain control characters"),
        ({"note": "123456"}, "String should have at most 5 characters"),
        ({"key": ""}, "String should have at least 1 character"),
        ({"quantity": "1\n"}, r"String should match pattern '^[0-9]{1,9}(\.[0-9]{1,6})?$'"),
        ({"note": 5}, "Input should be a valid string"),
    ],
)
def test_a_text_that_cannot_be_kept_is_refused_in_plain_words(told: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as no:
        Told.model_validate(told)
    assert [problems._said(fault) for fault in no.value.errors()] == [said]


@pytest.mark.parametrize("text", ["", "é中\u200b", "👩‍👩‍👧", "\u2028", "a b"])
def test_any_other_sign_is_welcome(text: str) -> None:
    assert Told(note=text).note == text


def test_the_document_tells_the_limits_and_not_how_they_are_kept() -> None:
    fields = Told.model_json_schema()["properties"]
    assert (fields["note"]["maxLength"], "pattern" in fields["note"]) == (5, False)
    assert (fields["key"]["minLength"], fields["key"]["maxLength"]) == (1, 100)
    assert fields["quantity"]["pattern"].startswith("^[0-9]")

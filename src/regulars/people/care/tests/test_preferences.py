"""What a program asks and what members prefer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.kernel.errors import Invalid
from regulars.people.care import rules
from regulars.people.care import services as care
from regulars.people.care.models import LikingRow
from regulars.people.care.terms import Preference, PreferenceType
from regulars.people.care.tests.conftest import PREFERENCES
from regulars.people.members import services as members

pytestmark = pytest.mark.django_db
A = "key:1"


@pytest.fixture
def shop(program):
    care.apply(program, PREFERENCES)
    return program


def keep(program, member, **values):
    found = care.set_likings(program_id=program, member_id=member, values=values, actor=A)
    return {one.preference.key: one.value for one in found}


def test_what_is_applied_is_what_is_described(shop):
    assert care.describe(shop) == {
        "preferences": [{k: v for k, v in one.items() if v is not False} for one in PREFERENCES["preferences"]]
    }
    assert care.plan(shop, care.describe(shop)) == []


def test_values_are_kept_by_type_and_words_are_sealed(shop, someone):
    ann = someone()
    told = {"ice": "less", "likes": ["tea", "cake"], "receipt": False, "allergy": "nuts"}
    assert keep(shop, ann, **told) == told
    row = LikingRow.objects.get(key="allergy")
    assert row.value is None
    assert b"nuts" not in bytes(row.words)
    at_till = care.likings(program_id=shop, member_id=ann, till=True)
    assert [one.preference.key for one in at_till] == ["ice", "receipt"]
    assert keep(shop, ann, ice=None, likes=["coffee"]) == {"likes": ["coffee"], "receipt": False, "allergy": "nuts"}
    assert care.discrepancies() == []


@pytest.mark.parametrize(
    ("key", "bad"),
    [("ice", "much"), ("ice", 1), ("ice", ["less"]), ("likes", "tea"), ("likes", []), ("likes", ["tea", "tea"]),
     ("likes", [["tea"]]), ("receipt", "yes"), ("receipt", 1), ("allergy", ""), ("allergy", "x" * 301),
     ("allergy", "a\x00"), ("allergy", True), ("unknown", 1)],
)  # fmt: skip
def test_what_a_preference_does_not_take_is_refused_and_nothing_is_kept(shop, someone, key, bad):
    ann = someone()
    with pytest.raises(Invalid) as no:
        keep(shop, ann, **{"receipt": True, key: bad})
    assert no.value.errors[0][0] == f"values.{key}"
    assert LikingRow.objects.count() == 0


def test_a_retired_preference_is_not_shown_and_comes_back_with_what_was_said(shop, someone):
    ann = someone()
    keep(shop, ann, ice="less", receipt=True)
    less = {"preferences": [p for p in PREFERENCES["preferences"] if p["key"] != "ice"]}
    (change,) = care.plan(shop, less)
    assert (change.path, change.action) == ("preferences.ice", "retire")
    care.apply(shop, less)
    assert [one.preference.key for one in care.likings(program_id=shop, member_id=ann)] == ["receipt"]
    with pytest.raises(Invalid):
        keep(shop, ann, ice="none")
    care.apply(shop, PREFERENCES)
    assert keep(shop, ann) == {"ice": "less", "receipt": True}


def test_a_type_never_changes_and_a_choice_that_went_is_not_shown(shop, someone):
    ann = someone()
    keep(shop, ann, ice="less", likes=["tea", "cake"])
    with pytest.raises(Invalid, match="another key"):
        care.apply(shop, {"preferences": [{"key": "ice", "type": "text"}]})
    care.apply(shop, {"preferences": [{"key": "ice", "type": "choice", "choices": [{"key": "none"}]}, {"key": "likes", "type": "choices", "choices": [{"key": "tea"}]}]})  # fmt: skip
    assert keep(shop, ann) == {"likes": ["tea"]}


@pytest.mark.parametrize(
    "bad",
    [{"key": "a"}, {"key": "a", "type": "number"}, {"key": "a", "type": "choice"}, {"key": "a", "type": "flag", "choices": [{"key": "x"}]},
     {"key": "A", "type": "flag"}, {"key": "a", "type": "choice", "choices": [{"key": "x"}, {"key": "x"}]}, {"key": "a", "type": "flag", "odd": 1}, 7],
)  # fmt: skip
def test_a_section_with_a_fault_is_refused_with_its_path(program, bad):
    faults = care.check({"preferences": [bad]})
    assert faults
    assert all(path.startswith("preferences.0") for path, _ in faults)


@given(
    value=st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text() | st.integers()),
    kind=st.sampled_from(PreferenceType),
)
def test_any_value_gets_an_answer(value, kind):
    fault = rules.value_fault(Preference(key="a", names={}, type=kind), value)
    if kind is PreferenceType.FLAG:
        assert (fault is None) == isinstance(value, bool)
    elif kind is not PreferenceType.TEXT:
        assert fault is not None


def test_the_dossier_tells_them_and_forgetting_takes_them(shop, someone):
    ann = someone()
    keep(shop, ann, ice="less", allergy="nuts")
    mine = care.dossier(program_id=shop, member_id=ann)["preferences"]
    assert {k: v["value"] for k, v in mine.items()} == {"ice": "less", "allergy": "nuts"}
    members.forget(program_id=shop, member_id=ann, actor="system:test")
    assert care.forget(program_id=shop, member_id=ann) == 2
    assert LikingRow.objects.count() == 0

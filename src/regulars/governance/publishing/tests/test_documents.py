"""Whole documents, generated: what is applied is exported without loss; what is wrong is refused and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.governance.publishing import rules
from regulars.governance.publishing import services as publishing
from regulars.governance.publishing.models import VersionRow
from regulars.kernel.errors import Invalid, Refusal
from regulars.people.programs.services import all_programs
from regulars.value.promotions.tests.test_rules import earn_rules

pytestmark = pytest.mark.django_db
SCHEMA = publishing.schema()
schemas = pytest.importorskip("jsonschema_rs")

NAMES = st.sampled_from(["Tea & Co", "会员 ★", 'O\'Brien: "x"', "no", "- a", "007", "12:30", "# x", "a\u2028b"])
EXPIRIES = st.sampled_from(
    [
        {"kind": "never"},
        {"kind": "rolling", "months": 12},
        {"kind": "end_of", "period": "year", "after": 1},
        {"kind": "fixed", "on": "2030-12-31"},
        {"kind": "by_tier", "tiers": {"top": {"kind": "never"}}, "otherwise": {"kind": "rolling", "days": 90}},
    ]
)
HOURS = st.sampled_from([{}, {"mon": [["09:00", "12:30"], ["13:00", "21:00"]], "sun": []}])


@st.composite
def documents(draw):
    stores = [
        {"key": "region", "name": draw(NAMES), "kind": "region"},
        *(
            {
                "key": f"s{n}",
                "name": draw(NAMES),
                "parent": draw(st.sampled_from([None, "region"])),
                "zone": draw(st.sampled_from(["Europe/Paris", "Asia/Tokyo"])),
                "hours": draw(HOURS),
            }
            for n in range(draw(st.integers(0, 3)))
        ),
    ]
    enters = sorted(draw(st.sets(st.integers(1, 10**6), min_size=1, max_size=4)))
    found = draw(earn_rules())
    for rule in found:
        rule["stores"] = draw(st.lists(st.sampled_from([s["key"] for s in stores]), unique=True, max_size=2))
        rule["name"] = {"en": draw(NAMES)}
        if draw(st.booleans()):
            rule["starts_on"] = "2026-01-01"
    document = {
        "program": {"key": "shop", "name": draw(NAMES), "zone": "Asia/Shanghai", "currency": "CNY", "locale": "en"},
        "brands": [{"key": "b", "name": draw(NAMES)}],
        "stores": stores,
        "channels": [{"key": "web", "name": draw(NAMES), "kind": "web"}],
        "units": [
            {
                "key": "points",
                "name": draw(NAMES),
                "expiry": draw(EXPIRIES),
                "debt": draw(st.sampled_from(["owe", "only_pending"])),
            },
            {"key": "growth", "kind": "measure"},
        ],
        "policies": {"claims_within_days": draw(st.integers(0, 400))},
        "earn_rules": found,
        "ladders": [
            {
                "key": "main",
                "measure": "growth",
                "levels": [
                    {"key": "base", "enter": 0},
                    *({"key": f"l{n}", "name": draw(NAMES), "enter": e} for n, e in enumerate(enters)),
                ],
            }
        ],
    }
    dropped = draw(st.lists(st.sampled_from(["brands", "policies", "ladders"]), unique=True, max_size=2))
    return noted(draw, {name: value for name, value in document.items() if name not in dropped})


def noted(draw, document):
    """Notes on some of the objects whose tables hold the present only."""
    for section in ("program", "policies", "brands", "stores", "channels", "units"):
        said = document.get(section)
        for entry in [said] if isinstance(said, dict) else said or []:
            if draw(st.booleans()):
                entry["note"] = draw(NAMES)
    return document


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(documents(), min_size=1, max_size=3))
def test_whatever_is_applied_is_exported_without_loss(db, told):
    done = None
    for document in told:
        assert list(schemas.validator_for(SCHEMA).iter_errors(rules.plain(document))) == []
        done = publishing.apply(document=document, actor="staff:1")
        assert publishing.apply(document=document, actor="staff:1").unchanged
    text = publishing.export(program_id=done.program_id)
    assert publishing.apply(document=text, actor="staff:1").number == done.number
    assert publishing.apply(document=done.document, actor="staff:1").unchanged
    assert rules.plain(rules.read_text(text)) == done.document
    assert list(schemas.validator_for(SCHEMA).iter_errors(done.document)) == []
    first = publishing.export(program_id=done.program_id, version=1)
    back = publishing.apply(document=first, actor="staff:1")
    whole = rules.read_text(publishing.export(program_id=done.program_id))
    for section, value in rules.read_text(first).items():  # what a later version added to sections may be retired
        if section not in ("brands", "stores", "channels", "audiences"):
            assert whole[section] == value
    assert back.number in (1, done.number, done.number + 1)


@pytest.mark.parametrize("key", [b.key for b in publishing.blueprints()])
def test_blueprints_keep_the_schema(key):
    document = rules.plain(rules.read_text(publishing.blueprint(key=key).text))
    assert [e.message for e in schemas.validator_for(SCHEMA).iter_errors(document)] == []


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
GOOD = rules.plain(rules.read_text(publishing.blueprint(key="online-retail").text))


def paths(value, path=()):
    yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in entries:
        yield from paths(inner, (*path, name))


def put(value, path, new):
    if not path:
        return new
    if isinstance(value, dict):
        return {**value, path[0]: put(value.get(path[0]), path[1:], new)}
    return [put(v, path[1:], new) if n == path[0] else v for n, v in enumerate(value)]


def refusal_of(document):
    """The refusal that applying a document met; None when it was applied."""
    try:
        publishing.apply(document=document, actor="staff:1")
    except Refusal as no:
        return no
    return None


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(sorted(paths(GOOD), key=str)), ANYTHING)
def test_anything_in_any_place_is_applied_or_refused_with_its_path(db, path, new):
    made = {p.key for p in all_programs()}
    before = VersionRow.objects.count()
    no = refusal_of(put(GOOD, path, new))
    if no is not None:
        assert (VersionRow.objects.count(), {p.key for p in all_programs()}) == (before, made)
    if isinstance(no, Invalid):
        assert no.errors
        assert all(isinstance(p, str) and isinstance(m, str) and m for p, m in no.errors)


@pytest.mark.parametrize(
    ("path", "new", "where"),
    [
        (("program", "zone"), "Mars/Olympus", "program.zone"),
        (("program", "currency"), "pounds", "program.currency"),
        (("units", 0, "kind"), "money", "units.0.kind"),
        (("units", 0, "expiry"), {"kind": "someday"}, "units.0.expiry.kind"),
        (("earn_rules", 0, "rate", "per"), -1, "earn_rules.0.rate.per"),
        (("earn_rules", 0, "unit"), "miles", "earn_rules.0.unit"),
        (("earn_rules",), {"base": 1}, "earn_rules"),
        (("ladders", 0, "measure"), "points", "ladders.0.measure"),
        (("ladders", 0, "levels", 1, "enter"), "many", "ladders.0.levels.1.enter"),
        (("stores", 0, "parent"), "nowhere", "stores.0.parent"),
        (("policies", "claims_within_days"), 10**9, "policies.claims_within_days"),
    ],
)
def test_a_fault_is_told_where_it_is(path, new, where):
    with pytest.raises(Invalid) as no:
        publishing.apply(document=put(GOOD, path, new), actor="staff:1")
    assert where in [p for p, _ in no.value.errors]
    assert all_programs() == []


DOCS = Path(__file__).parents[5] / "docs"


@pytest.mark.skipif(not DOCS.exists(), reason="the documentation is not beside an installed package")
@pytest.mark.parametrize("page", ["program-document.md", "zh/program-document.md"])
def test_the_example_of_the_documentation_is_a_program(page):
    text = (DOCS / page).read_text("utf-8").partition("```yaml\n")[2].partition("```")[0]
    made = publishing.apply(document=text, actor="staff:1")
    assert (made.number, len(made.document["earn_rules"])) == (1, 7)
    assert list(schemas.validator_for(SCHEMA).iter_errors(rules.plain(rules.read_text(text)))) == []
    rule = SCHEMA["$defs"]["earn_rule"]["properties"]
    said = {field for r in made.document["earn_rules"] for field in r}
    assert set(rule) - said == set(), "the example shows every field of a rule"

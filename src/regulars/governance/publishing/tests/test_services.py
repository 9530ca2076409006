"""Publishing against a real database: whole or nothing, one number after another, unchangeable."""

from unittest.mock import patch

import pytest
from django.db import IntegrityError, InternalError, connection, transaction

from regulars.governance.publishing import services as publishing
from regulars.governance.publishing.models import VersionRow
from regulars.governance.publishing.services import applying, hooks
from regulars.governance.publishing.terms import UnknownVersion, VersionConflict
from regulars.kernel.errors import Invalid, Refusal
from regulars.kernel.models import FactRow
from regulars.people.programs import services as programs
from regulars.people.programs.terms import NoProgram
from regulars.value.promotions.models import RuleRow

pytestmark = pytest.mark.django_db
BLUEPRINTS = [b.key for b in publishing.blueprints()]


@pytest.fixture
def made():
    text = publishing.blueprint(key="online-retail").text
    return publishing.apply(document=text, actor="staff:1", note="first")


def rated(text: str, points: int) -> str:
    return text.replace("points: 1\n", f"points: {points}\n", 1)


@pytest.mark.parametrize("key", BLUEPRINTS)
def test_a_blueprint_becomes_a_program_and_its_export_changes_nothing(key):
    made = publishing.apply(document=publishing.blueprint(key=key).text, actor="staff:1", note="first")
    assert (made.number, made.unchanged, made.program_key) == (1, False, key)
    text = publishing.export(program_id=made.program_id)
    assert publishing.plan(document=text).changes == ()
    again = publishing.apply(document=text, actor="staff:1")
    assert (again.number, again.unchanged, again.digest) == (1, True, made.digest)
    assert publishing.export(program_id=made.program_id, version=1) == text
    assert VersionRow.objects.count() == 1


def test_an_export_makes_the_same_program_elsewhere(made):
    text = publishing.export(program_id=made.program_id).replace("key: online-retail", "key: copy", 1)
    copy = publishing.apply(document=text, actor="staff:1")
    assert copy.program_id != made.program_id
    assert publishing.export(program_id=copy.program_id) == text


def test_the_json_form_is_the_same_document(made):
    version = publishing.current(program_id=made.program_id)
    assert publishing.apply(document=version.document, actor="key:1").unchanged
    floats = {**version.document, "earn_rules": [
        {**r, "rate": {"points": 1, "per": 1.0}} for r in version.document["earn_rules"]
    ]}  # fmt: skip
    assert publishing.apply(document=floats, actor="key:1").unchanged


def test_each_change_is_a_new_number_and_the_old_ones_stay(made):
    text = publishing.export(program_id=made.program_id)
    second = publishing.apply(document=rated(text, 2), actor="staff:2", note="double", expected_version=1)
    third = publishing.apply(document=text, actor="staff:3", note="back")
    assert (second.number, third.number) == (2, 3)
    assert third.digest == made.digest != second.digest
    listed = publishing.versions(program_id=made.program_id)
    assert [(v.number, v.actor, v.note) for v in listed] == [
        (3, "staff:3", "back"),
        (2, "staff:2", "double"),
        (1, "staff:1", "first"),
    ]
    assert [v.number for v in publishing.versions(program_id=made.program_id, before=3, limit=1)] == [2]
    assert publishing.export(program_id=made.program_id, version=2) == rated(text, 2)
    assert programs.by_id(program_id=made.program_id).current_version == 3
    assert [f.body["version"] for f in FactRow.objects.filter(kind="ProgramPublished").order_by("id")] == [1, 2, 3]


def test_a_section_left_out_stays_and_an_entry_left_out_goes(made):
    key = "program: {key: online-retail, name: Online Retail, zone: Europe/London, currency: GBP}\n"
    rules = "earn_rules: [{key: base, unit: points, rate: {points: 5, per: 1}}]\n"
    done = publishing.apply(document=key + rules, actor="staff:1")
    document = done.document
    assert [r["key"] for r in document["earn_rules"]] == ["base"]
    assert [u["key"] for u in document["units"]] == ["points", "growth"]
    assert len(document["ladders"][0]["levels"]) == 4


def test_a_plan_changes_nothing_and_says_what_would(made):
    text = rated(publishing.export(program_id=made.program_id), 3).replace("enter: 1000\n", "enter: 900\n")
    plan = publishing.plan(document=text)
    assert [(c.section, c.key, c.change) for c in plan.changes] == [
        ("ladders", "main", "changed"),
        ("earn_rules", "base", "changed"),
    ]
    assert "rate.points: 1 → 3" in plan.text
    assert plan.base_version == 1
    assert publishing.current(program_id=made.program_id).digest == made.digest
    assert VersionRow.objects.count() == 1


def test_a_plan_of_a_new_program_makes_none():
    plan = publishing.plan(document=publishing.blueprint(key="online-retail").text)
    assert plan.base_version == 0
    assert {c.section for c in plan.changes} >= {"stores", "units", "earn_rules", "ladders"}
    with pytest.raises(NoProgram):
        programs.get(key="online-retail")


def test_the_version_that_was_expected_must_be_in_force(made):
    text = rated(publishing.export(program_id=made.program_id), 2)
    with pytest.raises(VersionConflict) as no:
        publishing.apply(document=text, actor="staff:1", expected_version=7)
    assert no.value.facts == {"current_version": 1}
    assert VersionRow.objects.count() == 1


@pytest.mark.parametrize("place", range(len(hooks.HOOKS)))
def test_a_fault_in_any_context_leaves_nothing_changed(made, place):
    before = publishing.export(program_id=made.program_id)
    text = rated(before, 2).replace("enter: 1000\n", "enter: 900\n").replace("name: Web shop", "name: Shop")

    def breaks(*_):
        raise Refusal("no")

    whole = list(hooks.HOOKS)
    whole[place] = hooks.Hook(**{**vars(whole[place]), "apply": breaks})
    with patch.object(applying, "HOOKS", tuple(whole)), pytest.raises(Refusal, match="no"):
        publishing.apply(document=text, actor="staff:1")
    assert publishing.export(program_id=made.program_id) == before
    assert programs.by_id(program_id=made.program_id).current_version == 1
    assert RuleRow.objects.filter(version=2).count() == 0
    assert FactRow.objects.filter(kind="ProgramPublished").count() == 1


def test_a_fault_in_a_later_section_makes_no_program():
    text = publishing.blueprint(key="online-retail").text.replace("unit: growth", "unit: miles")
    with pytest.raises(Invalid) as no:
        publishing.apply(document=text, actor="staff:1")
    assert no.value.errors == [("earn_rules.1.unit", "there is no unit 'miles' in this program")]
    with pytest.raises(NoProgram):
        programs.get(key="online-retail")


@pytest.mark.parametrize(
    "sql",
    [
        "update publishing_version set note = 'x'",
        "update publishing_version set document = '{}'",
        "delete from publishing_version",
    ],
)
def test_v3_a_version_never_changes(made, sql):
    with pytest.raises((IntegrityError, InternalError), match="V3_a_version_never_changes"):  # noqa: SIM117
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert publishing.current(program_id=made.program_id).digest == made.digest


def test_v5_somebody_applied_it(made):
    text = rated(publishing.export(program_id=made.program_id), 2)
    with pytest.raises(IntegrityError, match="V5_somebody_applied_it"), transaction.atomic():
        publishing.apply(document=text, actor="")
    assert VersionRow.objects.count() == 1


def test_unknown_programs_versions_and_sections_are_refused(made):
    with pytest.raises(NoProgram):
        publishing.apply(document={"units": []}, program_id=10**6, actor="staff:1")
    with pytest.raises(UnknownVersion):
        publishing.version(program_id=made.program_id, number=9)
    with pytest.raises(UnknownVersion):
        publishing.export(program_id=made.program_id, version=0)
    with pytest.raises(Invalid) as no:
        publishing.apply(document={"program": {"key": "x"}, "coupons": []}, actor="staff:1")
    assert no.value.errors[0][0] == "coupons"


def test_a_program_never_takes_the_document_of_another(made):
    other = publishing.export(program_id=made.program_id).replace("key: online-retail", "key: other", 1)
    with pytest.raises(Invalid) as no:
        publishing.apply(document=other, program_id=made.program_id, actor="staff:1")
    assert no.value.errors[0][0] == "program.key"
    assert VersionRow.objects.count() == 1


def test_a_rule_may_not_outlive_the_store_that_it_names(made):
    document = publishing.current(program_id=made.program_id).document
    named = [{**document["earn_rules"][0], "stores": ["web-store"]}]
    publishing.apply(document={**document, "earn_rules": named}, actor="staff:1")
    with pytest.raises(Invalid) as no:
        publishing.apply(document={"program": document["program"], "stores": []}, actor="staff:1")
    assert no.value.errors == [("earn_rules.0.stores.0", "there is no store 'web-store' in this program")]
    assert VersionRow.objects.count() == 2

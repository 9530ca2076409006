"""The program document: described, planned, applied."""

from __future__ import annotations

import pytest

from regulars.kernel.errors import Invalid
from regulars.people.programs import services
from regulars.people.programs.models import StoreRow
from regulars.people.programs.terms import Change
from regulars.people.programs.tests.test_services import ME, a_program

pytestmark = pytest.mark.django_db

DOCUMENT = {
    "program": {"key": "town", "name": "Town", "zone": "Asia/Shanghai", "currency": "CNY"},
    "brands": [{"key": "tea", "name": "Tea"}],
    "stores": [
        {"key": "sh01", "name": "Bund", "parent": "east", "brand": "tea", "hours": {"mon": [["09:00", "21:00"]]}},
        {"key": "cn", "name": "China", "kind": "region"},
        {"key": "east", "name": "East", "kind": "region", "parent": "cn"},
    ],
    "channels": [{"key": "web", "name": "Web", "kind": "web"}],
}


def tables():
    return services.describe(services.get(key="town").id), list(StoreRow.objects.order_by("id").values())


def test_what_is_applied_is_described_and_planning_it_again_finds_nothing():
    town = a_program()
    changes = services.apply(town.id, DOCUMENT, ME)
    assert [(c.path, c.action) for c in changes] == [
        ("brands.tea", "add"),
        ("stores.cn", "add"),
        ("stores.east", "add"),
        ("stores.sh01", "add"),
        ("channels.web", "add"),
    ]
    described = services.describe(town.id)
    assert described == {
        "program": {"key": "town", "name": "Town", "zone": "Asia/Shanghai", "currency": "CNY", "locale": "en"},
        "brands": [{"key": "tea", "name": "Tea"}],
        "stores": [
            {"key": "cn", "name": "China", "kind": "region", "zone": "Asia/Shanghai", "currency": "CNY"},
            {
                "key": "east",
                "name": "East",
                "kind": "region",
                "parent": "cn",
                "zone": "Asia/Shanghai",
                "currency": "CNY",
            },
            {
                "key": "sh01",
                "name": "Bund",
                "kind": "store",
                "parent": "east",
                "brand": "tea",
                "zone": "Asia/Shanghai",
                "currency": "CNY",
                "hours": {"mon": [["09:00", "21:00"]]},
            },
        ],
        "channels": [{"key": "web", "name": "Web", "kind": "web", "online": True}],
    }
    assert services.check(described) == []
    assert services.plan(town.id, DOCUMENT) == services.plan(town.id, described) == []
    before = tables()
    assert services.apply(town.id, described, ME) == []
    assert tables() == before


def test_a_plan_says_what_changes_and_changes_nothing():
    town = a_program()
    services.apply(town.id, DOCUMENT, ME)
    before = tables()
    wanted = {
        "program": {**DOCUMENT["program"], "name": "Big Town"},
        "stores": [{"key": "cn", "name": "China", "kind": "region", "zone": "Asia/Urumqi"}],
    }
    assert services.plan(town.id, wanted) == [
        Change(path="program", action="change", before={"name": "Town"}, after={"name": "Big Town"}),
        Change(path="stores.cn", action="change", before={"zone": "Asia/Shanghai"}, after={"zone": "Asia/Urumqi"}),
        Change(
            path="stores.east",
            action="retire",
            before={
                "key": "east",
                "name": "East",
                "kind": "region",
                "parent": "cn",
                "brand": None,
                "zone": "Asia/Shanghai",
                "currency": "CNY",
                "hours": {},
                "address": "",
                "active": True,
            },
        ),
        Change(
            path="stores.sh01",
            action="retire",
            before={
                "key": "sh01",
                "name": "Bund",
                "kind": "store",
                "parent": "east",
                "brand": "tea",
                "zone": "Asia/Shanghai",
                "currency": "CNY",
                "hours": {"mon": [["09:00", "21:00"]]},
                "address": "",
                "active": True,
            },
        ),
    ]
    assert tables() == before


def test_what_a_section_no_longer_names_is_retired_and_comes_back_when_named():
    town = a_program()
    services.apply(town.id, DOCUMENT, ME)
    services.apply(town.id, {"stores": [], "brands": [], "channels": []}, ME)
    assert [s.active for s in services.stores(program_id=town.id).items] == [False] * 3
    assert not services.brand(program_id=town.id, key="tea").active
    assert services.plan(town.id, {"stores": []}) == []
    services.apply(town.id, DOCUMENT, ME)
    assert [s.active for s in services.stores(program_id=town.id).items] == [True] * 3
    assert services.plan(town.id, DOCUMENT) == []


def test_a_region_and_its_child_can_change_places_in_one_document():
    town = a_program()
    services.apply(town.id, DOCUMENT, ME)
    services.apply(
        town.id,
        {
            "stores": [
                {"key": "east", "name": "East", "kind": "region"},
                {"key": "cn", "name": "China", "kind": "region", "parent": "east"},
            ]
        },
        ME,
    )
    # sh01 is retired, stays below east, and has followed it
    assert {s.key: s.path for s in services.stores(program_id=town.id).items} == {
        "east": "/east/",
        "cn": "/east/cn/",
        "sh01": "/east/sh01/",
    }


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"program": {**DOCUMENT["program"], "key": "other"}}, "program.key"),
        ({"program": {**DOCUMENT["program"], "zone": "Nowhere"}}, "program.zone"),
        ({"stores": [{"key": "x", "name": "X", "brand": "coffee"}]}, "stores.0.brand"),
        ({"stores": [{"key": "x", "name": "X", "parent": "cn"}]}, "stores.0.parent"),
    ],
)
def test_a_faulty_document_is_refused_and_changes_nothing(document, path):
    town = a_program()
    services.apply(town.id, DOCUMENT, ME)
    before = tables()
    with pytest.raises(Invalid) as no:
        services.apply(town.id, document, ME)
    assert [p for p, _ in no.value.errors] == [path]
    assert tables() == before

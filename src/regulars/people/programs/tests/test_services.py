"""Programs, brands, stores and channels on a real database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from regulars.kernel.errors import Invalid
from regulars.people.programs import services
from regulars.people.programs.models import StoreRow
from regulars.people.programs.terms import KeyTaken, NoBrand, NoChannel, NoProgram, NoStore, VersionWentBack

pytestmark = pytest.mark.django_db
ME = "system:test"


def a_program(key: str = "town", **more: str):
    return services.create(
        **{"key": key, "name": "Town", "zone": "Asia/Shanghai", "currency": "CNY", "actor": ME, **more}
    )


def a_store(program, key, parent=None, kind="store", **more):
    return services.define_store(
        program_id=program.id, key=key, name=key.upper(), kind=kind, parent=parent, actor=ME, **more
    )


def test_a_program_is_found_by_key_and_by_id():
    made = a_program(locale="zh-Hans", settings={"a": 1})
    assert services.get(key="town") == made == services.by_id(program_id=made.id)
    assert (made.zone, made.currency, made.locale, made.current_version) == ("Asia/Shanghai", "CNY", "zh-Hans", 0)
    assert made.settings == {"a": 1}
    assert services.all_programs() == [made]


def test_a_bad_program_is_refused_with_every_fault_and_nothing_is_made():
    with pytest.raises(Invalid) as no:
        a_program("Not A Key", name=" ", zone="Mars/Base", currency="XYZ", locale="?")
    assert [path for path, _ in no.value.errors] == ["key", "name", "zone", "currency", "locale"]
    assert services.all_programs() == []


def test_a_program_key_is_taken_once():
    first = a_program()
    with pytest.raises(KeyTaken):
        a_program(name="Other")
    assert services.all_programs() == [first]


def test_unknown_things_are_not_found():
    town = a_program()
    with pytest.raises(NoProgram):
        services.get(key="elsewhere")
    with pytest.raises(NoProgram):
        services.by_id(program_id=0)
    with pytest.raises(NoStore):
        services.store(program_id=town.id, key="x")
    with pytest.raises(NoBrand):
        services.brand(program_id=town.id, key="x")
    with pytest.raises(NoChannel):
        services.channel(program_id=town.id, key="x")


def test_a_version_only_goes_up():
    town = a_program()
    assert services.set_current_version(program_id=town.id, version=3).current_version == 3
    for back in (3, 2):
        with pytest.raises(VersionWentBack):
            services.set_current_version(program_id=town.id, version=back)
    assert services.get(key="town").current_version == 3


def test_brands_and_channels_are_defined_once_and_changed_after():
    town = a_program()
    first = services.define_brand(program_id=town.id, key="tea", name="Tea", actor=ME)
    assert services.define_brand(program_id=town.id, key="tea", name="Teas", actor=ME).id == first.id
    assert [b.name for b in services.brands(program_id=town.id)] == ["Teas"]
    web = services.define_channel(program_id=town.id, key="web", name="Web", kind="web", actor=ME)
    till = services.define_channel(program_id=town.id, key="till", name="Till", kind="store", actor=ME)
    assert (web.online, till.online) == (True, False)
    assert services.channel(program_id=town.id, key="web") == web
    with pytest.raises(Invalid) as no:
        services.define_channel(program_id=town.id, key="fax", name="Fax", kind="fax", actor=ME)
    assert [p for p, _ in no.value.errors] == ["kind"]
    assert len(services.channels(program_id=town.id)) == 2


def test_stores_take_zone_and_currency_of_the_program_unless_told():
    town = a_program()
    assert (a_store(town, "a").zone, a_store(town, "a").currency) == ("Asia/Shanghai", "CNY")
    told = a_store(town, "b", zone="Asia/Hong_Kong", currency="HKD")
    assert (told.zone, told.currency) == ("Asia/Hong_Kong", "HKD")


def test_moving_a_region_moves_all_below_it_and_nothing_else():
    town = a_program()
    a_store(town, "cn", kind="region")
    a_store(town, "east", "cn", "region")
    a_store(town, "sh01", "east")
    # keys that a careless pattern would catch too: _ is a wildcard of LIKE
    a_store(town, "cn_", kind="region")
    a_store(town, "cnx", kind="region")
    a_store(town, "other", "cnx")
    a_store(town, "asia", kind="region")
    a_store(town, "cn_", "asia", "region")
    a_store(town, "cn", "asia", "region")
    paths = dict(StoreRow.objects.values_list("key", "path"))
    assert paths == {
        "asia": "/asia/",
        "cn": "/asia/cn/",
        "east": "/asia/cn/east/",
        "sh01": "/asia/cn/east/sh01/",
        "cn_": "/asia/cn_/",
        "cnx": "/cnx/",
        "other": "/cnx/other/",
    }


def test_a_circle_of_parents_is_refused_and_changes_nothing():
    town = a_program()
    a_store(town, "cn", kind="region")
    a_store(town, "east", "cn", "region")
    before = list(StoreRow.objects.order_by("id").values())
    for key, parent in (("cn", "east"), ("cn", "cn"), ("east", "east")):
        with pytest.raises(Invalid) as no:
            a_store(town, key, parent, "region")
        assert [p for p, _ in no.value.errors] == ["parent"]
        assert "circle" in no.value.errors[0][1]
    assert list(StoreRow.objects.order_by("id").values()) == before


def test_a_bad_store_is_refused_with_every_fault():
    town = a_program()
    a_store(town, "sh01")
    with pytest.raises(Invalid) as no:
        services.define_store(
            program_id=town.id,
            key="X",
            name="",
            kind="kiosk",
            parent="sh01",
            brand="none",
            zone="UTC+8",
            currency="RMB",
            opening_hours={"mon": [["9:00", "21:00"]], "day": []},
            actor=ME,
        )
    assert [p for p, _ in no.value.errors] == [
        "key",
        "name",
        "kind",
        "zone",
        "currency",
        "opening_hours.day",
        "opening_hours.mon.0",
        "parent",
        "brand",
    ]
    assert [s.key for s in services.stores(program_id=town.id).items] == ["sh01"]


def test_a_region_with_stores_stays_a_region():
    town = a_program()
    a_store(town, "cn", kind="region")
    a_store(town, "sh01", "cn")
    with pytest.raises(Invalid) as no:
        a_store(town, "cn", kind="store")
    assert [p for p, _ in no.value.errors] == ["kind"]


def test_a_subtree_is_the_store_and_all_below():
    town, other = a_program(), a_program("other")
    ids = {
        k: a_store(town, k, p, kind).id
        for k, p, kind in (
            ("cn", None, "region"),
            ("east", "cn", "region"),
            ("sh01", "east", "store"),
            ("cn2", None, "region"),
        )
    }
    assert services.subtree(program_id=town.id, store_id=ids["cn"]) == [ids["cn"], ids["east"], ids["sh01"]]
    assert services.subtree(program_id=town.id, store_id=ids["sh01"]) == [ids["sh01"]]
    assert services.is_within(program_id=town.id, store_id=ids["sh01"], root_id=ids["cn"])
    assert not services.is_within(program_id=town.id, store_id=ids["cn2"], root_id=ids["cn"])
    for read in (services.subtree, services.store_by_id):
        with pytest.raises(NoStore):
            read(program_id=other.id, store_id=ids["cn"])


def test_stores_are_read_page_by_page():
    town = a_program()
    for n in range(7):
        a_store(town, f"s{n}", active=n != 3)
    seen, cursor = [], None
    while True:
        page = services.stores(program_id=town.id, limit=3, cursor=cursor)
        assert len(page.items) <= 3
        seen += [s.key for s in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"s{n}" for n in range(7)]
    assert [s.key for s in services.stores(program_id=town.id, active=False).items] == ["s3"]


def test_a_store_is_open_by_its_own_clock_and_never_when_retired():
    town = a_program()
    hours = {"mon": [["09:00", "21:00"]]}
    shanghai = a_store(town, "sh01", opening_hours=hours)
    noon_there = datetime(2026, 6, 1, 4, tzinfo=UTC)
    assert services.is_open(store=shanghai, instant=noon_there)
    assert not services.is_open(
        store=a_store(town, "ldn", opening_hours=hours, zone="Europe/London"), instant=noon_there
    )
    assert not services.is_open(store=a_store(town, "sh01", opening_hours=hours, active=False), instant=noon_there)


@pytest.mark.parametrize(
    ("name", "sql"),
    [
        (
            "P1_program_key_is_unique",
            "insert into programs_program (key, name, zone, currency, locale, current_version, settings, created_at)"
            " select key, name, zone, currency, locale, 0, '{}', created_at from programs_program",
        ),
        ("P1_program_key_is_a_slug", "update programs_program set key = 'Not A Slug'"),
        ("P2_version_is_not_negative", "update programs_program set current_version = -1"),
        ("P3_program_currency_is_iso", "update programs_program set currency = 'rmb'"),
        ("P3_store_currency_is_iso", "update programs_store set currency = 'rmb'"),
        ("P1_store_key_is_a_slug", "update programs_store set key = '/'"),
        ("P1_store_key_is_unique", "update programs_store set key = 'sh01'"),
        ("P4_store_kind_is_known", "update programs_store set kind = 'kiosk'"),
        ("P4_store_is_not_its_own_parent", "update programs_store set parent_id = id"),
        ("P5_path_is_keys", "update programs_store set path = 'cn'"),
        ("P1_brand_key_is_unique", "update programs_brand set key = 'tea'"),
        ("P1_brand_key_is_a_slug", "update programs_brand set key = 'T'"),
        ("P1_channel_key_is_unique", "update programs_channel set key = 'web'"),
        ("P1_channel_key_is_a_slug", "update programs_channel set key = 'W'"),
        ("P4_channel_kind_known", "update programs_channel set kind = 'fax'"),
    ],
)
def test_each_named_constraint_stops_what_it_names(name, sql):
    town = a_program()
    for key in ("sh01", "sh02"):
        a_store(town, key)
        services.define_brand(program_id=town.id, key=key, name=key, actor=ME)
        services.define_channel(program_id=town.id, key=key, name=key, kind="web", actor=ME)
    with pytest.raises(IntegrityError, match=name), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)

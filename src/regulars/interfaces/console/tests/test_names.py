"""Pages call the things of a program by their names, in the reader's language; the key is a hint. One link shows where she is."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from regulars.governance.publishing import services as publishing
from regulars.interfaces.console import naming
from regulars.interfaces.console.tests.conftest import Desk
from regulars.kernel import ids
from regulars.value.benefits import services as benefits
from regulars.value.tiers import services as tiers

PROGRAM = {
    "ladders": [
        {
            "key": "club",
            "name": {"en": "The club", "zh-Hans": "俱乐部"},
            "measure": "growth",
            "levels": [
                {"key": "basic", "name": {"en": "Friends", "zh-Hans": "朋友"}, "enter": 0},
                {"key": "gold", "name": {"en": "Goldsmiths", "zh-Hans": "金匠"}, "enter": 90000},
            ],
        }
    ],
    "benefits": [
        {
            "key": "lounge",
            "name": {"en": "The lounge", "zh-Hans": "贵宾室"},
            "kind": "lounge",
            "for": {"levels": ["club/gold+"], "packs": ["vip"]},
        }
    ],
    "packs": [{"key": "vip", "name": {"en": "Guests", "zh-Hans": "贵宾"}, "benefits": ["lounge"]}],
    "rewards": [
        {
            "key": "tasting",
            "name": {"en": "A tasting", "zh-Hans": "品鉴会"},
            "kind": "experience",
            "levels": ["club/gold"],
            "price": [{"units": {"points": 1}}],
            "sessions": [
                {
                    "key": "s1",
                    "name": {"en": "First evening", "zh-Hans": "首晚"},
                    "starts": "2099-05-01T18:00",
                    "seats": 3,
                }
            ],
        }
    ],
}


@pytest.fixture
def shop(desk: Desk) -> Desk:
    benefits.forget_versions()
    publishing.apply(document=PROGRAM, program_id=desk.program_id, actor="system:test")
    return desk


def text(person: Client, path: str, language: str = "en") -> str:
    person.cookies["django_language"] = language
    answer = person.get(path)
    assert answer.status_code == 200
    return re.sub(r"<[^>]+>", " ", answer.content.decode())


@pytest.mark.parametrize(
    ("language", "says"),
    [("en", ("Goldsmiths and higher", "Guests")), ("zh-hans", ("金匠及以上", "贵宾"))],
)
def test_benefits_are_for_named_levels_and_packs(shop: Desk, language: str, says: tuple[str, ...]) -> None:
    page = text(shop.sits("owner"), "/console/benefits/", language)
    assert [x for x in says if x not in page] == []
    assert "club/gold" not in page


@pytest.mark.parametrize(
    ("language", "says"),
    [("en", ("Goldsmiths", "First evening", "1 point")), ("zh-hans", ("金匠", "首晚", "1 points"))],
)
def test_a_reward_is_for_named_levels_at_named_times(shop: Desk, language: str, says: tuple[str, ...]) -> None:
    page = text(shop.sits("owner"), "/console/reward/tasting/", language)
    assert [x for x in says if x not in page] == []
    assert "1 Points" not in page
    assert "club/gold" not in page
    assert says[1] in text(shop.sits("owner"), "/console/rewards/", language)


def test_what_a_member_was_given_says_by_what(shop: Desk) -> None:
    member_id = ids.decode("mem", shop.ann)
    for source in ("promotion/spring/ord_1", "subscription/sub_1"):
        tiers.grant(
            program_id=shop.program_id, member_id=member_id, ladder="club", level="gold", until=None,
            source=source, actor="system:test",
        )  # fmt: skip
    page = text(shop.sits("owner"), f"/console/member/{shop.ann}/levels/")
    assert "Goldsmiths" in page
    assert "Promotion spring" in page
    assert "Paid membership" in page
    assert "sub_1" not in page


def test_what_the_version_in_force_does_not_know_is_called_by_its_key(shop: Desk) -> None:
    names = naming.Names(shop.program_id, "en")
    assert names.of("levels", "club/gold") == names.of("levels", "gold") == "Goldsmiths"
    assert names.of("levels", "club/silver") == "silver"
    assert names.of("plans", "gone") == "gone"
    assert names.of("stores", "nowhere") == "nowhere"
    assert names.of("occasions", "upgrade/club/gold/2") == "Goldsmiths"
    assert names.of("reasons", "pack vip") == "Pack Guests"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("versions/told/", "Told and confirmed"),
        ("versions/", "Versions"),
        ("versions/drift/", "Versions"),
        ("reward/tasting/", "Rewards"),
        ("", "Overview"),
    ],
)
def test_one_link_shows_where_she_is(shop: Desk, path: str, name: str) -> None:
    page = shop.sits("owner").get(f"/console/{path}").content.decode()
    active = [
        re.sub(r"<[^>]+>", " ", a).split()
        for a in re.findall(r"<a[^>]*class=\"[^\"]*\bactive\b[^\"]*\"[^>]*>.*?</a>", page, re.S)
    ]
    assert {" ".join(words[1:]) for words in active} <= {name}
    assert active

"""Reasons are told in the reader's language, with money as money."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.utils import translation

from regulars.interfaces.console import words
from regulars.interfaces.console.whys import why
from regulars.value.coupons.rules.judging import DETAILS

VALUE = Path(words.__file__).parents[2] / "value"


@pytest.mark.parametrize(
    ("detail", "english", "chinese"),
    [
        ("At most 5 per month, 0 left.", "At most 5 for a month; 0 are left.", "每月最多 5，还剩 0。"),
        (
            "At most 3000 minor units per member and day; none are left.",
            "At most £30.00 for a member and a day; nothing is left.",
            "每位会员、每天最多 £30.00，已用完。",
        ),
        (
            "From 10000 minor units of the goods of this promotion on.",
            "From £100.00 of its goods on.",
            "其商品满 £100.00 起。",
        ),
        ("Only for gold, diamond.", "Only: gold, diamond.", "仅限：gold, diamond。"),
        ("Its amounts are in JPY.", "Its amounts are in JPY.", "其金额以 JPY 计。"),
        ("Only 22:00–02:00.", "Only: 22:00–02:00.", "仅限：22:00–02:00。"),
        ("No line of this basket qualifies.", "", ""),
        ("basket.goods_minor >= 1000", "basket.goods_minor >= 1000", "basket.goods_minor >= 1000"),
    ],
)
def test_a_reason_is_told_in_the_reader_s_language(detail, english, chinese):
    with translation.override("en"):
        assert why(detail, "GBP") == english
    with translation.override("zh-hans"):
        assert why(detail, "GBP") == chinese


def test_every_sentence_that_a_decision_may_say_is_known_in_chinese():
    """The fixed ones among them, as they stand in the rules; a new one is added to `whys` with its shape."""
    text = "\n".join(p.read_text() for p in sorted((VALUE / "promotions" / "rules").rglob("*.py")))
    said = set(re.findall(r'(?:refusal|Shortfall|Unapplied|_no|Answer)\([^"()]*"[a-z_]+", "([A-Z][^"{]+\.)"', text))
    assert len(said) > 12
    with translation.override("zh-hans"):
        left = {one for one in said | set(DETAILS.values()) if re.search("[A-Za-z]{3,}", why(one, "CNY"))}
    assert left == set()


def test_every_code_of_a_refusal_has_a_word():
    text = "\n".join(p.read_text() for p in sorted((VALUE / "promotions" / "rules").rglob("*.py")))
    codes = set(re.findall(r'(?:refusal|Shortfall|Room|_no)\((?:rule, |code=)?"([a-z_]+)"', text)) | set(DETAILS)
    assert len(codes) > 25
    assert codes - set(words.UNEARNED) == set()

"""The reference of facts and codes says what the code knows, no more and no less."""

import re
from pathlib import Path

import pytest

from regulars.kernel.expressions import Type
from regulars.value.promotions.rules.conditions import BASKET_FACTS, LINE_FACTS

PAGE = Path(__file__).parents[5] / "docs" / "reference" / "facts.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the documentation is not beside an installed package")


def test_every_fact_is_documented_with_its_type():
    rows = dict(re.findall(r"^\| `([a-z_.]+)` \| ([a-z]+(?:\([a-z, ]+\))?) \|", PAGE.read_text("utf-8"), re.M))
    known = {
        n: Type.of(kind).name.replace("<", "(").replace(">", ")")
        for n, (kind, _) in {**BASKET_FACTS, **LINE_FACTS}.items()
    }
    assert rows == known


def test_every_reason_is_documented():
    sources = Path(__file__).parents[1] / "rules"
    text = "".join(p.read_text("utf-8") for p in sources.glob("*.py"))
    codes = set(re.findall(r'self\._no\(\s*rule,\s*"(\w+)"', text)) | {"cap_reached", "period_closed"}
    codes |= {"member_suspended", "member_closed"}
    told = PAGE.read_text("utf-8").partition("## Why a rule")[2]
    assert codes == set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (`[^|]+) \|", told, re.M))))

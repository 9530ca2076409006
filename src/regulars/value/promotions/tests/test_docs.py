"""The reference of facts and codes says what the code knows, no more and no less."""

import ast
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
    assert codes == told_in("## Why a rule")


def told_in(chapter: str) -> set[str]:
    text = PAGE.read_text("utf-8").partition(chapter)[2].partition("\n## ")[0]
    return set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (`[^|]+) \|", text, re.M))))


def test_every_reason_of_a_promotion_is_documented():
    codes = {"member_suspended", "member_closed", "no_promotion"}
    for path in (Path(__file__).parents[1] / "rules" / "pricing").glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(getattr(call, "func", None), "attr", getattr(getattr(call, "func", None), "id", ""))
            if isinstance(call, ast.Call) and name in ("refusal", "Unapplied", "Shortfall", "Room", "_missing"):
                said = [*call.args, *(k.value for k in call.keywords if k.arg == "code")]
                texts = [a.value for a in said if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                codes |= {t for t in texts[:1] if re.fullmatch(r"[a-z_]+", t)}
    codes -= {"ended"}  # what is over is not told
    assert codes == told_in("## Why a promotion")

"""What is wrong with a promotion or a condition is told in the reader's language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from django.utils import translation

from regulars.interfaces.console.faults import in_words
from regulars.interfaces.console.tests.conftest import Desk
from regulars.value.promotions.services import conditions

SRC = Path(__file__).parents[3]
RULES = ["conditions", "effects", "parts", "promoting", "recurring"]
FILES = [*(SRC / "value/promotions/rules" / f"{name}.py" for name in RULES), SRC / "kernel/reading.py"]
OF_CONDITIONS = [SRC / "kernel/expressions" / f"{name}.py" for name in ("faults", "text", "compiling")]
SPOKEN = re.compile(r"[A-Za-z]{3,}")


def template(node: ast.expr) -> str:
    """A message with `7` for what differs."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.JoinedStr)
    return "".join([str(v.value) if isinstance(v, ast.Constant) else "7" for v in node.values])


def told_in(path: Path) -> Iterator[str]:
    """Every message that a module reports as a fault."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            said = node.args[1:2] if name == "fault" else node.args[:1] if name == "ValueError" else []
            yield from [template(one) for one in said if isinstance(one, ast.JoinedStr | ast.Constant)]


def told_of_conditions(path: Path) -> Iterator[str]:
    """Every message of a bad condition: the last of a pair, or a sentence that is returned or named `message`."""
    for node in ast.walk(ast.parse(path.read_text())):
        said = None
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:
            said = node.elts[1]
        elif isinstance(node, ast.Return) or (
            isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "message"
        ):
            said = node.value
        if isinstance(said, ast.JoinedStr | ast.Constant) and len(SPOKEN.findall(template(said))) > 2:
            yield template(said)


def in_chinese(message: str) -> str:
    with translation.override("zh-hans"):
        return in_words(message)


def test_every_fault_of_a_promotion_has_its_chinese():
    said = {message for path in FILES for message in told_in(path)}
    assert len(said) > 60
    rest = {  # made of others; what they come to is told below
        "7: 7",
        "must be an amount 7 with at most 7 decimals",
        "must say exactly one of rate, fixed, per_unit and times7",
    }
    assert {one for one in said - rest if not re.search("[\u4e00-\u9fff]", in_chinese(one))} == set()
    assert (
        in_chinese("must be an amount of zero or more with at most 2 decimals") == "须为不小于零的金额，最多 2 位小数"
    )
    one_way = "must say exactly one of rate, fixed, per_unit and times"
    assert in_chinese(f"{one_way}; this says rate and fixed").endswith("这里写了 rate and fixed")
    assert in_chinese(one_way).endswith("必须且只能写一个")
    assert in_chinese("there is no store 'moon' in this program") == "本计划没有门店 'moon'"


def test_every_fault_of_a_condition_has_its_chinese():
    said = {message for path in OF_CONDITIONS for message in told_of_conditions(path)}
    said.discard("7 operations stand inside exists or all; at most 7 may")  # its half; the whole is told by the next
    said.discard("7: compare with a list, x in ['a', 'b'], or move out what is the same for every item")
    assert len(said) > 18
    left = {one for one in said if not re.search("[\u4e00-\u9fff]", in_chinese(one))}
    assert left == set()


@pytest.mark.parametrize(
    "text",
    ["", "basket.totl > 3", "basket.units >", "basket.units > 'x'", "store", "a" * 5_000, "basket.skus.map(x, x)",
     "(" * 60 + "1" + ")" * 60, "store == #", "channel.matches(store)", "has(store)", "matches(1)"],
)  # fmt: skip
def test_what_is_wrong_with_a_condition_is_said_in_chinese_and_in_english_as_before(text):
    found = conditions.faults(text=text, of="when")
    assert found
    for _, message in found:
        assert re.search("[\u4e00-\u9fff]", in_chinese(message)), message
        with translation.override("en"):
            assert in_words(message) == message


@pytest.mark.django_db
def test_the_editor_tells_faults_in_the_language_of_its_page(desk: Desk) -> None:
    body = {"key": "ten", "effects": [{"kind": "order_percent", "percent": 120}], "when": "basket.totl > 3"}
    browser = desk.sits("marketer")
    told = {}
    for language in ("zh-hans", "en"):
        browser.cookies["django_language"] = language
        answer = browser.post("/console/drafts/look/", orjson.dumps({"body": body}), content_type="application/json")
        told[language] = dict(answer.json()["faults"])
    assert told["en"]["effects.0.percent"].startswith("must be a percentage")
    assert told["zh-hans"]["effects.0.percent"] == "须为大于 0、不超过 100 的百分比，最多 4 位小数"
    assert told["zh-hans"]["when"].startswith("1:7: 这里没有 `basket.totl`")

"""The console says everything in both languages."""

from __future__ import annotations

import gettext
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages import pofile
from django.test import Client
from django.utils import translation

from regulars.interfaces.console import words
from regulars.interfaces.console.refusals import SENTENCES, said
from regulars.interfaces.console.templatetags import console as tags
from regulars.kernel.errors import Invalid
from regulars.value.ledger.terms import NotEnoughPoints

ROOT = Path(__file__).parents[3]
CATALOGUE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"


def messages() -> list[Any]:
    with CATALOGUE.open("rb") as file:
        return [m for m in pofile.read_po(file, locale="zh_Hans") if m.id]


def test_every_marked_word_is_in_the_catalogue_and_translated(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "django", "makemessages", "--locale=zh_Hans", "--keep-pot", "--no-location",
            "--ignore=*/tests/*", "--settings=regulars.settings", "--no-obsolete", "--verbosity=0",
        ],
        cwd=copied(tmp_path), capture_output=True, text=True,
    )  # fmt: skip
    if "Can't find" in done.stderr:
        pytest.skip("gettext's tools are not installed here")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "regulars" / "locale" / "django.pot").read_text("utf-8")
    template = pofile.read_po(
        StringIO(text.replace("nplurals=INTEGER; plural=EXPRESSION;", "nplurals=2; plural=n>1;"))
    )
    marked = {(m.context, m.id if isinstance(m.id, str) else m.id[0]) for m in template if m.id}
    known = {(m.context, m.id if isinstance(m.id, str) else m.id[0]) for m in messages()}
    assert marked - known == set()
    assert known - marked == set()


def copied(folder: Path) -> Path:
    """The house's sources without its tests, so that the tool writes nowhere else."""
    for path in ROOT.rglob("*"):
        if path.suffix in (".py", ".html", ".txt", ".po") and "tests" not in path.parts:
            target = folder / "regulars" / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return folder / "regulars"


def test_no_translation_is_empty_or_doubtful_and_all_places_are_kept() -> None:
    for message in messages():
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        asked = message.id if isinstance(message.id, str) else message.id[-1]
        assert all(texts) and not message.fuzzy, asked
        for text in texts:
            assert sorted(re.findall(r"%\(\w+\)s|%%", text)) == sorted(re.findall(r"%\(\w+\)s|%%", asked)), asked


def test_the_compiled_catalogue_is_fresh() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message in messages():
        if isinstance(message.id, str):
            found = (
                compiled.pgettext(message.context, message.id) if message.context else compiled.gettext(message.id)
            )
            assert found == message.string


def test_refusals_are_said_in_the_readers_language() -> None:
    with translation.override("zh-hans"):
        assert said(NotEnoughPoints("She has 3.")) == "会员的余额不足。"
        assert said(Invalid(errors=[("amount", "is too big")])).endswith("amount: is too big")
    with translation.override("en"):
        assert said(NotEnoughPoints("She has 3.")) == "She has 3."
    assert all(str(sentence) for sentence in SENTENCES.values())


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(123_456, "CNY", "¥1,234.56"), (-5, "GBP", "−£0.05"), (1234, "JPY", "¥1,234"), (1, "KWD", "KWD 0.001")],
)
def test_money_is_written_with_its_sign(minor: int, currency: str, text: str) -> None:
    assert tags.cash(minor, currency) == text


def test_names_come_in_the_readers_language_or_the_nearest() -> None:
    names = {"en": "Gold", "zh-Hans": "金卡"}
    assert [words.named(names, "gold", tag) for tag in ("en", "zh-hans", "zh-hant", "fr")] == [
        "Gold", "金卡", "Gold", "Gold",
    ]  # fmt: skip
    assert words.named({}, "gold", "en") == "gold"


@pytest.mark.django_db
def test_the_door_speaks_the_language_of_the_browser(client: Client) -> None:
    assert "登录" in client.get("/accounts/login/", headers={"Accept-Language": "zh-CN"}).content.decode()
    assert "Log in" in client.get("/accounts/login/", headers={"Accept-Language": "en"}).content.decode()


def test_every_documented_reason_of_a_reject_has_words_in_both_languages() -> None:
    """The codes of docs/imports.md, which the console says as a person would."""
    told = (ROOT.parents[1] / "docs" / "imports.md").read_text("utf-8")
    table = told.partition("## Reasons of rejects")[2].partition("\n## ")[0]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    codes = {code.partition(":")[0] for cell in cells for code in re.findall(r"`([^`]+)`", cell)}
    assert codes == set(words.REJECT)
    assert tags.rejected("bad_number:quantity") == "Not a number that can be used (quantity)"
    with translation.override("zh-hans"):
        assert tags.rejected("unclosed_quote") == "此处的引号没有闭合"
        assert all(not str(text).isascii() for text in words.REJECT.values())

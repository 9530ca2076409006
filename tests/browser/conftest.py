"""What the browser's stories stand on: a real Chromium, a house that serves, and a page that forgives nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache

from regulars.people.members import services as members
from regulars.people.members.terms import Claim, IdentifierType
from regulars.people.staff import services as staff
from regulars.value.orders import services as orders
from tests.stories import cast

PASSWORD = "a long enough phrase 9"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[Any]) -> None:
    for item in items:
        if "tests/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)


def _chromium() -> str | None:
    said = os.environ.get("REGULARS_CHROMIUM")
    return said or next((path for path in map(shutil.which, _NAMES) if path), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser for all stories."""
    path = _chromium()
    if path is None:
        pytest.skip("there is no Chromium here; install one, or name it in REGULARS_CHROMIUM")
    playwright = pytest.importorskip("playwright.sync_api")
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright keeps an event loop in this thread
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@dataclass
class House:
    """A program with two people who work there and two members who bought."""

    program_id: int
    ann: str
    bea: str


@pytest.fixture
def house(transactional_db: None, settings: Any) -> House:
    """The shop called Corner."""
    settings.REGULARS_REQUIRE_2FA = False
    cache.clear()
    program_id = cast.a_program()
    for name, role in (("olga", "owner"), ("oleg", "owner"), ("susi", "service")):
        person = staff.add_person(
            email=f"{name}@shop.example", name=name.title(), password=PASSWORD, actor="system:test"
        )
        staff.grant(user_id=person.id, role=role, program_id=program_id, actor="system:test")
    ann = a_member(program_id, "Ann Lee", "+8613800138000", "c-1")
    bea = a_member(program_id, "王小明", "+8613900139000", "c-2")
    for ref, who, fen in (("A-1", ann, 30_000), ("A-2", ann, 4_500), ("B-1", bea, 10_000)):
        told = orders.read_order(cast.an_order(ref, who, (fen,)))
        orders.place(program_id=program_id, told=told, actor="system:test")
    return House(program_id=program_id, ann=ann, bea=bea)


def a_member(program_id: int, name: str, phone: str, external: str) -> str:
    """A member with a name, a verified phone and an external id; her public id."""
    claims = [Claim(type=IdentifierType.PHONE, value=phone), Claim(type=IdentifierType.EXTERNAL, value=external)]
    done = members.register(
        program_id=program_id, actor="system:test", attested=True, identifiers=claims, name=name, store="bund"
    )
    return cast.members_id(done.member_id)


class Visitor:
    """A person at a browser. Every page she sees is checked: nothing failed, nothing scrolls sideways."""

    def __init__(self, browser: Any, base: str, *, width: int = 1280, theme: str = "light") -> None:
        self.base = base
        self.context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=theme, locale="en")
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.faults: list[str] = []
        self.page.on("console", lambda m: self.faults.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("response", lambda a: self.faults.append(f"{a.status} {a.url}") if a.status >= 500 else None)

    def logs_in(self, name: str) -> Visitor:
        self.goes("/accounts/login/")
        self.page.fill("input[name=login]", f"{name}@shop.example")
        self.page.fill("input[name=password]", PASSWORD)
        self.page.click("main form button[type=submit]")
        self.page.wait_for_url("**/console/")
        return self

    def goes(self, path: str) -> None:
        self.page.goto(self.base + path)
        self.check()

    def check(self) -> None:
        """Nothing failed, and the page is as wide as the window."""
        self.page.wait_for_load_state("load")
        wide, window = self.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= window, f"{self.page.url} is {wide} wide in a window of {window}"
        assert self.faults == []

    def sees(self, text: str) -> None:
        """The text stands on the page."""
        self.page.get_by_text(text).first.wait_for()
        self.check()

    def presses(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()
        self.page.wait_for_load_state("networkidle")

    def follows(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()
        self.page.wait_for_load_state("networkidle")

    def balance(self, unit: str = "points") -> str:
        return self.page.locator(f"[data-unit={unit}]").inner_text()


@pytest.fixture
def visit(chromium: Any, live_server: Any, house: House) -> Iterator[Any]:
    """Open a browser window; all are closed in the end."""
    opened: list[Visitor] = []

    def come(**how: Any) -> Visitor:
        opened.append(Visitor(chromium, live_server.url, **how))
        return opened[-1]

    yield come
    for one in opened:
        one.context.close()

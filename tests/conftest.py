"""What the tests of the whole house share: a browser, where there is one, and the public data, where it lies."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium for `playwright.chromium.launch(executable_path=…)`; skips where there is none."""
    named = os.environ.get("REGULARS_CHROMIUM")
    found = named or next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if not found:
        pytest.skip("no Chromium here: apt-get install chromium, or name one in REGULARS_CHROMIUM")
    return found


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of public data sets named by REGULARS_DATA; skips where there is none."""
    folder = os.environ.get("REGULARS_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("REGULARS_DATA names no folder with the public data sets")
    return Path(folder)


@pytest.fixture
def one_transaction(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is asked of the application itself stays in the test's transaction: nothing looks after its connection."""
    monkeypatch.setattr("regulars.wsgi._give_back", lambda: None)
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for the browser or the data is marked so by itself."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "chromium" in names:
            item.add_marker("browser")
        if "real_data" in names:
            item.add_marker("realdata")

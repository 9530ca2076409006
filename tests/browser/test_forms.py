"""Forms of the console on a phone: nothing is wider than the window."""

from __future__ import annotations

from typing import Any

import pytest

from regulars.people.programs import services as programs
from tests.browser.conftest import House


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_form_of_a_store_fits_a_phone(house: House, visit: Any, language: str) -> None:
    olga = visit(width=390)
    olga.goes("/accounts/login/")
    olga.context.add_cookies([{"name": "django_language", "value": language, "url": olga.base}])
    olga.logs_in("olga")
    store = programs.store(program_id=house.program_id, key="bund")
    for path in (
        f"/console/programs/storerow/{store.id}/change/", "/console/programs/storerow/add/",
        "/console/programs/brandrow/add/", "/console/programs/channelrow/add/", "/console/staff/grantrow/add/",
    ):  # fmt: skip
        olga.goes(path)
        assert olga.page.locator("form input").count() > 2
        widest = olga.page.evaluate(
            "Math.max(...[...document.querySelectorAll('main *')].map(e => e.getBoundingClientRect().right))"
        )
        assert widest <= 390, path

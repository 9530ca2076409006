"""Promotions in the console: a draft is written, tested, approved by another person and published."""

from __future__ import annotations

import pytest

from regulars.interfaces.console.tests.conftest import Desk

BODY = '{"key": "ten", "name": {"en": "Ten off"}, "effects": [{"kind": "order_percent", "percent": "10"}]}'


@pytest.mark.parametrize("path", ["/console/promotions/", "/console/drafts/", "/console/drafts/new/"])
def test_an_empty_program_shows_its_pages_of_promotions(desk: Desk, path: str) -> None:
    assert desk.sits("owner").get(path).status_code == 200

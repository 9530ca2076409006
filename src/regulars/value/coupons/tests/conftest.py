"""Every test of coupons runs twice: with batches stored as rows, and with batches that lie on sheets."""

from __future__ import annotations

import pytest

from regulars.value.coupons.services import sheets


@pytest.fixture(params=["rows", "sheets"], autouse=True)
def stored(request, monkeypatch):
    """How the batches of this test are stored; sheets hold few codes, so that a batch has several."""
    if request.param == "sheets":
        monkeypatch.setattr(sheets, "LEAST", 1)
        monkeypatch.setattr(sheets, "SHEET", 50)
    return request.param

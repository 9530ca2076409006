"""A house per story: `opens("stars")` runs that blueprint, and its clock stops with the story."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from regulars.value.benefits.services.document import forget_versions as forget_benefits
from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.services import providers
from regulars.value.subscriptions.tests.house import bank as a_bank
from tests.stories.blueprints.cast import House, a_house


@pytest.fixture
def opens(db: None) -> Iterator[Callable[..., House]]:
    """A blueprint becomes a running program; every promise must hold when the story ends."""
    kept = dict(providers._known)
    provider = a_bank()
    subscriptions.forget_versions()
    forget_benefits()
    opened: list[House] = []

    def open_(key: str, began: str = "2026-01-05T10:00") -> House:
        opened.append(a_house(key, provider, began))
        return opened[-1]

    yield open_
    providers._known.clear()
    providers._known.update(kept)
    for house in opened:
        try:
            assert house.every_promise_holds()
        finally:
            house.closes()

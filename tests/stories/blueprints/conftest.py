"""A house per story: `opens("stars")` runs that blueprint, and its clock stops with the story."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.stories.blueprints.cast import House, a_house


@pytest.fixture
def opens(db: None) -> Iterator[Callable[..., House]]:
    """A blueprint becomes a running program; every promise must hold when the story ends."""
    opened: list[House] = []

    def open_(key: str, began: str = "2026-01-05T10:00") -> House:
        opened.append(a_house(key, began))
        return opened[-1]

    yield open_
    for house in opened:
        try:
            assert house.every_promise_holds()
        finally:
            house.closes()

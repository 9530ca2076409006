"""The port to who moves money: what is asked of a provider and what it may answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What a provider says of a charge or refund."""

    DONE = "done"
    DECLINED = "declined"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A provider's answer. `ref`: its own name of the movement; `reason`: its word for why not."""

    outcome: Outcome
    ref: str = ""
    reason: str = ""


class Unreachable(Exception):
    """The provider gave no answer: whether money moved is unknown until it is asked by the key."""


class DuplicateKey(Exception):
    """The provider has seen this key and does not repeat its answer: it must be asked what became of it."""


class Provider(Protocol):
    """Who moves money. Every call carries a key: the same key moves money once, however often it is sent."""

    def charge(self, *, key: str, amount_minor: int, currency: str, method: str, about: str) -> Answer:
        """Take money by a method (a token of the provider's own). Raises: Unreachable; DuplicateKey."""

    def refund(self, *, key: str, ref: str, amount_minor: int, currency: str) -> Answer:
        """Give back a part of the charge `ref`. Raises: Unreachable; DuplicateKey."""

    def find(self, *, key: str) -> Answer | None:
        """What became of a key; None: it never arrived. Raises: Unreachable."""

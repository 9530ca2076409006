"""The conditions a rule may state: which facts CEL sees, and how they are read from basket, member and moment."""

from __future__ import annotations

from typing import Any

from regulars.kernel.errors import Invalid
from regulars.value.promotions.terms import Basket, Line, MemberFacts


class Facts:
    """What conditions see of one basket; read when the first condition asks."""

    __slots__ = ("_basket", "_member")

    def __init__(self, basket: Basket, member: MemberFacts) -> None:
        self._basket, self._member = basket, member

    def why_not(self, condition: Any) -> str:
        """Why a condition over the basket does not hold; empty when it does."""
        return ""

    def holds(self, condition: Any, line: Line) -> bool:
        """Whether a condition over a line holds."""
        return True


def of_basket(text: str) -> Any:
    """Compile a condition over the whole basket."""
    raise Invalid(errors=[("when", "conditions are not ready")])


def of_line(text: str) -> Any:
    """Compile a condition over one line."""
    raise Invalid(errors=[("lines", "conditions are not ready")])

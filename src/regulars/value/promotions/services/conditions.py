"""Conditions as editors need them: the facts that may be named with their types, and what is wrong with a text."""

from __future__ import annotations

from regulars.kernel.errors import Invalid
from regulars.value.promotions.rules import conditions


def facts() -> dict[str, dict[str, str]]:
    """Every fact with its CEL type, by kind of condition: `when` sees the basket, `lines` one line too."""
    return {
        "when": {name: kind.name for name, kind in conditions.OF_BASKET.types.items()},
        "lines": {name: kind.name for name, kind in conditions.OF_LINE.types.items()},
    }


def faults(*, text: str, of: str) -> list[tuple[str, str]]:
    """What is wrong with a condition, as (where in the text, message); nothing when it can be understood.

    Args: of: `when` for a condition of the basket, `lines` for one of each line.
    """
    try:
        (conditions.of_line if of == "lines" else conditions.of_basket)(text)
    except Invalid as no:
        return no.errors or [("", no.detail)]
    return []

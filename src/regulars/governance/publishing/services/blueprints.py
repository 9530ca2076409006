"""The programs that come with the house, one YAML file each."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from regulars.governance.publishing import rules
from regulars.governance.publishing.terms import Blueprint, UnknownBlueprint


@cache
def blueprints() -> tuple[Blueprint, ...]:
    """Every blueprint, by key."""
    found = [f for f in files("regulars.blueprints").iterdir() if f.name.endswith(".yaml")]
    return tuple([_read(f.name.removesuffix(".yaml"), f.read_text("utf-8")) for f in sorted(found, key=str)])


def _read(key: str, text: str) -> Blueprint:
    about = text.splitlines()[0].lstrip("# ").rstrip() if text.startswith("#") else ""
    return Blueprint(key=key, name=rules.read_text(text)["program"]["name"], about=about, text=text)


def blueprint(*, key: str) -> Blueprint:
    """One blueprint.

    Raises: UnknownBlueprint.
    """
    for found in blueprints():
        if found.key == key:
            return found
    raise UnknownBlueprint(f"There is no blueprint {key!r}; there are {', '.join(b.key for b in blueprints())}.")

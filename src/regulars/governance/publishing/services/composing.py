"""The JSON Schema of a program document, for editors: publishing's own part and what each context hands over.

A context hands its part over as `document.schema.json` in its folder: `properties` by section and `$defs` of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from regulars.governance.publishing.rules import noting
from regulars.governance.publishing.services.hooks import HOOKS
from regulars.governance.publishing.terms import SECTIONS
from regulars.kernel.errors import Broken

OWN, PART = "program.schema.json", "document.schema.json"
_NOTE = {"type": "string", "maxLength": noting.LONGEST, "description": "For colleagues; changes nothing."}


@cache
def schema() -> dict[str, Any]:
    """The whole schema (draft 2020-12), sections in the order they are written. The same object to every caller.

    Raises: Broken when two contexts mean different things by one name.
    """
    whole: dict[str, Any] = json.loads(files("regulars.governance.publishing").joinpath(OWN).read_text("utf-8"))
    for context, part in _parts():
        for name, meaning in part.get("$defs", {}).items():
            if whole["$defs"].setdefault(name, meaning) != meaning:
                raise Broken(f"{context} means something else by $defs.{name} than an earlier schema")
        whole["properties"].update(part.get("properties", {}))
    found = whole["properties"]
    whole["properties"] = {s: _noted(s, found.get(s, {})) for s in SECTIONS}  # one without a part may say anything
    return whole


def _parts() -> Iterator[tuple[str, dict[str, Any]]]:
    for context in dict.fromkeys(".".join(h.describe.__module__.split(".")[:3]) for h in HOOKS):
        part = files(context).joinpath(PART)
        if part.is_file():
            yield context, json.loads(part.read_text("utf-8"))


def _noted(section: str, meaning: dict[str, Any]) -> dict[str, Any]:
    if section in noting.SINGLE and meaning:
        return {**meaning, "properties": {**meaning["properties"], "note": _NOTE}}
    if section in noting.LISTS and meaning:
        items = meaning["items"]
        return {**meaning, "items": {**items, "properties": {**items["properties"], "note": _NOTE}}}
    return meaning

"""A document written as YAML that reads back as the same document, and its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
import yaml

from regulars.governance.publishing.rules.reading import plain

_QUOTED = "\r\x85\u2028\u2029\ufeff"


class _Dumper(yaml.SafeDumper):
    """Writes lists under their names indented, never uses aliases, and keeps decimals exact."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _decimal(dumper: _Dumper, value: Decimal) -> yaml.ScalarNode:
    text = format(value, "f")
    return dumper.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    # signs that some readers take for the end of a line stand escaped between quotes
    style = '"' if any(c in value for c in _QUOTED) else "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(Decimal, _decimal)
_Dumper.add_representer(str, _text)


def write_text(document: Mapping[str, Any]) -> str:
    """The document as YAML, sections and fields in the order they come."""
    text: str = yaml.dump(
        dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False
    )
    return text


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 in hex of a document in its canonical form; equal documents have equal digests."""
    return hashlib.sha256(orjson.dumps(plain(document), option=orjson.OPT_SORT_KEYS)).hexdigest()

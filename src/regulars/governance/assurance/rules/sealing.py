"""The bytes of a statement: one canonical form, a digest of each part, and what the signature is over. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from typing import Any

DOMAIN = b"regulars statement 1\n"  # so that the signature means nothing elsewhere
LISTS = {"units": "unit", "entries": "seq", "levels": "n"}  # digested one by one, by what names each


class NotAStatement(ValueError):
    """The bytes are no JSON object, say a name twice, or hold a number that is not whole."""


def canonical(value: Any) -> bytes:
    """JSON with names in order and no space between: RFC 8785 for texts, whole numbers, true, false and null."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


def read(data: bytes) -> dict[str, Any]:
    """A statement as it was written, strictly: no name twice, no number with a fraction.

    Raises: NotAStatement.
    """
    try:
        found = json.loads(
            data.decode("utf-8"), object_pairs_hook=_once, parse_float=_no_fraction, parse_constant=_no_fraction
        )
    except (ValueError, RecursionError) as no:
        raise NotAStatement(str(no)) from no
    if not isinstance(found, dict):
        raise NotAStatement("it is no JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(name for n, (name, _) in enumerate(pairs) if name in dict(pairs[:n]))
        raise NotAStatement(f"the name {twice!r} stands twice in one object")
    return found


def _no_fraction(text: str) -> Any:
    raise NotAStatement(f"{text} is no whole number")


def digests(document: Mapping[str, Any]) -> dict[str, str]:
    """A SHA-256 of each part, by its name: `member`, `units/points`, `entries/17`. All but the seal itself."""
    found = {}
    for name, value in document.items():
        if name == "seal":
            continue
        if name in LISTS and isinstance(value, list):
            own = [part.get(LISTS[name]) if isinstance(part, dict) else None for part in value]
            found[name] = _digest(own)  # so that none is left out, told twice or put elsewhere
            found |= {f"{name}/{key}": _digest(part) for key, part in zip(own, value, strict=True)}
        else:
            found[name] = _digest(value)
    return found


def _digest(value: Any) -> str:
    return text_of_bytes(hashlib.sha256(canonical(value)).digest())


def message(digests: Mapping[str, Any]) -> bytes:
    """What the signature is over."""
    return DOMAIN + canonical(dict(digests))


def text_of_bytes(value: bytes) -> str:
    """Bytes as base64url text without padding."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def bytes_of_text(text: Any) -> bytes:
    """The way back; no bytes at all for what is none, nor for some that are written in another way (spare bits)."""
    if not isinstance(text, str):
        return b""
    try:
        found = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
    return found if text_of_bytes(found) == text.rstrip("=") else b""


def key_text(text: str) -> str:
    """A public key that somebody typed, as base64url text: hex, base64 or base64url of 32 bytes.

    Raises: ValueError.
    """
    told = text.strip()
    if len(told) == 64:
        return text_of_bytes(bytes.fromhex(told))
    raw = bytes_of_text(told.replace("+", "-").replace("/", "_").rstrip("="))
    if len(raw) != 32:
        raise ValueError("a key is 32 bytes, as base64 or hex")
    return text_of_bytes(raw)
